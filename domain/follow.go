package domain

import (
	"slices"
	"time"
)

// following is an order on the way to being priced: what its lines leave to the ledger is filled in from the order that
// it follows and from what the resources cost now.
type following struct {
	PlaceOrder
	settings Settings
	at       time.Time
	parent   *Order
	// corrects has, by line, the bill line that it takes money back from.
	corrects []string
	prorated []bool
	// back are lines that the ledger adds to return what is left of a lease.
	back []Line
}

// follow fills in the lines of an order that follows another, and refuses what does not fit that or the resources.
func (c PlaceOrder) follow(s States, settings Settings, clock Clock) (*following, *Rejection) {
	f := &following{PlaceOrder: c, settings: settings, at: clock.At}
	if refused := f.findParent(s); refused != nil {
		return nil, refused
	}
	f.Lines, f.corrects, f.prorated = slices.Clone(c.Lines), make([]string, len(c.Lines)), make([]bool, len(c.Lines))
	if !typeRules[c.OrderType].onResource {
		f.correctParent()
		return f, nil
	}
	if refused := f.nameResources(); refused != nil {
		return nil, refused
	}
	for i := range f.Lines {
		l := &f.Lines[i]
		r := s.Resource(c.OrgID, l.ResourceID)
		if r != nil && clock.At.Before(r.OccurredAt) {
			return nil, goesBack(r)
		}
		h := tenureOf(s, c.OrgID, l.ResourceID, c.ParentOrderID)
		if refused := f.fitLine(i, l, r, &h); refused != nil {
			return nil, refused
		}
	}
	return f, nil
}

// findParent wants an order of the organisation and in the currency that was paid.
func (f *following) findParent(s States) *Rejection {
	id := *f.ParentOrderID
	f.parent = s.Order(id)
	if f.parent == nil || f.parent.OrgID != f.OrgID {
		return f.mismatch("parent_order_id", "there is no order %s to follow", id).early(true)
	}
	if f.parent.Currency != f.Currency {
		return f.mismatch("currency", "the order that it follows is in %s", f.parent.Currency)
	}
	switch f.parent.Status {
	case Paid, Fulfilling, Completed, PartiallyRefunded:
		return nil
	}
	if f.OrderType == Recovery && f.parent.PaidAt != nil {
		return nil
	}
	return f.mismatch("parent_order_id", "the order that it follows is %s, and has to be paid", f.parent.Status).
		early(f.parent.Status == Unpaid || f.parent.Status == AwaitingApproval)
}

func (f *following) mismatch(field, format string, args ...any) *Rejection {
	refused := reject(ParentMismatch, format, args...)
	refused.Field = field
	return refused
}

// correctParent has lines of a supplement point to the line that they set right, where that is plain.
func (f *following) correctParent() {
	for i := range f.Lines {
		if n := f.parentLine(&f.Lines[i]); n > 0 {
			f.corrects[i] = billLineID(f.parent.OrderID, n)
		}
	}
}

// parentLine is the number of the parent's line that a line is about, 0 for none.
func (f *following) parentLine(l *LineSpec) int {
	for i := range f.parent.Lines {
		p := &f.parent.Lines[i]
		same := l.ResourceID == p.ResourceID || l.ResourceID == "" || p.ResourceID == ""
		if same && p.ProductCode == l.ProductCode && p.BillingItem == l.BillingItem {
			return p.LineNo
		}
	}
	return 0
}

// nameResources gives lines without a resource id the parent's, and wants the parent to be about the resources. A
// settlement of terms brings leases of many orders to one end: the parent has to be about one of them.
func (f *following) nameResources() *Rejection {
	ids := resourceIDs(f.parent.Lines)
	found := 0
	for i := range f.Lines {
		l := &f.Lines[i]
		switch {
		case l.ResourceID == "" && len(ids) == 1:
			l.ResourceID = ids[0]
			found++
		case l.ResourceID == "":
			return f.mismatch(lineField(i, "resource_id"), "the order that it follows is about %d resources; name one", len(ids))
		case slices.Contains(ids, l.ResourceID):
			found++
		case f.OrderType != TermSettlement:
			return f.mismatch(lineField(i, "resource_id"), "the order that it follows is not about the resource %s", l.ResourceID)
		}
		for j := range i {
			if o := &f.Lines[j]; o.ResourceID == l.ResourceID && o.ProductCode == l.ProductCode && o.BillingItem == l.BillingItem {
				return invalid(lineField(i, "product_code"), "line %d is about the same product and billing item of the same resource", j+1)
			}
		}
	}
	if found == 0 {
		return f.mismatch("parent_order_id", "the order that it follows is about none of the resources")
	}
	return nil
}

// resourceIDs are the resources that lines name, each once.
func resourceIDs(lines []Line) []string {
	var ids []string
	for i := range lines {
		if id := lines[i].ResourceID; id != "" && !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	return ids
}

// fitLine fills a line in from its resource's term, by the rules of the order's type.
func (f *following) fitLine(i int, l *LineSpec, r *Resource, h *tenure) *Rejection {
	gone := r != nil && r.Status == ResourceGone
	if f.OrderType == Recovery {
		if !gone {
			return reject(ResourceExists, "the resource %s is not closed; only what was deleted can be recovered", l.ResourceID)
		}
		return nil
	}
	if gone {
		return reject(ResourceIsClosed, "the resource %s is closed", l.ResourceID)
	}
	t := h.term(l)
	if t == nil {
		return f.mismatch(lineField(i, "product_code"), "the resource %s is not charged for %s", l.ResourceID, namedTerm(l))
	}
	if h.Currency != f.Currency {
		return f.mismatch("currency", "the resource is charged in %s", h.Currency)
	}
	if (t.ChargeMode == l.ChargeMode) == (f.OrderType == Convert) {
		return f.mismatch(lineField(i, "charge_mode"), "%s is charged by %s", namedTerm(l), t.ChargeMode)
	}
	if len(h.leases) >= leasesMax {
		return reject(LimitReached, "%d payments cover times to come of the resource %s; that is the most", leasesMax, l.ResourceID)
	}
	h.describe(l)
	if len(l.OldConfig) == 0 {
		l.OldConfig = t.Config
	}
	switch f.OrderType {
	case Renewal:
		return f.renewal(l, t, h.overdueThrough)
	case Upgrade, Downgrade:
		return f.change(i, l, t, h)
	case TermSettlement:
		return f.settlement(i, l, t, h.overdueThrough)
	case Compensation:
		return f.compensation(l, t)
	case Resize:
		return f.resize(i, l, t)
	}
	return f.convert(l, t)
}

func namedTerm(l *LineSpec) string {
	if l.BillingItem == "" {
		return l.ProductCode
	}
	return l.ProductCode + " " + l.BillingItem
}

// describe fills in what a line leaves out of its resource's description.
func (h *tenure) describe(l *LineSpec) {
	for to, from := range map[*string]string{&l.ResourceName: h.ResourceName, &l.Region: h.Region, &l.Zone: h.Zone} {
		if *to == "" {
			*to = from
		}
	}
	if l.ResourceExt == nil {
		l.ResourceExt = h.ResourceExt
	}
}

// resourceRefs are the streams of the resources that a new order's lines are about, as far as its parent tells.
func resourceRefs(c *PlaceOrder, parent *Order) []Ref {
	var refs []Ref
	var only string
	if ids := resourceIDs(parent.Lines); len(ids) == 1 {
		only = ids[0]
	}
	for i := range c.Lines {
		id := c.Lines[i].ResourceID
		if id == "" {
			id = only
		}
		if id != "" {
			refs = append(refs, ResourceRef(c.OrgID, id))
		}
	}
	return refs
}
