package domain_test

import (
	"encoding/json"
	"slices"
	"time"

	"orderledger/domain"
)

// monthBooks follows which months are closed, and which month each payment belongs to.
type monthBooks struct {
	w      *world
	closed map[string]string
}

func newMonthBooks(w *world) monthBooks { return monthBooks{w, map[string]string{}} }

func (b monthBooks) follow(clock domain.Clock, before map[domain.Ref]domain.State, events []stored) {
	for _, e := range events {
		var p struct {
			OrgID         string `json:"org_id"`
			OrderID       string `json:"order_id"`
			BillingPeriod string `json:"billing_period"`
			Period        string `json:"period"`
		}
		if err := json.Unmarshal(e.payload, &p); err != nil {
			b.w.t.Fatal(err)
		}
		org, _ := before[domain.OrgRef(p.OrgID)].(*domain.Org)
		zone := domain.SettingsOf(org).Location()
		switch e.name {
		case domain.TypeOrderPaid:
			b.checkPaid(b.w.Order(p.OrderID), p.BillingPeriod, clock.At.In(zone), zone)
		case domain.TypePeriodClosed:
			over, err := time.ParseInLocation("2006-01", p.Period, zone)
			if err != nil {
				b.w.t.Fatal(err)
			}
			if p.Period <= b.closed[p.OrgID] || clock.At.Before(over.AddDate(0, 1, 0)) {
				b.w.t.Fatalf("months: %s is closed at %s, after %q", p.Period, clock.At, b.closed[p.OrgID])
			}
			if org != nil && slices.ContainsFunc(org.Unsettled, func(u domain.UnsettledPeriod) bool { return string(u.Period) <= p.Period }) {
				b.w.t.Fatalf("months: %s is closed, and unsettled are %v", p.Period, org.Unsettled)
			}
			b.closed[p.OrgID] = p.Period
		}
	}
}

// checkPaid wants the first open month at or after the one that the money's time falls in: of its payment, or of the
// use that is settled.
func (b monthBooks) checkPaid(o *domain.Order, period string, at time.Time, zone *time.Location) {
	if slices.Contains(debited, o.OrderType) && o.Lines[0].EffectiveAt != nil {
		at = *o.Lines[0].EffectiveAt
	}
	want := at.In(zone).Format("2006-01")
	if closed := b.closed[o.OrgID]; want <= closed {
		month, _ := time.Parse("2006-01", closed)
		want = month.AddDate(0, 1, 0).Format("2006-01")
	}
	if period != want {
		b.w.t.Fatalf("months: a %s of %s belongs to %s, want %s; closed is %q", o.OrderType, at, period, want, b.closed[o.OrgID])
	}
}
