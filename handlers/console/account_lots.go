package console

import (
	"strings"

	"orderledger/domain"
	"orderledger/projections"
)

// lotsView is a page of vouchers or gifts in one state.
type lotsView struct {
	*view
	// State is what the page lists; Tabs the states.
	State    string
	Tabs     []tab
	Vouchers []projections.Voucher
	Gifts    []projections.Grant
	Next     *string
}

func (v *view) lots() (lotsView, projections.LotQuery) {
	page := lotsView{view: v, State: projections.LotStates[0]}
	for _, state := range projections.LotStates {
		if v.Query("state") == state {
			page.State = state
		}
	}
	for _, state := range projections.LotStates {
		page.Tabs = append(page.Tabs, tab{state, v.Here("state", state), state == page.State})
	}
	return page, projections.LotQuery{States: []string{page.State}, At: v.now, Cursor: v.Query("cursor")}
}

// vouchersPage lists vouchers, and what each may pay for.
func (v *view) vouchersPage() error {
	if err := v.reach(projections.Vouchers); err != nil {
		return err
	}
	page, ask := v.lots()
	list, err := v.c.Server.Reader.Vouchers(v.r.Context(), v.org, ask)
	if err != nil {
		return err
	}
	v.asOf, page.Vouchers, page.Next = list.AsOf, list.Items, list.NextCursor
	return v.show("account_vouchers", page)
}

// giftsPage lists gift money by grant.
func (v *view) giftsPage() error {
	if err := v.reach(projections.Vouchers); err != nil {
		return err
	}
	page, ask := v.lots()
	list, err := v.c.Server.Reader.Grants(v.r.Context(), v.org, ask)
	if err != nil {
		return err
	}
	v.asOf, page.Gifts, page.Next = list.AsOf, list.Items, list.NextCursor
	return v.show("account_gifts", page)
}

// PaysFor says in words what a voucher may pay for, a condition each; none is everything.
func (v *view) PaysFor(x domain.Voucher) []string {
	var all []string
	if x.MinSpend != nil && x.MinSpend.Sign() > 0 {
		all = append(all, v.T("account.pays.min_spend", v.Money(*x.MinSpend, x.Currency)))
	}
	if len(x.Products) > 0 {
		all = append(all, v.T("account.pays.products", v.and(x.Products)))
	}
	if len(x.ChargeModes) > 0 {
		all = append(all, v.T("account.pays.charge_modes", v.and(labels(v, "charge_mode", x.ChargeModes))))
	}
	if len(x.OrderTypes) > 0 {
		all = append(all, v.T("account.pays.order_types", v.and(labels(v, "order_type", x.OrderTypes))))
	}
	return all
}

// labels are the names of words.
func labels[T ~string](v *view, kind string, codes []T) []string {
	names := make([]string, len(codes))
	for i, c := range codes {
		names[i] = v.Label(kind, c)
	}
	return names
}

// and writes a list of names.
func (v *view) and(names []string) string { return strings.Join(names, v.T("account.comma")) }
