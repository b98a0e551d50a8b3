package domain

import "time"

// ResourceChanged says that an order changed what a resource is charged for. It has the terms as they are afterwards;
// the first one opens the resource, and one after its closing brings it back.
type ResourceChanged struct {
	OrgID      string    `json:"org_id"`
	ResourceID string    `json:"resource_id"`
	OrderID    string    `json:"order_id"`
	OrderType  OrderType `json:"order_type"`
	Profile
	Terms  []Term  `json:"terms"`
	Leases []Lease `json:"leases"`
}

// AutoRenewSet says how the resource is renewed from now on.
type AutoRenewSet struct {
	OrgID      string    `json:"org_id"`
	ResourceID string    `json:"resource_id"`
	AutoRenew  AutoRenew `json:"auto_renew"`
}

// RenewalTried says that the resource's lease was to be renewed by itself: by which order, and whether that was paid.
// One that is not paid waits for its user, who is to be told.
type RenewalTried struct {
	OrgID      string    `json:"org_id"`
	ResourceID string    `json:"resource_id"`
	OrderID    string    `json:"order_id"`
	LeaseEnd   time.Time `json:"lease_end"`
	Paid       bool      `json:"paid"`
	Missing    Amount    `json:"missing"`
	Currency   Currency  `json:"currency"`
}

// UsageRecorded has records of what a resource used, at most 500, and what they add up to by cycle.
type UsageRecorded struct {
	OrgID      string        `json:"org_id"`
	ResourceID string        `json:"resource_id"`
	Records    []UsageRecord `json:"records"`
	// Uses are the sums of these records alone.
	Uses []Use `json:"uses"`
	// OpenedPeriods are the months in which the resource had no unsettled use before.
	OpenedPeriods []Period `json:"opened_periods,omitempty"`
}

// UsageRecord is one record of use, as it was reported.
type UsageRecord struct {
	RecordID string    `json:"record_id"`
	Meter    string    `json:"meter"`
	Quantity Decimal   `json:"quantity"`
	Unit     string    `json:"unit"`
	From     time.Time `json:"from"`
	To       time.Time `json:"to"`
	// Late: its cycle was settled before; it is billed with the next one.
	Late bool `json:"late,omitempty"`
}

// ResourceSettled says that use is settled: all of the cycles that ended by a time, or all that there was.
type ResourceSettled struct {
	OrgID      string    `json:"org_id"`
	ResourceID string    `json:"resource_id"`
	Through    time.Time `json:"through"`
	// All: use of cycles that are not over was settled, too.
	All bool `json:"all,omitempty"`
	// OrderIDs are the settlements: one for each month and each order that opened what was used.
	OrderIDs []string `json:"order_ids,omitempty"`
	// SettledPeriods are the months that have no unsettled use any more.
	SettledPeriods []Period `json:"settled_periods,omitempty"`
}

// OverdueCharged says that a day after the lease was charged.
type OverdueCharged struct {
	OrgID      string    `json:"org_id"`
	ResourceID string    `json:"resource_id"`
	OrderID    string    `json:"order_id"`
	Through    time.Time `json:"through"`
}

// ResourceClosed says that the resource is gone, and which orders settled its account.
type ResourceClosed struct {
	OrgID            string   `json:"org_id"`
	ResourceID       string   `json:"resource_id"`
	Reason           string   `json:"reason,omitempty"`
	SettlementOrders []string `json:"settlement_order_ids,omitempty"`
	RefundOrders     []string `json:"refund_order_ids,omitempty"`
}

func (ResourceChanged) stored() string { return TypeResourceChanged }
func (AutoRenewSet) stored() string    { return TypeAutoRenewSet }
func (RenewalTried) stored() string    { return TypeRenewalTried }
func (UsageRecorded) stored() string   { return TypeUsageRecorded }
func (ResourceSettled) stored() string { return TypeResourceSettled }
func (OverdueCharged) stored() string  { return TypeOverdueCharged }
func (ResourceClosed) stored() string  { return TypeResourceClosed }

func (e ResourceChanged) evolve(s State, m Meta) State {
	return resourceAfter(s, m, func(r *Resource) {
		if r.OpenedAt.IsZero() || r.Status == ResourceGone {
			r.OpenedAt, r.ClosedAt = m.OccurredAt, nil
		}
		r.OrgID, r.ResourceID, r.Status = e.OrgID, e.ResourceID, ResourceActive
		r.Profile, r.Terms, r.Leases = e.Profile, listed(e.Terms), listed(e.Leases)
	})
}

func (e AutoRenewSet) evolve(s State, m Meta) State {
	return resourceAfter(s, m, func(r *Resource) {
		policy := e.AutoRenew
		if r.AutoRenew != nil {
			policy.AttemptedFor = r.AutoRenew.AttemptedFor
		}
		r.AutoRenew = &policy
	})
}

func (e RenewalTried) evolve(s State, m Meta) State {
	return resourceAfter(s, m, func(r *Resource) {
		if r.AutoRenew != nil {
			policy := *r.AutoRenew
			policy.AttemptedFor = &e.LeaseEnd
			r.AutoRenew = &policy
		}
		tried := []time.Time{e.LeaseEnd}
		for _, end := range r.RenewalsTried {
			if _, held := r.firstEnd(end.Equal); !end.Equal(e.LeaseEnd) && (held || end.After(m.OccurredAt)) {
				tried = append(tried, end)
			}
		}
		r.RenewalsTried = tried
	})
}

func (e UsageRecorded) evolve(s State, m Meta) State {
	return resourceAfter(s, m, func(r *Resource) {
		r.Uses = mergeUses(r.Uses, e.Uses)
		r.UnsettledPeriods = append(r.UnsettledPeriods[:len(r.UnsettledPeriods):len(r.UnsettledPeriods)], e.OpenedPeriods...)
	})
}

func (e ResourceSettled) evolve(s State, m Meta) State {
	return resourceAfter(s, m, func(r *Resource) {
		r.Uses, r.SettledThrough = usesAfter(r.Uses, e), &e.Through
		r.UnsettledPeriods = periodsWithout(r.UnsettledPeriods, e.SettledPeriods)
	})
}

func (e OverdueCharged) evolve(s State, m Meta) State {
	return resourceAfter(s, m, func(r *Resource) { r.OverdueThrough = &e.Through })
}

func (e ResourceClosed) evolve(s State, m Meta) State {
	return resourceAfter(s, m, func(r *Resource) {
		r.Status, r.ClosedAt, r.Leases, r.Releases = ResourceGone, &m.OccurredAt, []Lease{}, nil
	})
}

// mergeUses adds uses to others: to those of the same meter, cycle and rate, or between them. Both are in the order of
// compareUses, and so is what comes of them; it takes time in proportion to their number.
func mergeUses(all, more []Use) []Use {
	next := make([]Use, 0, len(all)+len(more))
	for i := range more {
		u := more[i]
		for len(all) > 0 && compareUses(&all[0], &u) < 0 {
			next, all = append(next, all[0]), all[1:]
		}
		if len(all) > 0 && compareUses(&all[0], &u) == 0 {
			u = all[0].plus(u)
			all = all[1:]
		}
		next = append(next, u)
	}
	return append(next, all...)
}

func (u Use) plus(more Use) Use {
	u.Quantity = Decimal{u.Quantity.Add(more.Quantity.Decimal)}
	if more.From.Before(u.From) {
		u.From = more.From
	}
	if more.To.After(u.To) {
		u.To = more.To
	}
	u.Records += more.Records
	return u
}

// usesAfter are the uses that a settlement leaves.
func usesAfter(all []Use, e ResourceSettled) []Use {
	var left []Use
	for _, u := range all {
		if !e.All && u.CycleEnd.After(e.Through) {
			left = append(left, u)
		}
	}
	return left
}

func periodsWithout(all, gone []Period) []Period {
	var next []Period
	for _, p := range all {
		keep := true
		for _, g := range gone {
			keep = keep && p != g
		}
		if keep {
			next = append(next, p)
		}
	}
	return next
}
