package domain

import (
	"fmt"
	"time"
)

// usageRecordsMax bounds a report of usage.
const usageRecordsMax = 5000

// ReportUsage reports what resources used. Each record counts once, by its id; one that was reported before, or twice in
// one report, is counted as a duplicate and left out. Unless all records can be priced, nothing is recorded.
type ReportUsage struct {
	OrgID   string        `json:"org_id"`
	Records []UsageReport `json:"records"`
}

// UsageReport is a record of use: of the resource named, or of the one that the order is about; with both, of the
// order's on that resource.
type UsageReport struct {
	RecordID   string    `json:"record_id"`
	OrderID    string    `json:"order_id"`
	ResourceID string    `json:"resource_id"`
	Meter      string    `json:"meter"`
	Quantity   Decimal   `json:"quantity"`
	Unit       string    `json:"unit"`
	From       time.Time `json:"from"`
	To         time.Time `json:"to"`
}

func (c ReportUsage) Name() string             { return "report_usage" }
func (c ReportUsage) Org() string              { return c.OrgID }
func (c ReportUsage) ForOrg(id string) Command { c.OrgID = id; return c }

// Check finds what is wrong with the records whatever the ledger holds.
func (c ReportUsage) Check() *Rejection {
	k := &checker{}
	k.id("org_id", c.OrgID)
	if len(c.Records) == 0 || len(c.Records) > usageRecordsMax {
		k.fail("records", "a report has 1 to %d records", usageRecordsMax)
	}
	if k.first != nil {
		return k.first
	}
	for i := range c.Records {
		if refused := c.Records[i].check(); refused != nil {
			return atRecord(i, refused)
		}
	}
	return nil
}

func (r *UsageReport) check() *Rejection {
	k := checker{}
	k.required("record_id", r.RecordID, textMax)
	k.resourceID("record_id", r.RecordID)
	if r.OrderID != "" {
		k.orderID("order_id", r.OrderID)
	}
	k.resourceID("resource_id", r.ResourceID)
	if r.OrderID == "" && r.ResourceID == "" {
		k.fail("resource_id", "a record names an order or a resource")
	}
	k.required("meter", r.Meter, textMax)
	k.required("unit", r.Unit, 32)
	if r.Quantity.Sign() < 0 {
		k.fail("quantity", "a quantity is 0 or more")
	}
	k.time("from", &r.From)
	k.time("to", &r.To)
	if !r.From.Truncate(time.Microsecond).Before(r.To.Truncate(time.Microsecond)) {
		k.fail("to", "it lies after from")
	}
	return k.first
}

// atRecord puts a record's place before the refusal's field.
func atRecord(i int, refused *Rejection) *Rejection {
	refused.Field = fmt.Sprintf("records[%d].%s", i, refused.Field)
	return refused
}

// Needs are the organisation, whose months the use keeps open, and the resources, which orders may tell.
func (c ReportUsage) Needs(s States) []Ref {
	needs := newRefs(OrgRef(c.OrgID))
	seen := map[usageTarget]bool{}
	for i := range c.Records {
		t := targetOf(&c.Records[i])
		if seen[t] {
			continue
		}
		seen[t] = true
		if t.orderID == "" {
			needs.add(ResourceRef(c.OrgID, t.resourceID))
			continue
		}
		needs.add(OrderRef(t.orderID))
		if o := s.Order(t.orderID); o != nil && o.OrgID == c.OrgID {
			for _, l := range meteredLines(o, t) {
				needs.add(ResourceRef(c.OrgID, l.ResourceID))
			}
		}
	}
	return needs.list
}

func (c ReportUsage) decide(s States, clock Clock) (Decision, *Rejection) {
	m := newMetering(s, c.OrgID, clock, len(c.Records))
	for i := range c.Records {
		if refused := m.take(&c.Records[i]); refused != nil {
			return Decision{}, atRecord(i, refused)
		}
	}
	return m.decision()
}

// refs is a list that takes each stream once.
type refs struct {
	list []Ref
	has  map[Ref]bool
}

func newRefs(first ...Ref) *refs {
	r := &refs{has: map[Ref]bool{}}
	for _, ref := range first {
		r.add(ref)
	}
	return r
}

func (r *refs) add(ref Ref) {
	if !r.has[ref] {
		r.has[ref] = true
		r.list = append(r.list, ref)
	}
}
