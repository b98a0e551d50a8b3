package domain

import (
	"slices"
	"time"
)

// endLeases takes the time that was given back from the resources it was for. A resource that nothing is paid or
// metered for any more is closed, or days after its lease would be charged.
func (d *draft) endLeases(o *Order, plan refundPlan, refundID, reason string) *Rejection {
	for _, id := range resourceIDs(o.Lines) {
		r := d.Resource(o.OrgID, id)
		if r == nil || r.Status != ResourceActive {
			continue
		}
		if d.clock.At.Before(r.OccurredAt) {
			return goesBack(r)
		}
		terms, leases := r.Terms, r.Leases
		for i := range plan.lines {
			l := o.line(plan.lines[i].LineNo)
			at := slices.IndexFunc(leases, func(x Lease) bool { return x.OrderID == o.OrderID && x.LineNo == l.LineNo })
			if at >= 0 && l.ResourceID == id {
				lease := leases[at]
				leases = slices.Delete(slices.Clone(leases), at, at+1)
				terms = termsWithout(terms, o, l, lease, leases, d.clock.At)
			}
		}
		ref := ResourceRef(o.OrgID, id)
		switch {
		case len(leases) == len(r.Leases):
		case len(terms) == 0 && len(leases) == 0 && len(r.Uses) == 0: // its terms stay, for a recovery to find them
			d.emit(ref, ResourceClosed{OrgID: o.OrgID, ResourceID: id, Reason: reason, RefundOrders: []string{refundID}})
		default:
			d.emit(ref, ResourceChanged{
				OrgID: o.OrgID, ResourceID: id, OrderID: refundID, OrderType: Refund, Profile: r.Profile, Terms: terms, Leases: leases,
			})
		}
	}
	return nil
}

// line finds a line by its number.
func (o *Order) line(no int) *Line {
	for i := range o.Lines {
		if o.Lines[i].LineNo == no {
			return &o.Lines[i]
		}
	}
	return nil
}

// termsWithout takes a lease's time from its term. A lease that is still to come, or runs before others that are, leaves
// the term what is paid for besides; without any, the term is gone. With an upgrade its price goes, where that is the present one, or a downgrade would give it back once more.
func termsWithout(terms []Term, o *Order, l *Line, lease Lease, others []Lease, at time.Time) []Term {
	switch o.OrderType {
	case Purchase, Renewal, Recovery, Convert, TermSettlement:
	case Upgrade:
		return termsBefore(terms, l)
	default:
		return terms
	}
	i := slices.IndexFunc(terms, func(t Term) bool { return t.ProductCode == l.ProductCode && t.BillingItem == l.BillingItem })
	if i < 0 || terms[i].ExpiresAt == nil || terms[i].EffectiveAt == nil {
		return terms
	}
	next := slices.Clone(terms)
	t := &next[i]
	last := !lease.ExpiresAt.Before(*t.ExpiresAt)
	switch {
	case last && lease.EffectiveAt.After(at) && lease.EffectiveAt.After(*t.EffectiveAt):
		if lease.EffectiveAt.Before(*t.ExpiresAt) {
			t.endAt(lease.EffectiveAt)
		}
	case !last && lease.EffectiveAt.After(at):
	case !last && slices.ContainsFunc(others, func(x Lease) bool { return !x.EffectiveAt.Before(lease.ExpiresAt) }):
		t.Quantity = share(t.Quantity, t.ExpiresAt.Sub(lease.ExpiresAt), t.ExpiresAt.Sub(*t.EffectiveAt))
		t.EffectiveAt = &lease.ExpiresAt
	default:
		return slices.Delete(next, i, i+1)
	}
	return next
}

// termsBefore takes an upgrade back that the ledger priced itself; one of another price since stays.
func termsBefore(terms []Term, l *Line) []Term {
	i := slices.IndexFunc(terms, func(t Term) bool { return t.of(l) })
	if i < 0 || !l.Prorated || l.NewUnitPrice == nil || !terms[i].UnitPrice.Equal(l.NewUnitPrice.Decimal) {
		return terms
	}
	next := slices.Clone(terms)
	t := &next[i]
	t.UnitPrice = Decimal{t.UnitPrice.Sub(l.UnitPrice.Decimal)}
	if slices.Equal(t.Config, l.NewConfig) {
		t.Config = l.OldConfig
	}
	return next
}
