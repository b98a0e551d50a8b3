package handlers

import (
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"orderledger/domain"
	"orderledger/eventstore"
)

// batch is a set of commands that are decided one after another and appended together. Until it is
// sent it belongs to the executor's goroutine.
type batch struct {
	eventstore.Batch
	tasks   []*task // accepted and refused, in order
	refused []refusal
	waiting int  // followers that were taken with it
	bytes   int  // of bodies and events
	closed  bool // takes no more

	// base are the states that the batch was decided on, after those that it leads to.
	base, after map[domain.Ref]domain.State
	claims      map[eventstore.Claim]bool
	before      *batch // the one on its way, whose effects base includes
	deciding    *task  // whose claims Taken tells of

	landed chan struct{} // closed when the database has answered
	known  map[eventstore.KeyRef]eventstore.Command
	err    error
}

type refusal struct {
	task *task
	why  *domain.Rejection
	at   time.Time
}

func (e *Executor) newBatch(flying *batch) *batch {
	b := &batch{
		base: map[domain.Ref]domain.State{}, after: map[domain.Ref]domain.State{}, claims: map[eventstore.Claim]bool{},
		before: flying, landed: make(chan struct{}),
	}
	b.Base = e.head
	if flying != nil {
		b.Base = flying.Next
	}
	b.Next = b.Base
	return b
}

func (b *batch) empty() bool { return len(b.tasks) == 0 }
func (b *batch) full() bool {
	return b.closed || len(b.tasks)+b.waiting >= batchMax || b.bytes >= batchBytesMax ||
		len(b.Events) >= batchEventsMax || len(b.Claims) >= batchClaimsMax
}

// Order, Account and Org make the batch the States of the next command: as the commands before left them.
func (b *batch) Order(id string) *domain.Order {
	o, _ := b.state(domain.OrderRef(id)).(*domain.Order)
	return o
}

// Account is an account as the commands before left it.
func (b *batch) Account(orgID string) *domain.Account {
	a, _ := b.state(domain.AccountRef(orgID)).(*domain.Account)
	return a
}

// Org is an organisation's settings as the commands before left them.
func (b *batch) Org(orgID string) *domain.Org {
	o, _ := b.state(domain.OrgRef(orgID)).(*domain.Org)
	return o
}

// Resource is a resource as the commands before left it.
func (b *batch) Resource(orgID, resourceID string) *domain.Resource {
	r, _ := b.state(domain.ResourceRef(orgID, resourceID)).(*domain.Resource)
	return r
}

func (b *batch) state(ref domain.Ref) domain.State {
	if s, ok := b.after[ref]; ok {
		return s
	}
	return b.base[ref]
}

// prepare decides more tasks on top of the batch. Tasks whose states can't be loaded go back.
func (e *Executor) prepare(b *batch, tasks []*task) {
	if b.Base.Fenced != "" && b.empty() {
		e.reread(e.log.Head) // an operator may have opened an epoch
		b.Base, b.Next = e.head, e.head
		clear(b.base) // others may have gone on since it was read
	}
	tasks, err := e.answerKnown(tasks)
	if err == nil {
		err = e.loadAll(b, tasks)
	}
	if err != nil {
		e.retry = append(tasks, e.retry...)
		e.paused(retryPause, err)
		return
	}
	now := e.now().UTC().Truncate(time.Microsecond)
	if now.Before(b.Next.RecordedAt) {
		now = b.Next.RecordedAt // time never runs back in the log
	}
	first := len(b.Events)
	rest, err := e.decideAll(b, tasks, now)
	e.retry = append(rest, e.retry...)
	if len(b.Events) > first {
		b.Next = eventstore.Seal(b.Next, b.Events[first:], now)
		b.Encode()
	}
	if err != nil {
		e.paused(retryPause, err)
	}
}

// decideAll decides tasks one after another; rest are those that the batch has no room for, or whose states can't be
// loaded. What a command needs may grow by what the ones before it did: a renewal that was placed just now names its
// resource, and other arrears are the oldest after some were paid.
func (e *Executor) decideAll(b *batch, tasks []*task, now time.Time) (rest []*task, err error) {
	for i, t := range tasks {
		rest = tasks[i:len(tasks):len(tasks)]
		if b.full() {
			return rest, nil
		}
		if i > 0 && t.err == nil && len(e.missing(b, t)) > 0 {
			if err := e.loadAll(b, rest); err != nil {
				return rest, err
			}
		}
		e.decide(b, t, now)
	}
	return nil, nil
}

func (e *Executor) decide(b *batch, t *task, now time.Time) {
	if reason := e.unfit(b); reason != nil {
		t.answer(Result{}, reason)
		return
	}
	if t.err != nil { // its stream can't be read
		t.answer(Result{}, t.err)
		return
	}
	if c, ok := e.keys.get(t.ref()); ok { // now that its organisation is known
		e.stats.Replayed.Add(1)
		t.replay(c)
		return
	}
	if first, ok := e.active[t.ref()]; ok {
		first.followers = append(first.followers, t)
		b.waiting++
		return
	}
	b.deciding = t
	clock := domain.Clock{Now: now, At: now, Actor: t.Actor}
	if !t.At.IsZero() {
		clock.At, clock.Actor = t.At.UTC().Truncate(time.Microsecond), importing+t.Actor
	}
	decision, why, err := decideSafely(b, t.Command, clock)
	made := len(b.Claims)
	if why == nil && err == nil {
		why, err = b.claim(t, decision.Claims, len(b.Events))
	}
	if why != nil {
		b.put(t)
		b.refused = append(b.refused, refusal{t, why, now})
		b.Ask = append(b.Ask, t.ref())
		return
	}
	if err == nil {
		err = b.add(t, decision, clock)
	}
	if err != nil {
		b.unclaim(made)
		t.answer(Result{}, err)
		return
	}
	b.put(t)
	e.active[t.ref()] = t
}

// decideSafely keeps a rule that breaks down to the one command that it broke on: nothing has happened yet, and all
// others would go down with the process, again at each attempt to send the command.
func decideSafely(s domain.States, c domain.Command, clock domain.Clock) (d domain.Decision, why *domain.Rejection, err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = fmt.Errorf("decide %s: %v\n%s", c.Name(), cause, debug.Stack())
		}
	}()
	d, why = domain.Decide(s, c, clock)
	return d, why, nil
}

func (b *batch) put(t *task) {
	b.tasks = append(b.tasks, t)
	b.bytes += t.Bytes
}

// unfit says why nothing may be decided now.
func (e *Executor) unfit(b *batch) error {
	if b.Base.Fenced != "" {
		return &FencedError{b.Base.Fenced}
	}
	if reason := e.skewed.Load(); reason != nil {
		return &FencedError{*reason}
	}
	return nil
}

// add appends an accepted command's events to the batch and folds them into its states.
func (b *batch) add(t *task, d domain.Decision, clock domain.Clock) error {
	if len(d.Events) > eventstore.CommandEventsMax {
		return ErrTooLarge
	}
	encoded := make([]eventstore.Event, len(d.Events))
	bytes := 0
	for i, se := range d.Events {
		name, payload, err := domain.EncodeEvent(se.Event)
		if err != nil {
			return err
		}
		if len(payload) > eventstore.PayloadMax {
			return ErrTooLarge
		}
		bytes += len(payload)
		encoded[i] = eventstore.Event{
			Stream: se.Stream.String(), Type: name, OrgID: t.org, Actor: clock.Actor,
			Correlation: t.Correlation, OccurredAt: clock.At, Payload: payload,
		}
	}
	first := b.Base.Position + int64(len(b.Events)) + 1
	encoded[0].Key, encoded[0].Fingerprint = t.Key, t.Fingerprint
	for i, se := range d.Events {
		if i > 0 {
			encoded[i].Causation = eventstore.CausedBy(first)
		}
		state := b.state(se.Stream)
		if state != nil {
			encoded[i].Version = state.StreamVersion()
		}
		encoded[i].Version++
		b.after[se.Stream] = domain.Evolve(state, se.Event, domain.Meta{
			Position: first + int64(i), Version: encoded[i].Version, OccurredAt: clock.At, RecordedAt: clock.Now, Actor: clock.Actor,
		})
	}
	for _, s := range d.Secrets {
		b.Erasables = append(b.Erasables, eventstore.Erasable{OrgID: t.org, Name: s.Name, Value: s.Value, Salt: s.Salt, Event: len(b.Events)})
	}
	b.Events = append(b.Events, encoded...)
	b.bytes += bytes
	t.events = d.Events
	t.result = Result{First: first, Last: first + int64(len(encoded)) - 1, Event: d.Events[0].Event, State: b.after[d.Events[0].Stream]}
	return nil
}

// importing marks the actor of history that is brought in, so that it is told apart from what happens now.
const importing = "import:"

// FencedError says why nothing is accepted until an operator has looked.
type FencedError struct{ Reason string }

func (e *FencedError) Error() string { return ErrFenced.Error() + ": " + e.Reason }

// Is makes it an ErrFenced.
func (e *FencedError) Is(target error) bool { return errors.Is(ErrFenced, target) }
