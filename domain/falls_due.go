package domain

import (
	"slices"
	"time"
)

// When work on a resource falls due is said here alone: the commands that do the work ask it, and so does the read model
// that timers go by. What differed between the two would be work that is refused for ever, or that nobody begins.

// LeaseEnd is when the first of the resource's leases ends; false when it has none.
func (r *Resource) LeaseEnd() (end time.Time, ok bool) {
	return r.firstEnd(func(time.Time) bool { return true })
}

// RenewalDueAt is from when on the resource is to be renewed by itself, and for which end of its leases: the first that
// no renewal was tried for. It is false where none is to be renewed.
func (r *Resource) RenewalDueAt() (at, end time.Time, ok bool) {
	policy := r.AutoRenew
	if r.Status != ResourceActive || policy == nil || !policy.Enabled {
		return at, end, false
	}
	end, ok = r.firstEnd(func(end time.Time) bool { return !hasTime(r.RenewalsTried, end) })
	at = end.Add(-time.Duration(policy.BeforeSeconds) * time.Second)
	for _, l := range r.Leases {
		// Not before the lease has begun: a policy that looks further ahead than a lease is long would renew each renewal
		// at once, until all money is spent.
		if l.ExpiresAt.Equal(end) && at.Before(l.EffectiveAt) {
			at = l.EffectiveAt
		}
	}
	return at, end, ok
}

// OverdueDays is what decides which day after its leases a resource is charged for next, apart from for how many days
// the organisation has it charged.
type OverdueDays struct {
	// At is when the next day begins, as long as it is one of the days that are charged after Ended: the last of the
	// leases that have ended by then.
	At, Ended time.Time
	// Later is the first lease end after At: the next day begins there once the days after Ended are over. It is nil
	// where no lease is left.
	Later *time.Time
}

// OverdueDays is false for a resource that can't be overdue.
func (r *Resource) OverdueDays() (o OverdueDays, ok bool) {
	if r.Status != ResourceActive {
		return o, false
	}
	if o.At, ok = r.LeaseEnd(); !ok {
		return o, false
	}
	if r.OverdueThrough != nil && r.OverdueThrough.After(o.At) {
		o.At = *r.OverdueThrough
	}
	for i := range r.Terms {
		if t := &r.Terms[i]; t.leased() && !t.ExpiresAt.After(o.At) && t.ExpiresAt.After(o.Ended) {
			o.Ended = *t.ExpiresAt
		}
	}
	if later, ok := r.firstEnd(o.At.Before); ok {
		o.Later = &later
	}
	return o, true
}

// NextOverdueDay is when the next day begins that the resource is charged for because leases are over, each of them for
// so many days; false when there is none.
func (r *Resource) NextOverdueDay(days int64) (start time.Time, ok bool) {
	o, ok := r.OverdueDays()
	switch {
	case !ok || days <= 0:
		return start, false
	case o.At.Before(overdueUntil(o.Ended, days)):
		return o.At, true
	case o.Later != nil:
		return *o.Later, true
	}
	return start, false
}

func overdueUntil(end time.Time, days int64) time.Time {
	return end.Add(time.Duration(days) * overdueDay)
}

// SettlementDueAt is when the first cycle ends that has use which is not settled; false when there is none. Cycles of
// different lengths do not end in the order in which they began. A closed resource has none: what it had was settled
// when it was closed.
func (r *Resource) SettlementDueAt() (end time.Time, ok bool) {
	if r.Status != ResourceActive {
		return end, false
	}
	for i := range r.Uses {
		if u := &r.Uses[i]; !ok || u.CycleEnd.Before(end) {
			end, ok = u.CycleEnd, true
		}
	}
	return end, ok
}

// TimeEnds are when the last of the times end that the resource is leased for, and that it was given for nothing; nil where
// there is none of these. It is false where no time ends at all, or some has no end: then the resource is not to be released.
func (r *Resource) TimeEnds() (leased, free *time.Time, ok bool) {
	if r.Status != ResourceActive {
		return nil, nil, false
	}
	for i := range r.Terms {
		t := &r.Terms[i]
		end := &leased
		switch t.ChargeMode.Group() {
		case Postpay:
			continue
		case Free:
			end = &free
		}
		if t.ExpiresAt == nil {
			return nil, nil, false
		}
		if *end == nil || t.ExpiresAt.After(**end) {
			*end = t.ExpiresAt
		}
	}
	return leased, free, leased != nil || free != nil
}

// ReleaseFallsDue is what decides when a resource is to be released because its time is over: its TimeEnds, nil where that
// was said.
func (r *Resource) ReleaseFallsDue() (leased, free *time.Time) {
	if r.releaseFor(ReleaseLeaseEnded) != nil {
		return nil, nil
	}
	leased, free, _ = r.TimeEnds()
	return leased, free
}

// ReleaseIsOver says that the resource was to be released because its time was over, and has time again.
func (r *Resource) ReleaseIsOver() bool {
	release := r.releaseFor(ReleaseLeaseEnded)
	return release != nil && r.leaseGoesOn(*release)
}

// ReleasedFor is the settlement that the resource is to be released for; "" is none.
func (r *Resource) ReleasedFor() string {
	if release := r.releaseFor(ReleaseArrears); release != nil {
		return release.OrderID
	}
	return ""
}

// firstEnd is the first of those ends of leases that count; false when none does.
func (r *Resource) firstEnd(counts func(time.Time) bool) (first time.Time, ok bool) {
	for i := range r.Terms {
		if t := &r.Terms[i]; t.leased() && counts(*t.ExpiresAt) && (!ok || t.ExpiresAt.Before(first)) {
			first, ok = *t.ExpiresAt, true
		}
	}
	return first, ok
}

// leased says whether the term is paid for until a time.
func (t *Term) leased() bool { return t.ChargeMode.Group() == Prepay && t.ExpiresAt != nil }

// timed says whether the term is for a time with an end, leased or free.
func (t *Term) timed() bool { return t.ChargeMode.Group() != Postpay && t.ExpiresAt != nil }

func hasTime(all []time.Time, at time.Time) bool {
	return slices.ContainsFunc(all, at.Equal)
}
