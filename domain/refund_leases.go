package domain

import (
	"slices"
	"time"

	"github.com/shopspring/decimal"
)

// endLeases takes the time that was given back from the resources it was for. A resource that nothing is paid or
// metered for any more is closed.
func (d *draft) endLeases(o *Order, plan refundPlan, refundID, reason string) {
	for _, id := range resourceIDs(o.Lines) {
		r := d.Resource(o.OrgID, id)
		if r == nil || r.Status != ResourceActive {
			continue
		}
		terms, leases := r.Terms, r.Leases
		for i := range plan.lines {
			l := o.line(plan.lines[i].LineNo)
			if at := slices.IndexFunc(leases, func(x Lease) bool { return x.OrderID == o.OrderID && x.LineNo == l.LineNo }); l.ResourceID == id && at >= 0 {
				lease := leases[at]
				leases = slices.Delete(slices.Clone(leases), at, at+1)
				terms = termsWithout(terms, o, l, lease, d.clock.At)
			}
		}
		if len(leases) == len(r.Leases) {
			continue
		}
		ref := ResourceRef(o.OrgID, id)
		if len(terms) == 0 && len(leases) == 0 && len(r.Uses) == 0 { // its terms stay, for a recovery to find them
			d.emit(ref, ResourceClosed{OrgID: o.OrgID, ResourceID: id, Reason: reason, RefundOrders: []string{refundID}})
			continue
		}
		d.emit(ref, ResourceChanged{
			OrgID: o.OrgID, ResourceID: id, OrderID: refundID, OrderType: Refund, Profile: r.Profile, Terms: terms, Leases: leases,
		})
	}
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

// termsWithout ends the term that a lease was the last time of: where the lease begins, if that is still to come;
// else it is gone. Orders that only changed the price leave the term as it is.
func termsWithout(terms []Term, o *Order, l *Line, lease Lease, at time.Time) []Term {
	switch o.OrderType {
	case Purchase, Renewal, Recovery, Convert, TermSettlement:
	default:
		return terms
	}
	i := slices.IndexFunc(terms, func(t Term) bool {
		return t.ProductCode == l.ProductCode && t.BillingItem == l.BillingItem && t.ExpiresAt != nil && t.ExpiresAt.Equal(lease.ExpiresAt)
	})
	if i < 0 {
		return terms
	}
	next := slices.Clone(terms)
	t := &next[i]
	if !lease.EffectiveAt.After(at) || t.EffectiveAt == nil || !lease.EffectiveAt.After(*t.EffectiveAt) {
		return slices.Delete(next, i, i+1)
	}
	kept, whole := lease.EffectiveAt.Sub(*t.EffectiveAt), t.ExpiresAt.Sub(*t.EffectiveAt)
	t.Quantity = Decimal{t.Quantity.Mul(decimal.NewFromInt(kept.Microseconds())).DivRound(decimal.NewFromInt(whole.Microseconds()), decimalFractionDigits)}
	end := lease.EffectiveAt
	t.ExpiresAt = &end
	return next
}
