package webhooks

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"time"

	"orderledger/eventstore"
)

const (
	runsMax    = 64                     // endpoints that are worked at once
	perHostMax = 8                      // of them on one host
	readyLook  = 200 * time.Millisecond // between looks whose time has come
	tailPage   = 1000
)

// shift is a worker's time with the lock. It follows the log once for all endpoints, and knows of each whether there is
// something for it: an endpoint that nothing is for costs a look at each event's organisation and type.
type shift struct {
	*Worker
	wake chan struct{}

	mu      sync.Mutex
	entries map[string]*entry   // the active endpoints
	byOrg   map[string][]*entry // the same
	ready   []*entry            // in the order of their turns; some have to wait for their time
	hosts   map[string]int      // runs by host
	running int
	tail    int64 // the log was followed up to here
	runs    sync.WaitGroup
	// sends ends a while after the shift, so that deliveries under way may come to an end.
	sends context.Context
}

// entry is what a shift knows of an active endpoint.
type entry struct {
	id, orgID, host string
	filter          []string
	revision        int64 // of its row, that this was read from
	saved           int64 // its position in the row, or before it
	// There may be something for it from a position on (0: from its row's), nothing else before it; latest is the last that
	// there is for certain. Everything up to doneTo is done.
	pending         bool
	from, latest    int64
	doneTo          int64
	next            time.Time // not before
	queued, running bool
	active          bool // false only until its last run has ended
	logged          int  // deliveries
}

func newShift(w *Worker) *shift {
	return &shift{Worker: w, wake: make(chan struct{}, 1), entries: map[string]*entry{}, byOrg: map[string][]*entry{}, hosts: map[string]int{}}
}

// run works until ctx ends, or something fails that another shift may do better.
func (s *shift) run(ctx context.Context) error {
	head, err := s.Log.Head(ctx)
	if err != nil {
		return err
	}
	defer s.counts.forget()
	s.tail = head.Position // what is before is found when the endpoints are looked at
	var cut context.CancelFunc
	s.sends, cut = context.WithCancel(context.WithoutCancel(ctx))
	defer cut()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var all sync.WaitGroup
	for _, part := range []func(context.Context) error{
		func(ctx context.Context) error {
			return s.Feed.Follow(ctx, head.Position, head.Hash, tailPage, s.notice)
		},
		s.followChanges,
		s.keepHouse,
	} {
		all.Go(func() { cancel(part(ctx)) })
	}
	s.dispatch(ctx)
	all.Wait()
	defer time.AfterFunc(closeWithin, cut).Stop()
	s.runs.Wait()
	s.save(context.WithoutCancel(ctx))
	return context.Cause(ctx)
}

// notice looks for whom the log's next events are.
func (s *shift) notice(_ context.Context, events []eventstore.Event) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range events {
		position := events[i].Position
		for _, e := range s.byOrg[events[i].OrgID] {
			if position <= e.doneTo || !wants(e.filter, events[i].Type) {
				continue
			}
			if e.latest = position; !e.pending {
				e.pending, e.from = true, position
				s.queue(e)
			}
		}
		s.tail = position
	}
	return nil
}

// queue gives an endpoint a turn.
func (s *shift) queue(e *entry) {
	if !e.queued && !e.running {
		e.queued = true
		s.ready = append(s.ready, e)
	}
	s.poke()
}

func (s *shift) poke() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// dispatch starts runs until ctx ends.
func (s *shift) dispatch(ctx context.Context) {
	tick := time.NewTicker(readyLook)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.wake:
		case <-tick.C:
		}
		s.start(ctx)
	}
}

// turn is what a run of an endpoint begins with.
type turn struct {
	id, host string
	revision int64
	from     int64
	logged   int
}

// start starts those whose turn it is, as far as there is room.
func (s *shift) start(ctx context.Context) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.Now()
	var wait []*entry
	for i, e := range s.ready {
		if s.running >= runsMax {
			wait = append(wait, s.ready[i:]...)
			break
		}
		switch {
		case !e.active:
			e.queued = false
		case s.hosts[e.host] >= perHostMax, e.next.After(now):
			wait = append(wait, e)
		default:
			e.queued, e.running = false, true
			s.running++
			s.hosts[e.host]++
			at := turn{e.id, e.host, e.revision, e.from, e.logged}
			s.runs.Go(func() { s.finish(e, at, s.work(ctx, at)) })
		}
	}
	s.ready = wait
}

// finish keeps what a run found out, unless the endpoint was changed meanwhile: then it is looked at again.
func (s *shift) finish(e *entry, at turn, r runResult) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.running--
	if s.hosts[at.host]--; s.hosts[at.host] == 0 {
		delete(s.hosts, at.host)
	}
	e.running = false
	e.logged += r.delivered
	defer s.poke() // there is room for another
	if !e.active {
		delete(s.entries, e.id)
		return
	}
	switch {
	case e.revision != at.revision || errors.Is(r.err, errChanged):
		e.pending, e.from, e.doneTo = true, 0, 0
		if e.revision == at.revision { // the change is not known yet; it will be within the second
			e.next = s.Now().Add(changesLook)
		}
	case errors.Is(r.err, errEnded):
		s.drop(e)
		return
	case r.err != nil:
		if !errors.Is(r.err, context.Canceled) { // the shift ends
			slog.Warn("a webhook's events wait", "endpoint", e.id, "error", r.err)
		}
		e.pending, e.from, e.next = true, 0, s.Now().Add(standby)
	default:
		e.from, e.doneTo, e.next, e.saved = r.from, r.from-1, r.next, max(e.saved, r.saved)
		e.pending = r.more || e.latest >= r.from
	}
	if e.pending {
		s.queue(e)
	}
}

// drop takes an endpoint out. While a run has it, it stays known: another run would send what that one does.
func (s *shift) drop(e *entry) {
	if e.active = false; !e.running {
		delete(s.entries, e.id)
	}
	s.byOrg[e.orgID] = slices.DeleteFunc(s.byOrg[e.orgID], func(other *entry) bool { return other == e })
	if len(s.byOrg[e.orgID]) == 0 {
		delete(s.byOrg, e.orgID)
	}
}

// take brings an endpoint's row into the shift.
func (s *shift) take(row changedRow) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.entries[row.id]
	if e != nil && e.revision >= row.revision {
		return
	}
	switch {
	case row.state != Active:
		if e != nil && e.active {
			e.revision = row.revision
			s.drop(e)
		}
		return
	case e == nil:
		e = &entry{id: row.id, orgID: row.orgID}
		s.entries[e.id] = e
	}
	if !e.active {
		e.active = true
		s.byOrg[e.orgID] = append(s.byOrg[e.orgID], e)
	}
	e.host, e.filter, e.revision, e.saved = hostOf(row.url), row.types, row.revision, row.position
	e.pending, e.from, e.doneTo, e.next = true, 0, 0, row.next
	s.queue(e)
}

var (
	errChanged = errors.New("the endpoint was changed")
	errEnded   = errors.New("the endpoint is not active any more")
)
