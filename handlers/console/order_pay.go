package console

import (
	"errors"
	"strings"
	"time"

	"orderledger/domain"
	"orderledger/handlers"
	"orderledger/projections"
)

// vouchersOffered bounds the vouchers that can be chosen from.
const vouchersOffered = 100

// payPage shows what a payment would take, and pays.
type payPage struct {
	form
	Order handlers.OrderAnswer
	// Balance is what the account holds of the order's currency.
	Balance projections.Credit
	// Plan is the order as the payment would leave it; nil if it would be refused. After is the account's balance then.
	Plan  *domain.Order
	Used  []fundUsed
	After domain.Balance
	// Vouchers are those that may pay for the order; Unfit counts the others.
	Vouchers []payVoucher
	Unfit    int
	// Named: the person chooses the funds. Cash and Gift are what is typed, or what the plan takes.
	Named      bool
	Cash, Gift string
}

// payVoucher is a voucher that may pay for the order, and how much of it is to.
type payVoucher struct {
	projections.Voucher
	Amount string
}

// Open says whether the order can still be paid, if only there is money.
func (p *payPage) Open() bool {
	return p.Plan != nil || p.Problem != nil && (p.Named || p.Problem.Code == string(domain.InsufficientFunds) || p.Problem.Status >= 500)
}

// Lacks says whether money is what is missing.
func (p *payPage) Lacks() bool {
	return p.Problem != nil && p.Problem.Code == string(domain.InsufficientFunds)
}

// Credit says whether cash may fall below 0.
func (p *payPage) Credit() bool { return strings.Trim(p.Balance.CreditLimit, "0.") != "" }

// TopUpOrg is the organisation whose account lacks money, for who looks at several.
func (p *payPage) TopUpOrg() string {
	if p.who.OrgID != "" {
		return ""
	}
	return p.Order.OrgID
}

// UnfitCount is Unfit as a count of words.
func (p *payPage) UnfitCount() int64 { return int64(p.Unfit) }

// payPage shows what the default, or the funds in the address, would take.
func (v *view) payPage() error {
	p, err := v.newPayPage(v.Query)
	if err != nil {
		return err
	}
	if err := p.plan(); err != nil {
		p.Problem = handlers.ProblemOf(err)
	}
	p.fill(v.Query)
	return v.dialog("order_pay", p)
}

// pay pays, from the default or from the funds that were named.
func (v *view) pay() error {
	p, err := v.newPayPage(v.r.PostFormValue)
	if err != nil {
		return err
	}
	result, err := p.send("pay_order", p.body(v.r.PostFormValue))
	if err == nil {
		return v.did(result, v.To("/orders/"+p.Order.OrderID, "done", "order_pay"))
	}
	if err := p.plan(); err != nil {
		p.Plan = nil // the refusal that counts is the payment's
	}
	p.refused(err)
	p.fill(v.r.PostFormValue)
	return v.show("order_pay", p)
}

func (v *view) newPayPage(typed func(string) string) (*payPage, error) {
	p := &payPage{form: v.form(), Named: typed("funds") == "named"}
	var err error
	if p.Order, err = v.readOrder(projections.Accounts, projections.Orgs, projections.Vouchers); err != nil {
		return p, err
	}
	ctx, o := v.r.Context(), p.Order.Order
	none := o.Currency.Zero().String()
	p.Balance = projections.Credit{Balance: projections.Balance{Currency: o.Currency, Cash: none, Gift: none, Voucher: none, Frozen: none}, CreditLimit: none, Available: none}
	account, err := v.c.Server.Reader.Account(ctx, o.OrgID)
	if err != nil && !errors.Is(err, projections.ErrNotFound) {
		return p, err
	}
	for _, b := range account.Balances {
		if b.Currency == o.Currency {
			p.Balance = b
		}
	}
	list, err := v.c.Server.Reader.Vouchers(ctx, o.OrgID,
		projections.LotQuery{States: []string{"active"}, Currencies: []string{string(o.Currency)}, At: v.now, Limit: vouchersOffered})
	for _, voucher := range list.Items {
		if voucher.MayPay(o, v.now) {
			p.Vouchers = append(p.Vouchers, payVoucher{Voucher: voucher})
		} else {
			p.Unfit++
		}
	}
	return p, err
}

// body is the command for what was typed.
func (p *payPage) body(typed func(string) string) fields {
	body := bodyAbout(p.Order.Order)
	if !p.Named {
		return body
	}
	funds, vouchers := fields{}, []fields{}
	for _, fund := range []string{"cash", "gift"} {
		funds.text(fund, amountTyped(typed(fund)))
	}
	for i := range p.Vouchers {
		id := p.Vouchers[i].VoucherID
		if amount := amountTyped(typed("voucher." + id)); strings.Trim(amount, "0.") != "" {
			vouchers = append(vouchers, fields{"voucher_id": id, "amount": amount})
		}
	}
	if len(vouchers) > 0 {
		funds["vouchers"] = vouchers
	}
	body["funds"] = funds
	return body
}

// plan works out what the payment would take.
func (p *payPage) plan() error {
	typed := p.Query
	if p.sent() {
		typed = p.r.PostFormValue
	}
	outcome, err := p.try("pay_order", p.body(typed))
	if err != nil {
		return err
	}
	p.Plan, _ = outcome.After[domain.OrderRef(p.Order.OrderID)].(*domain.Order)
	if a, ok := outcome.After[domain.AccountRef(p.Order.OrgID)].(*domain.Account); ok {
		p.After = a.Balance(p.Order.Currency)
	}
	if p.Plan != nil {
		p.Used = fundsUsed(p.Plan)
	}
	return nil
}

// fill puts what was typed into the fields, or else what the plan takes.
func (p *payPage) fill(typed func(string) string) {
	if p.Named {
		p.Cash, p.Gift = typed("cash"), typed("gift")
		for i := range p.Vouchers {
			p.Vouchers[i].Amount = typed("voucher." + p.Vouchers[i].VoucherID)
		}
		return
	}
	if p.Plan == nil {
		return
	}
	p.Cash, p.Gift = p.Plan.Paid.Cash.String(), p.Plan.Paid.Gift.String()
	for i := range p.Vouchers {
		for _, used := range p.Used {
			if used.Fund == "voucher" && used.ID == p.Vouchers[i].VoucherID {
				p.Vouchers[i].Amount = used.Amount.String()
			}
		}
	}
}

// Until is when a voucher ends; nil is never.
func (v payVoucher) Until() *time.Time { return v.ValidTo }
