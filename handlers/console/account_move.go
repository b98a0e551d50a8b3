package console

import (
	"net/http"
	"strings"
	"time"

	"orderledger/domain"
	"orderledger/internal/auth"
	"orderledger/projections"
)

// move is something that people do with an account's money: a page with a form, and the command that it sends.
type move struct {
	// name is in the address, command the command's.
	name, command string
	needs         auth.Operation
	// fields are those beside amount and currency.
	fields []string
	// next is the page that shows what it did.
	next string
}

var moves = []move{
	{"top-up", "top_up", auth.TopUp, []string{"reference"}, "/account"},
	{"withdraw", "withdraw", auth.Withdraw, []string{"reference"}, "/account"},
	{"gift", "grant_gift", auth.GrantFunds, []string{"expires_at", "reason"}, "/account/gifts"},
	{
		"voucher", "issue_voucher", auth.GrantFunds,
		[]string{"voucher_id", "valid_from", "valid_to", "min_spend", "products", "charge_modes", "order_types"},
		"/account/vouchers",
	},
	{"freeze", "freeze_funds", auth.FreezeFunds, []string{"reason"}, "/account"},
	{"release", "release_funds", auth.FreezeFunds, []string{"reason"}, "/account"},
}

func movePages() []page {
	var all []page
	for _, m := range moves {
		handle := ofOneOrg(func(v *view) error { return v.movePage(m) })
		all = append(all, page{"GET /account/" + m.name, m.needs, handle}, page{"POST /account/" + m.name, m.needs, handle})
	}
	return all
}

type moveView struct {
	form
	Account projections.Account
	// Name is the move's, Command its command's.
	Name, Command string
	// Fields are those beside amount and currency.
	Fields map[string]bool
	// Owed is what a top-up pays first.
	Owed []projections.ArrearsSum
}

// movePage shows the form of a move, or carries it out.
func (v *view) movePage(m move) error {
	if err := v.reach(projections.Accounts, projections.Orgs, projections.Orders); err != nil {
		return err
	}
	page := moveView{form: v.form(), Name: m.name, Command: m.command, Fields: map[string]bool{}}
	for _, f := range m.fields {
		page.Fields[f] = true
	}
	if v.r.Method == http.MethodPost {
		result, err := page.send(m.command, page.body(m))
		if err == nil {
			done := m.command
			if result.Last > result.First { // beyond the money itself, a top-up has nothing but arrears to pay
				done = "top_up_arrears"
			}
			return v.did(result, v.To(m.next, "done", done))
		}
		page.refused(err)
	}
	var err error
	if page.Account, err = v.account(); err != nil {
		return err
	}
	if m.command == "top_up" {
		arrears, err := v.c.Server.Reader.Arrears(v.r.Context(), v.org, 1, "")
		if err != nil {
			return err
		}
		page.Owed = arrears.Totals
	}
	return v.show("account_move", page)
}

// body is the command as it was typed. What is wrong with it, the command says.
func (p moveView) body(m move) fields {
	b := fields{"org_id": p.org}
	b.text("amount", amountTyped(p.Typed("amount", "")))
	b.text("currency", strings.ToUpper(strings.TrimSpace(p.Typed("currency", ""))))
	for _, name := range m.fields {
		typed := strings.TrimSpace(p.Typed(name, ""))
		switch name {
		case "expires_at", "valid_from", "valid_to":
			b.text(name, p.timeTyped(typed))
		case "min_spend":
			b.text(name, amountTyped(typed))
		case "products":
			if all := strings.FieldsFunc(typed, func(r rune) bool { return strings.ContainsRune(", \n\r\t，、", r) }); len(all) > 0 {
				b[name] = all
			}
		case "charge_modes", "order_types":
			if all := p.r.PostForm[name]; len(all) > 0 {
				b[name] = all
			}
		default:
			b.text(name, typed)
		}
	}
	return b
}

// timeTyped is the time that a field for one has, in the zone that the page shows times in; another text stays.
func (v *view) timeTyped(text string) string {
	for _, layout := range []string{"2006-01-02T15:04", "2006-01-02T15:04:05", "2006-01-02"} {
		if t, err := time.ParseInLocation(layout, text, v.zone); err == nil {
			return t.Format(time.RFC3339)
		}
	}
	return text
}

// Currency is the one that the form begins with.
func (p moveView) Currency() domain.Currency {
	if len(p.Account.Balances) > 0 {
		return p.Account.Balances[0].Currency
	}
	return "CNY"
}
