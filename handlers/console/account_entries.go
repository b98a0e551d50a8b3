package console

import (
	"slices"

	"orderledger/domain"
	"orderledger/handlers"
	"orderledger/projections"
)

type entriesView struct {
	*view
	List projections.List[projections.Entry]
	// Problem is what is wrong with the filters.
	Problem *handlers.Problem
}

// entriesPage is the account's statement, newest first. Its filters are those of the API under their names; a time may
// also be a day of the organisation's zone, where to is the last day.
func (v *view) entriesPage() error {
	if err := v.reach(projections.Accounts); err != nil {
		return err
	}
	page := entriesView{view: v}
	values := v.r.URL.Query()
	values.Del("limit")
	zone, err := v.orgZone()
	if err != nil {
		return err
	}
	dayToTime(values, "from", 0, zone)
	dayToTime(values, "to", 1, zone)
	ask, err := handlers.EntriesAsked(values)
	if err != nil {
		page.Problem = handlers.ProblemOf(err)
		v.status = page.Problem.Status
		return v.show("account_entries", page)
	}
	if page.List, err = v.c.Server.Reader.Entries(v.r.Context(), v.org, ask); err != nil {
		return err
	}
	v.asOf = page.List.AsOf
	return v.show("account_entries", page)
}

// Filtered says whether the page shows less than there is.
func (p entriesView) Filtered() bool {
	return slices.ContainsFunc([]string{"fund", "type", "from", "to", "order_id", "currency"}, func(name string) bool { return p.Query(name) != "" })
}

// Codes are the words of a kind, for a choice of them.
func (v *view) Codes(kind string) []string { return domain.Codes(kind) }
