package main

import (
	"context"
	"fmt"
	"time"

	"orderledger/client"
)

// next is all that is to be done now. Steps are about different things, and may be done in any order.
func (s *service) next(now time.Time) (steps []step) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, o := range s.orders {
		if report := s.report(o); report != nil && o.asked != string(report.State) {
			o.asked = string(report.State)
			steps = append(steps, step{o.asked + " " + o.id, &o.asked, func(ctx context.Context, c *client.Client) (client.Outcome, error) {
				return c.Fulfil(ctx, *report)
			}})
		}
	}
	for _, i := range s.instances {
		due := i.due()
		records := s.use(i, due, now)
		name := "use of " + i.id + " from " + i.reported.String()
		last := due != nil && len(records) < recordsMost
		if last {
			name = "release of " + i.id + ", " + due.Reason
		}
		if len(records) == 0 && !last || i.asked == name {
			continue
		}
		i.asked = name
		steps = append(steps, step{name, &i.asked, func(ctx context.Context, c *client.Client) (out client.Outcome, err error) {
			if len(records) > 0 {
				out, err = c.ReportUsage(ctx, client.Usage{Records: records})
			}
			if err == nil && last { // its last use is billed with this
				out, err = c.Release(ctx, due.ReleaseDue)
			}
			return out, err
		}})
	}
	return steps
}

// report is what to tell of an order; nil is nothing, as long as it is not paid.
func (s *service) report(o *order) *client.Fulfilment {
	switch {
	case !o.paid:
		return nil
	case o.started.IsZero():
		return &client.Fulfilment{OrderID: o.id, State: client.Started}
	}
	id, err := s.create(o)
	if err != nil {
		return &client.Fulfilment{OrderID: o.id, State: client.Failed, Reason: err.Error()}
	}
	f := &client.Fulfilment{OrderID: o.id, State: client.Completed, ResourceID: id}
	if s.lease > 0 { // from an event's time, not from this process's: whoever asks again says the same
		from, to := o.started, o.started.Add(s.lease)
		f.EffectiveAt, f.ExpiresAt = &from, &to
	}
	return f
}

const recordsMost = 1000

// use is what an instance used since the last report, in records that end where the clock strikes: the same from every
// process. The last ends when the instance is to be released.
func (s *service) use(i *instance, due *release, now time.Time) (records []client.UsageRecord) {
	end := now.Truncate(s.usageEvery)
	if due != nil {
		end = due.at
	}
	for from := i.reported; from.Before(end) && len(records) < recordsMost; {
		to := from.Truncate(s.usageEvery).Add(s.usageEvery)
		if to.After(end) {
			to = end
		}
		records = append(records, client.UsageRecord{
			RecordID: i.id + "/" + from.UTC().Format(time.RFC3339Nano), ResourceID: i.id, Meter: "running", Unit: "second",
			Quantity: seconds(to.Sub(from)), From: from.UTC(), To: to.UTC(),
		})
		from = to
	}
	return records
}

// due is the first reason to release the instance; nil is none.
func (i *instance) due() (first *release) {
	for _, r := range i.releases {
		if first == nil || r.at.Before(first.at) {
			first = &r
		}
	}
	return first
}

func seconds(d time.Duration) client.Number {
	return client.Number(fmt.Sprintf("%d.%06d", d/time.Second, d%time.Second/time.Microsecond))
}
