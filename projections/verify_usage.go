package projections

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"orderledger/eventstore"
)

// usage holds which months the use of each resource keeps open against what its organisation counts: from the
// resources' events, and from the organisations' (unsettled, reckoned by the walk through the log).
func (v Verification) usage(ctx context.Context, head eventstore.Head, unsettled map[monthKey]int64) (Check, error) {
	w := &usageWalk{check: Check{Name: "usage", OK: true}, counts: map[monthKey]int64{}}
	if err := v.streams(ctx, "resource", w.check.Name, head.Position, w.next); err != nil {
		return w.check, err
	}
	w.end()
	for key, n := range w.counts {
		if unsettled[key] != n {
			w.check.fault("%d resources of %s have use in %s that is not settled, and the organisation counts %d", n, key.org, key.month, unsettled[key])
		}
	}
	for key, n := range unsettled {
		if w.counts[key] != n {
			w.check.fault("%d resources of %s have use in %s that is not settled, and the organisation counts %d", w.counts[key], key.org, key.month, n)
		}
	}
	return w.check, nil
}

// usageWalk is a resource on the way through its events.
type usageWalk struct {
	check  Check
	org    string
	uses   []usedCycle
	months []string // with use that is not settled, in order
	counts map[monthKey]int64
}

type usedCycle struct {
	End    time.Time `json:"cycle_end"`
	Period string    `json:"period"`
}

// usagePayload has what the walk reads of a payload.
type usagePayload struct {
	Uses    []usedCycle `json:"uses"`
	Opened  []string    `json:"opened_periods"`
	Through time.Time   `json:"through"`
	All     bool        `json:"all"`
	Settled []string    `json:"settled_periods"`
}

func (w *usageWalk) next(e *eventstore.Event, first bool) {
	if first {
		w.end()
		w.org, w.uses, w.months = e.OrgID, nil, nil
	}
	kind := about(e)
	if kind != "resource.usage_recorded" && kind != "resource.settled" {
		return
	}
	w.check.Checked++
	var p usagePayload
	if err := json.Unmarshal(e.Payload, &p); err != nil {
		w.check.fault("event %d can't be read: %s", e.Position, err)
		return
	}
	before := w.months
	if kind == "resource.settled" {
		w.uses = slices.DeleteFunc(w.uses, func(u usedCycle) bool { return p.All || !u.End.After(p.Through) })
	} else {
		for _, u := range p.Uses {
			if !slices.Contains(w.uses, u) {
				w.uses = append(w.uses, u)
			}
		}
	}
	w.months = nil
	for _, u := range w.uses {
		w.months = append(w.months, u.Period)
	}
	slices.Sort(w.months)
	w.months = slices.Compact(w.months)
	if !sameMonths(without(w.months, before), p.Opened) || !sameMonths(without(before, w.months), p.Settled) {
		w.check.fault("event %d: use keeps the months %v open, before it %v; the event opens %v and settles %v", e.Position, w.months, before, p.Opened, p.Settled)
	}
}

func without(all, gone []string) (rest []string) {
	for _, m := range all {
		if !slices.Contains(gone, m) {
			rest = append(rest, m)
		}
	}
	return rest
}

func sameMonths(a, b []string) bool {
	return slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
}

// end counts the months that the last resource keeps open.
func (w *usageWalk) end() {
	for _, month := range w.months {
		w.counts[monthKey{w.org, month}]++
	}
	w.months = nil
}
