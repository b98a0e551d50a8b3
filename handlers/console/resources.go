package console

import (
	"encoding/json"
	"fmt"
	"time"

	"orderledger/domain"
	"orderledger/handlers"
	"orderledger/internal/auth"
	"orderledger/projections"
)

var resourcePages = []page{
	{"GET /resources", auth.Read, (*view).resourcesPage},
	{"GET /resources/{resource_id}", auth.Read, (*view).resourcePage},
	{"GET /resources/{resource_id}/auto-renew", auth.ManageResource, (*view).autoRenewPage},
	{"POST /resources/{resource_id}/auto-renew", auth.ManageResource, (*view).autoRenewPage},
	{"GET /resources/{resource_id}/close", auth.ManageResource, (*view).closeResourcePage},
	{"POST /resources/{resource_id}/close", auth.ManageResource, (*view).closeResourcePage},
}

type resourcesView struct {
	*view
	// Status is the tab, Ends the choice of lease ends that holds.
	Status, Ends string
	Resources    []*domain.Resource
	Next         *string
	// Problem is what is wrong with the filters.
	Problem *handlers.Problem
}

// soonDays are the choices of resources whose lease ends within so many days.
var soonDays = map[string]int{"7d": 7, "30d": 30}

// resourcesPage lists resources, the one whose lease ends first at the top. Its filters are those of GET /v1/resources
// under their names; ends is one that moves with the day it is looked at. Without a status it lists those in use.
func (v *view) resourcesPage() error {
	if err := v.reach(projections.Resources); err != nil {
		return err
	}
	page := resourcesView{view: v, Status: v.Query("status"), Ends: v.Query("ends")}
	values := v.r.URL.Query()
	values.Del("limit")
	values.Del("count")
	switch page.Status {
	case "":
		page.Status = string(domain.ResourceActive)
		values.Set("status", page.Status)
	case "all":
		values.Del("status")
	}
	zone, err := v.orgZone()
	if err != nil {
		return err
	}
	dayToTime(values, "lease_end_from", 0, zone)
	dayToTime(values, "lease_end_to", 1, zone)
	ask, err := handlers.ResourcesAsked(values)
	if err != nil {
		page.Problem = handlers.ProblemOf(err)
		v.status = page.Problem.Status
		return v.show("resources", page)
	}
	switch days := soonDays[page.Ends]; {
	case days > 0:
		ask.LeaseEndFrom, ask.LeaseEndTo = v.now, v.now.AddDate(0, 0, days)
	case page.Ends == "over":
		ask.LeaseEndTo = v.now
	}
	list, err := v.c.Server.Reader.Resources(v.r.Context(), v.org, ask)
	if err != nil {
		return err
	}
	v.asOf, page.Next = list.AsOf, list.NextCursor
	if page.Resources, err = storedResources(list.Items); err != nil {
		return err
	}
	return v.show("resources", page)
}

func storedResources(docs []json.RawMessage) ([]*domain.Resource, error) {
	all := make([]*domain.Resource, len(docs))
	for i, doc := range docs {
		if err := json.Unmarshal(doc, &all[i]); err != nil {
			return nil, fmt.Errorf("read a stored resource: %w", err)
		}
	}
	return all, nil
}

// Tabs are the statuses.
func (p resourcesView) Tabs() []tab {
	var tabs []tab
	for _, status := range append(domain.Codes("resource_status"), "all") {
		tabs = append(tabs, tab{status, p.Here("status", status), status == p.Status})
	}
	return tabs
}

// EndChoices are the quick choices of lease ends.
func (p resourcesView) EndChoices() []string { return []string{"7d", "30d", "over"} }

// Filters are the fields that take what is typed.
func (p resourcesView) Filters() []string {
	return []string{"resource_name", "product", "resource_type", "region", "project_id", "consumer_id"}
}

// Filtered says whether the page shows less than all of its tab.
func (p resourcesView) Filtered() bool {
	for _, name := range append(p.Filters(), "ends", "auto_renew", "releasing", "lease_end_from", "lease_end_to") {
		if p.Query(name) != "" {
			return true
		}
	}
	return false
}

// LeaseEnd is when the first of a resource's leases ends; nil where it has none.
func (v *view) LeaseEnd(r *domain.Resource) *time.Time {
	if end, ok := r.LeaseEnd(); ok && r.Status == domain.ResourceActive {
		return &end
	}
	return nil
}

// soon is how long before its end a lease is marked.
const soon = 7 * 24 * time.Hour

// Lasts says whether a time is over, soon, or later.
func (v *view) Lasts(end *time.Time) string {
	switch {
	case end == nil:
		return ""
	case !end.After(v.now):
		return "over"
	case end.Before(v.now.Add(soon)):
		return "soon"
	}
	return "later"
}

// TermPrice is what a unit of a term costs; "" for pay-as-you-go, whose meters have prices.
func (v *view) TermPrice(t domain.Term, currency domain.Currency) string {
	if t.ChargeMode.Group() != domain.Prepay {
		return ""
	}
	return v.Price(t.UnitPrice, currency) + v.T("resources.per") + v.Label("unit", t.Unit)
}
