package console

import (
	"encoding/json"
	"errors"
	"fmt"

	"orderledger/domain"
	"orderledger/internal/auth"
	"orderledger/projections"
)

var accountPages = join([]page{
	{"GET /account", auth.Read, (*view).accountPage},
	{"GET /account/entries", auth.Read, ofOneOrg((*view).entriesPage)},
	{"GET /account/vouchers", auth.Read, ofOneOrg((*view).vouchersPage)},
	{"GET /account/gifts", auth.Read, ofOneOrg((*view).giftsPage)},
	{"GET /account/arrears", auth.Read, ofOneOrg((*view).arrearsPage)},
	{"GET /account/settings", auth.Read, ofOneOrg((*view).settingsPage)},
	{"POST /account/settings", auth.ChangeSettings, ofOneOrg((*view).settingsPage)},
}, movePages())

// ofOneOrg is a page about one organisation: who has not chosen one is asked to.
func ofOneOrg(handle func(*view) error) func(*view) error {
	return func(v *view) error {
		if v.AllOrgs() {
			return v.accountsPage()
		}
		return handle(v)
	}
}

// tab is one of an account's pages.
type tab struct {
	Name, Href string
	Here       bool
}

// AccountTabs lists an account's pages.
func (v *view) AccountTabs() []tab {
	var tabs []tab
	for _, t := range []tab{
		{Name: "balances", Href: "/account"},
		{Name: "entries", Href: "/account/entries"},
		{Name: "vouchers", Href: "/account/vouchers"},
		{Name: "gifts", Href: "/account/gifts"},
		{Name: "arrears", Href: "/account/arrears"},
		{Name: "settings", Href: "/account/settings"},
	} {
		tabs = append(tabs, tab{t.Name, v.To(t.Href), v.Path() == t.Href})
	}
	return tabs
}

// Moves lists what the person may do with the account's money.
func (v *view) Moves() []tab {
	var all []tab
	for i := range moves {
		if m := &moves[i]; v.May(m.needs) {
			all = append(all, tab{Name: m.name, Href: v.To("/account/" + m.name)})
		}
	}
	return all
}

// lastEntries is how many movements the page of balances shows.
const lastEntries = 10

type accountView struct {
	*view
	Account projections.Account
	Owed    []projections.ArrearsSum
	Entries []projections.Entry
}

// accountPage shows an organisation's balances, what it owes, and what moved last.
func (v *view) accountPage() error {
	if v.AllOrgs() {
		return v.accountsPage()
	}
	if err := v.reach(projections.Accounts, projections.Orgs, projections.Orders); err != nil {
		return err
	}
	page := accountView{view: v}
	var err error
	if page.Account, err = v.account(); err != nil {
		return err
	}
	arrears, err := v.c.Server.Reader.Arrears(v.r.Context(), v.org, 1, "")
	if err != nil {
		return err
	}
	page.Owed = arrears.Totals
	entries, err := v.c.Server.Reader.Entries(v.r.Context(), v.org, projections.EntryQuery{Limit: lastEntries})
	if err != nil {
		return err
	}
	page.Entries = entries.Items
	return v.show("account", page)
}

// account is the organisation's; one that has not done anything yet has none of any currency.
func (v *view) account() (projections.Account, error) {
	a, err := v.c.Server.Reader.Account(v.r.Context(), v.org)
	if errors.Is(err, projections.ErrNotFound) {
		a, err = projections.Account{OrgID: v.org}, nil
	}
	v.asOf = a.AsOf
	return a, err
}

// Debt says whether a balance's cash is below 0.
func (v *view) Debt(cash string) bool { return len(cash) > 0 && cash[0] == '-' }

type accountsView struct {
	*view
	Prefix string
	List   projections.List[projections.Account]
}

// accountsPage lists organisations with their balances, for a platform key to choose one.
func (v *view) accountsPage() error {
	if err := v.reach(projections.Accounts, projections.Orgs); err != nil {
		return err
	}
	page := accountsView{view: v, Prefix: v.Query("begins")}
	var err error
	if page.List, err = v.c.Server.Reader.Accounts(v.r.Context(), page.Prefix, 0, v.Query("cursor")); err != nil {
		return err
	}
	v.asOf = page.List.AsOf
	return v.show("account_all", page)
}

// Link is the address of this page, about one organisation.
func (p accountsView) Link(org string) string { return p.To(p.Path(), "org_id", org) }

type arrearsView struct {
	*view
	Orders []*domain.Order
	Owed   []projections.ArrearsSum
	Next   *string
}

// arrearsPage lists the settlements that wait for money.
func (v *view) arrearsPage() error {
	if err := v.reach(projections.Orders); err != nil {
		return err
	}
	list, err := v.c.Server.Reader.Arrears(v.r.Context(), v.org, 0, v.Query("cursor"))
	if err != nil {
		return err
	}
	v.asOf = list.AsOf
	page := arrearsView{view: v, Owed: list.Totals, Next: list.NextCursor}
	if page.Orders, err = storedOrders(list.Items); err != nil {
		return err
	}
	return v.show("account_arrears", page)
}

// storedOrders reads orders as read models hold them.
func storedOrders(docs []json.RawMessage) ([]*domain.Order, error) {
	all := make([]*domain.Order, len(docs))
	for i, doc := range docs {
		if err := json.Unmarshal(doc, &all[i]); err != nil {
			return nil, fmt.Errorf("read a stored order: %w", err)
		}
	}
	return all, nil
}

// Signed is a movement's amount: one that came in has a plus.
func (v *view) Signed(amount string, currency domain.Currency) string {
	text := v.Money(amount, currency)
	if v.Debt(amount) {
		return text
	}
	return "+" + text
}
