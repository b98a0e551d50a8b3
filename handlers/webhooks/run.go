package webhooks

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"time"

	"orderledger/eventstore"
)

const (
	runMax   = 32              // deliveries in one turn
	runTime  = 2 * time.Second // after which a turn ends with what is under way: others wait for its room
	lookSpan = 10_000          // positions in one look
	lookMax  = 10              // events in one look
	saveSpan = 100_000         // positions without anything to deliver, until the row says so
)

// target is an endpoint's row as a run works on it.
type target struct {
	id, orgID, url string
	types          []string
	secret         []byte
	previous       []byte
	previousUntil  *time.Time
	state          State
	revision       int64
	replays        int64
	replayTo       int64
	position       int64
	attempts       int
	failingSince   *time.Time
	next           *time.Time
}

// runResult is how a turn ended: with an error; or everything before from is done, and there may be more.
type runResult struct {
	err       error
	from      int64
	saved     int64
	next      time.Time
	more      bool
	delivered int
}

// work delivers an endpoint's events in order, from a position on (0: its row's) until none is left, one fails, or the turn
// is over.
func (s *shift) work(ctx context.Context, at turn) (r runResult) {
	t, err := s.load(ctx, at.id)
	switch {
	case err != nil:
		return runResult{err: err}
	case t.state != Active:
		return runResult{err: errEnded}
	case t.revision != at.revision:
		return runResult{err: errChanged}
	case t.next != nil && t.next.After(s.Now()):
		return runResult{from: t.position + 1, saved: t.position, next: *t.next, more: true}
	}
	types := typesOf(t.types)
	r = runResult{from: max(at.from, t.position+1), more: true}
	for began := time.Now(); r.delivered < runMax && time.Since(began) < runTime && ctx.Err() == nil; {
		look := eventstore.Browse{Types: types, From: r.from, Span: lookSpan, Limit: lookMax}
		found, err := s.Reads.BrowseFor(ctx, t.orgID, look)
		if err != nil {
			return runResult{err: err}
		}
		for i := range found.Events {
			if ctx.Err() != nil || time.Since(began) >= runTime {
				r.saved = t.position
				return r
			}
			next, err := s.deliver(ctx, t, &found.Events[i], at.logged+r.delivered)
			r.delivered++
			if err != nil || !next.IsZero() {
				return runResult{err: err, from: t.position + 1, saved: t.position, next: next, more: true, delivered: r.delivered}
			}
			r.from = t.position + 1
		}
		if r.saved = t.position; ctx.Err() != nil {
			break
		}
		if found.Next == 0 {
			r.from, r.more = max(r.from, found.Head+1), false
			return r
		}
		r.from = found.Next
		if r.from-1-t.position >= saveSpan {
			if err := s.advance(ctx, t, r.from-1); err != nil {
				return runResult{err: err, delivered: r.delivered}
			}
		}
	}
	return r
}

// deliver makes one attempt at an event, and writes down what became of it; next is when it is tried again.
func (s *shift) deliver(ctx context.Context, t *target, e *eventstore.Event, logged int) (next time.Time, err error) {
	now := s.Now()
	p := parcelOf(t.id, e)
	s.counts.flying.Inc()
	o := s.Sender.send(s.sends, t.url, t.secrets(now), p, e.Position <= t.replayTo, now)
	s.counts.flying.Dec()
	if o.fault != "" && s.sends.Err() != nil {
		return next, ctx.Err() // we cut it off ourselves: it comes again, and is known by its id
	}
	s.counts.took.Observe(o.took.Seconds())
	if o.fault == "" {
		s.counts.deliveries.WithLabelValues("delivered").Inc()
		return next, s.settled(t, p, o, logged)
	}
	s.counts.deliveries.WithLabelValues(map[bool]string{false: "failed", true: "refused"}[o.refused]).Inc()
	since := now
	if t.failingSince != nil {
		since = *t.failingSince
	}
	reason := ""
	next, giveUp := retryAt(t.attempts+1, since, now, o.retryAfter, rand.Float64()) //nolint:gosec // it spreads load
	switch {
	case o.status == http.StatusGone:
		reason = ReasonGone
	case giveUp:
		reason = ReasonFailing
	}
	if err := s.failed(t, p, o, since, next, reason, logged); err != nil || reason == "" {
		return next, err
	}
	s.counts.disabled.WithLabelValues(reason).Inc()
	slog.WarnContext(ctx, "a webhook's endpoint is disabled; its events wait until somebody makes it active again",
		"endpoint", t.id, "org", t.orgID, "reason", reason, "position", e.Position, "last_error", o.fault)
	return time.Time{}, errEnded
}

// secrets sign now.
func (t *target) secrets(now time.Time) [][]byte {
	if t.previousUntil != nil && t.previousUntil.After(now) {
		return [][]byte{t.secret, t.previous}
	}
	return [][]byte{t.secret}
}

func hostOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return strings.ToLower(u.Hostname())
}
