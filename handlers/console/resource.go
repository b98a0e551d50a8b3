package console

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"orderledger/domain"
	"orderledger/handlers"
	"orderledger/projections"
)

// resourceView is a resource's page: what it is and costs now, and its whole life.
type resourceView struct {
	*view
	ID, OrgID string
	// Resource is nil while only orders name it: nothing opened it yet.
	Resource *domain.Resource
	// Name is the resource's, or what its orders call it.
	Name  string
	Costs []projections.BillSum
	life
	Chart *leaseChart
}

// resourcePage shows one resource.
func (v *view) resourcePage() error {
	if err := v.reach(projections.Resources, projections.Orders, projections.BillLines); err != nil {
		return err
	}
	page := resourceView{view: v, ID: v.resourceID(), OrgID: v.org}
	var err error
	if page.Resource, err = v.resource(page.ID); err != nil {
		return err
	}
	if page.Resource != nil {
		page.OrgID, page.Name = page.Resource.OrgID, page.Resource.ResourceName
	}
	if page.life, err = v.lifeOf(page.OrgID, page.ID, page.Resource); err != nil {
		return err
	}
	if page.Resource == nil {
		if len(page.Orders) == 0 {
			return handlers.NotFound()
		}
		newest := page.Orders[0]
		page.OrgID, page.Name = newest.OrgID, linesOf(newest, page.ID)[0].ResourceName
	}
	if err := v.zoneFor(page.OrgID); err != nil {
		return err
	}
	if page.Costs, v.asOf, err = v.c.Server.Reader.ResourceCost(v.r.Context(), page.OrgID, page.ID); err != nil {
		return err
	}
	page.Chart = v.leases(page.ID, page.Resource, page.Orders)
	return v.show("resource", page)
}

// resource is one by id, nil if it has not been opened.
func (v *view) resource(id string) (*domain.Resource, error) {
	doc, _, err := v.c.Server.Reader.Resource(v.r.Context(), v.org, id)
	if errors.Is(err, projections.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var r domain.Resource
	if err := json.Unmarshal(doc, &r); err != nil {
		return nil, fmt.Errorf("read a stored resource: %w", err)
	}
	return &r, nil
}

// zoneFor takes an organisation's zone for a page that turned out to be about it.
func (v *view) zoneFor(org string) error {
	if v.Clock == clockUTC || org == v.org {
		return nil
	}
	zone, err := v.c.zoneOf(v.r.Context(), org)
	if err == nil {
		v.zone = zone
	}
	return err
}

// openResource is a resource for a page that changes it.
func (v *view) openResource() (*domain.Resource, error) {
	if err := v.reach(projections.Resources); err != nil {
		return nil, err
	}
	r, err := v.resource(v.resourceID())
	if err == nil && r == nil {
		err = handlers.NotFound()
	}
	if err != nil {
		return nil, err
	}
	return r, v.zoneFor(r.OrgID)
}

// linesOf are an order's lines about a resource; of an order that was found by the resource, at least one.
func linesOf(o *domain.Order, resourceID string) []domain.Line {
	var lines []domain.Line
	for _, l := range o.Lines {
		if l.ResourceID == resourceID {
			lines = append(lines, l)
		}
	}
	if len(lines) == 0 {
		return o.Lines
	}
	return lines
}

// Active says whether the resource can be managed.
func (p resourceView) Active() bool {
	return p.Resource != nil && p.Resource.Status == domain.ResourceActive
}

// Link is the address of the resource's page, or of one below it.
func (p resourceView) Link(below ...string) string { return p.ResourceLink(p.OrgID, p.ID, below...) }

// OrderLink is the address of an order of the resource.
func (p resourceView) OrderLink(id string) string { return p.To("/orders/" + id) }

// RenewsAt is when the resource is renewed by itself next; nil for never.
func (p resourceView) RenewsAt() *time.Time {
	if p.Resource == nil {
		return nil
	}
	if at, _, ok := p.Resource.RenewalDueAt(); ok {
		return &at
	}
	return nil
}

// Meters are the prices of use of a term, those that hold now.
func (p resourceView) Meters(t domain.Term) []domain.Meter {
	if len(t.Rates) == 0 {
		return nil
	}
	return t.Rates[len(t.Rates)-1].Meters
}

// OrgParameter is the organisation of the page's links, where a platform key needs one.
func (p resourceView) OrgParameter() string {
	if p.who.OrgID != "" {
		return ""
	}
	return p.OrgID
}

// Changes are what a line made of the resource's configuration: what is new, other or gone. A line that leaves all as it
// was changes nothing.
func (p resourceView) Changes(l domain.Line) []configChange {
	if len(l.NewConfig) == 0 { // such as a renewal's
		return nil
	}
	return slices.DeleteFunc(configChanges(l.OldConfig, l.NewConfig), func(c configChange) bool { return c.Kind == "same" })
}

// LinePrice is what a unit of a line costs.
func (p resourceView) LinePrice(l domain.Line, currency domain.Currency) string {
	if l.UnitPrice.IsZero() {
		return ""
	}
	return p.Price(l.UnitPrice, currency) + p.T("resources.per") + p.Label("unit", l.Unit)
}

// Count is how many records there are.
func (p resourceView) Count(records []domain.UsageRecord) int64 { return int64(len(records)) }
