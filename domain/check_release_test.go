package domain_test

import (
	"time"

	"orderledger/domain"
)

// checkReleases wants what is said of deadlines and releases to hold when it is said: no earlier than due, and once until it
// is taken back.
func checkReleases(w *world, before map[domain.Ref]domain.State, events []stored) {
	open := map[domain.ReleaseReason]domain.Release{}
	for i, e := range events {
		if r, _ := before[e.stream].(*domain.Resource); r != nil && i == 0 {
			for _, release := range r.Releases {
				open[release.Reason] = release
			}
		}
		event, err := domain.DecodeEvent(e.name, e.payload)
		if err != nil {
			w.t.Fatal(err)
		}
		switch event := event.(type) {
		case domain.FulfilmentOverdue:
			o, _ := before[e.stream].(*domain.Order)
			if o == nil || o.Overdue != nil || o.PaidAt == nil || !o.PaidAt.Equal(event.Since) || e.meta.OccurredAt.Before(event.Deadline) {
				w.t.Fatalf("overdue: %s of %+v", e.payload, o)
			}
		case domain.ReleaseDue:
			if _, said := open[event.Reason]; said || e.meta.OccurredAt.Before(event.DueAt) || event.DueAt.Before(event.Since) {
				w.t.Fatalf("release: %s at %s, after %+v", e.payload, e.meta.OccurredAt, open)
			}
			open[event.Reason] = domain.Release{Reason: event.Reason, OrderID: event.OrderID, Since: event.Since}
			checkCause(w, e.stream, event)
		case domain.ReleaseWithdrawn:
			if was := open[event.Reason]; was.OrderID != event.OrderID || !was.Since.Equal(event.Since) {
				w.t.Fatalf("release: %s takes back %+v", e.payload, was)
			}
			delete(open, event.Reason)
		}
	}
}

// checkCause looks for what a resource is to be released for: no time paid or given after it, or arrears about it.
func checkCause(w *world, stream domain.Ref, e domain.ReleaseDue) {
	r := w.states[stream].(*domain.Resource)
	if o, _ := w.states[domain.OrderRef(e.OrderID)].(*domain.Order); e.Reason == domain.ReleaseArrears {
		if o == nil || !o.Arrears || !o.CreatedAt.Equal(e.Since) {
			w.t.Fatalf("release: for %s of %+v", e.OrderID, o)
		}
		return
	}
	var last time.Time
	for _, t := range r.Terms {
		if t.ChargeMode.Group() == domain.Postpay {
			continue
		}
		if t.ExpiresAt == nil || t.ExpiresAt.After(e.Since) {
			w.t.Fatalf("release: %s has time until %v, after %s", t.ProductCode, t.ExpiresAt, e.Since)
		}
		if t.ExpiresAt.After(last) {
			last = *t.ExpiresAt
		}
	}
	if !last.Equal(e.Since) {
		w.t.Fatalf("release: its time ended at %s, not at %s", last, e.Since)
	}
}
