package domain_test

import (
	"encoding/json"
	"strings"

	"orderledger/domain"
)

// moneyBooks adds up the postings of all events by itself, from their JSON alone, and holds the accounts against it.
type moneyBooks struct {
	w *world
	// sums are in minor units, by organisation, currency and place.
	sums map[[3]string]int64
	// arrears are the orders that were placed as arrears, by organisation, oldest first.
	arrears map[string][]string
}

func newMoneyBooks(w *world) moneyBooks {
	return moneyBooks{w, map[[3]string]int64{}, map[string][]string{}}
}

// moneyEvent is what events that move money have in common.
type moneyEvent struct {
	OrgID    string            `json:"org_id"`
	OrderID  string            `json:"order_id"`
	Refund   string            `json:"refund_order_id"`
	Currency string            `json:"currency"`
	Arrears  bool              `json:"arrears"`
	Postings []posting         `json:"postings"`
	Balance  map[string]string `json:"balance"`
	Funds    map[string]string `json:"funds"`
	Paid     map[string]string `json:"paid"`
	Returned map[string]string `json:"returned"`
}

type posting struct{ Place, Amount, Currency string }

func (b moneyBooks) follow(events []stored) {
	for i, e := range events {
		var p moneyEvent
		if e.stream.Kind == domain.KindResource || e.stream.Kind == domain.KindOrg {
			continue // these never move money
		}
		if err := json.Unmarshal(e.payload, &p); err != nil {
			b.w.t.Fatal(err)
		}
		b.post(e, p)
		switch {
		case e.name == domain.TypeOrderPlaced && p.Arrears:
			b.arrears[p.OrgID] = append(b.arrears[p.OrgID], p.OrderID)
		case e.name == domain.TypeOrderPaid:
			b.wantPair(e, p, events[i+1:])
		case e.name == domain.TypeAccountCharged || e.name == domain.TypeAccountRefunded:
			b.wantPair(e, p, events[:i])
		}
	}
}

func (b moneyBooks) post(e stored, p moneyEvent) {
	zero, before := map[string]int64{}, b.sums[[3]string{p.OrgID, p.Balance["currency"], "fund:cash"}]
	for _, x := range p.Postings {
		zero[x.Currency] += units(x.Amount)
		b.sums[[3]string{p.OrgID, x.Currency, x.Place}] += units(x.Amount)
	}
	for c, sum := range zero {
		if sum != 0 {
			b.w.t.Fatalf("postings: those of %s sum to %d %s: %s", e.name, sum, c, e.payload)
		}
	}
	if p.Balance == nil {
		return
	}
	currency := p.Balance["currency"]
	for _, fund := range []string{"cash", "gift", "voucher", "frozen"} {
		sum := b.sums[[3]string{p.OrgID, currency, "fund:" + fund}]
		if units(p.Balance[fund]) != sum {
			b.w.t.Fatalf("balance: %s is %s, the postings sum to %d: %s %s", fund, p.Balance[fund], sum, e.name, e.payload)
		}
		if sum < 0 && fund != "cash" {
			b.w.t.Fatalf("balance: %s is %d: %s %s", fund, sum, e.name, e.payload)
		}
		if fund == "cash" && sum < before && sum < -b.credit(p.OrgID, currency) {
			b.w.t.Fatalf("balance: cash falls to %d, the credit limit is %d: %s %s", sum, b.credit(p.OrgID, currency), e.name, e.payload)
		}
	}
}

func (b moneyBooks) credit(orgID, currency string) int64 {
	if o := b.w.Org(orgID); o != nil {
		limit := o.CreditLimit[domain.Currency(currency)]
		return limit.Units()
	}
	return 0
}

// wantPair wants the account's side of a payment, or the order's side of what the account bore, among the others: the
// same order and funds, with the other sign where money came back. A payment of nothing has no other side.
func (b moneyBooks) wantPair(e stored, p moneyEvent, others []stored) {
	funds := p.Funds
	if e.name == domain.TypeOrderPaid {
		funds = p.Paid
	}
	if units(funds["cash"]) == 0 && units(funds["gift"]) == 0 && units(funds["voucher"]) == 0 {
		return
	}
	for _, other := range others {
		var q moneyEvent
		if other.stream.Kind == domain.KindOrder || other.stream.Kind == domain.KindAccount {
			_ = json.Unmarshal(other.payload, &q)
		}
		switch other.name {
		case domain.TypeOrderPaid:
			if e.name == domain.TypeAccountCharged && q.OrderID == p.OrderID && sameFunds(p.Funds, q.Paid, 1) ||
				e.name == domain.TypeAccountRefunded && q.OrderID == p.Refund && sameFunds(p.Funds, q.Paid, -1) {
				return
			}
		case domain.TypeAccountCharged:
			if q.OrderID == p.OrderID && sameFunds(q.Funds, funds, 1) {
				return
			}
		case domain.TypeAccountRefunded:
			if q.Refund == p.OrderID && sameFunds(q.Funds, funds, -1) {
				return
			}
		}
	}
	b.w.t.Fatalf("pairing: %s has no counterpart: %s", e.name, e.payload)
}

func sameFunds(a, b map[string]string, sign int64) bool {
	for _, fund := range []string{"cash", "gift", "voucher"} {
		if units(a[fund]) != sign*units(b[fund]) {
			return false
		}
	}
	return true
}

// checkAccount holds the lots against the balances.
func (b moneyBooks) checkAccount(a *domain.Account) {
	lots := map[domain.Currency][2]int64{}
	for _, g := range a.Gifts {
		if g.Left.Sign() <= 0 {
			b.w.t.Fatalf("lots: grant %s has %s left", g.GrantID, g.Left)
		}
		sums := lots[g.Currency]
		sums[0] += g.Left.Units()
		lots[g.Currency] = sums
	}
	for _, v := range a.Vouchers {
		if v.Left.Sign() <= 0 || v.Amount.Less(v.Left) {
			b.w.t.Fatalf("lots: voucher %s has %s of %s left", v.VoucherID, v.Left, v.Amount)
		}
		sums := lots[v.Currency]
		sums[1] += v.Left.Units()
		lots[v.Currency] = sums
	}
	if len(a.Gifts) > 200 || len(a.Vouchers) > 500 {
		b.w.t.Fatalf("lots: %d grants and %d vouchers", len(a.Gifts), len(a.Vouchers))
	}
	for _, balance := range a.Balances {
		sums := lots[balance.Currency]
		if sums[0] != balance.Gift.Units() || sums[1] != balance.Voucher.Units() {
			b.w.t.Fatalf("lots: they sum to %d and %d, the balance is %+v", sums[0], sums[1], balance)
		}
		delete(lots, balance.Currency)
	}
	if len(lots) > 0 {
		b.w.t.Fatalf("lots: no balance has the currencies of %v", lots)
	}
}

// checkArrears holds the account's queue against the orders that wait.
func (b moneyBooks) checkArrears(orgID string) {
	var waiting []string
	for _, id := range b.arrears[orgID] {
		if o := b.w.Order(id); o.Status == domain.Unpaid && o.Arrears {
			waiting = append(waiting, id)
		}
	}
	b.arrears[orgID] = waiting
	a := b.w.Account(orgID)
	var queue []domain.Arrear
	if a != nil {
		queue = a.Arrears.First(a.Arrears.Len())
	}
	if len(queue) != len(waiting) {
		b.w.t.Fatalf("arrears: %d orders wait, the queue is %v", len(waiting), queue)
	}
	for i, q := range queue {
		if o := b.w.Order(waiting[i]); q.OrderID != o.OrderID || q.Amount != o.PayableAmount || q.Currency != o.Currency {
			b.w.t.Fatalf("arrears: order %s waits with %s, the queue has %v there", o.OrderID, o.PayableAmount, q)
		}
	}
}

// units are the minor units of an amount as JSON has it, which has all its digits.
func units(amount string) int64 {
	var n int64
	for _, c := range strings.TrimPrefix(amount, "-") {
		if c != '.' {
			n = n*10 + int64(c-'0')
		}
	}
	if strings.HasPrefix(amount, "-") {
		return -n
	}
	return n
}
