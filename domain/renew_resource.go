package domain

import "time"

// RenewResource renews the leases of a resource that end next and soon, as its policy says: the order is paid if the
// funds suffice, and else waits for its user, who is to be told. Timers send it; each lease end is tried once, and leases
// of different ends are renewed by orders of their own.
type RenewResource struct {
	OrgID      string `json:"org_id"`
	ResourceID string `json:"resource_id"`
}

func (c RenewResource) Name() string             { return "renew_resource" }
func (c RenewResource) Org() string              { return c.OrgID }
func (c RenewResource) ForOrg(id string) Command { c.OrgID = id; return c }

// Check finds what is wrong with the command whatever the ledger holds.
func (c RenewResource) Check() *Rejection {
	k := &checker{}
	k.id("org_id", c.OrgID)
	k.requiredResourceID(c.ResourceID)
	return k.first
}

// Needs are the resource, the account that pays, and the organisation, whose settings and months decide.
func (c RenewResource) Needs(States) []Ref {
	return []Ref{ResourceRef(c.OrgID, c.ResourceID), AccountRef(c.OrgID), OrgRef(c.OrgID)}
}

func (c RenewResource) decide(s States, clock Clock) (Decision, *Rejection) {
	r, refused := activeResource(s, c.OrgID, c.ResourceID, clock)
	if refused != nil {
		return Decision{}, refused
	}
	from, end, any := r.RenewalDueAt()
	if !any || clock.At.Before(from) {
		return Decision{}, reject(NothingDue, "no lease of the resource %s is to be renewed by itself now", c.ResourceID)
	}
	org := s.Org(c.OrgID)
	settings := SettingsOf(org)
	placed, refused := r.renewal(end, settings, clock.At)
	if refused != nil {
		return Decision{}, refused
	}
	d := newDraft(s, clock)
	d.emit(OrderRef(placed.OrderID), placed)
	tried := RenewalTried{
		OrgID: c.OrgID, ResourceID: c.ResourceID, OrderID: placed.OrderID, LeaseEnd: end,
		Missing: r.Currency.Zero(), Currency: r.Currency,
	}
	if !placed.AwaitingApproval {
		short := d.charge(d.Order(placed.OrderID), nil, bookingPeriod(org, clock.At))
		if tried.Paid = short == nil; tried.Paid {
			d.changeResources(d.Order(placed.OrderID))
		} else {
			tried.Missing = short.Missing
		}
	}
	d.emit(ResourceRef(c.OrgID, c.ResourceID), tried)
	return d.Decision, nil
}

// renewal is the order that renews the leases with an end.
func (r *Resource) renewal(end time.Time, settings Settings, at time.Time) (OrderPlaced, *Rejection) {
	var lines []Line
	parent := ""
	for i := range r.Terms {
		t := &r.Terms[i]
		if !t.leased() || !t.ExpiresAt.Equal(end) {
			continue
		}
		if parent == "" {
			parent = t.OrderID
		}
		line, refused := r.renewalLine(t, settings.Location())
		if refused != nil {
			return OrderPlaced{}, refused
		}
		lines = append(lines, line)
	}
	placed := r.order(derivedID("renewal", r.OrgID, r.ResourceID, numbered(r.Version)), Renewal, parent, lines)
	if !placed.PayableAmount.inRange() {
		return OrderPlaced{}, reject(LimitReached, "the renewal: %s", errAmountTooBig)
	}
	placed.AwaitingApproval = settings.wantsApproval(&placed)
	if placed.PayableAmount.Sign() > 0 {
		deadline := at.Add(time.Duration(settings.PayBeforeSeconds) * time.Second)
		placed.PayBefore = &deadline
	}
	return placed, nil
}

// renewalLine goes on where the lease ended, or where the days charged after it did.
func (r *Resource) renewalLine(t *Term, zone *time.Location) (Line, *Rejection) {
	from := *t.ExpiresAt
	if r.OverdueThrough != nil && r.OverdueThrough.After(from) {
		from = *r.OverdueThrough
	}
	quantity := r.AutoRenew.Quantity
	to, ok := leaseEnd(from, t.ChargeMode, quantity, zone)
	if !ok {
		return Line{}, reject(LimitReached, "a lease can't be renewed by %s %s", quantity, t.Unit)
	}
	list, err := r.Currency.round(t.Count.Mul(quantity.Decimal).Mul(t.UnitPrice.Decimal))
	if err != nil {
		return Line{}, reject(LimitReached, "the renewal: %s", err)
	}
	l := r.line(t, list)
	l.Quantity, l.UnitPrice, l.EffectiveAt, l.ExpiresAt = quantity, t.UnitPrice, &from, &to
	return l, nil
}
