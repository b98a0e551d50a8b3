package handlers

import (
	"context"
	"errors"
	"fmt"
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
	waiting int // followers that were taken with it
	bytes   int
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
	return b.closed || len(b.tasks)+b.waiting >= batchMax || b.bytes >= batchBytesMax
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

// Taken says whether a claim is known to be made: by an earlier command, in the log, on its way there, or in this batch.
func (b *batch) Taken(orgID, kind, value string) bool {
	key := eventstore.Claim{OrgID: orgID, Kind: kind, Value: value}
	return b.deciding.taken[key] || b.claims[key] || b.before != nil && b.before.claims[key]
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
	for _, t := range tasks {
		e.decide(b, t, now)
	}
	if len(b.Events) > first {
		b.Next = eventstore.Seal(b.Next, b.Events[first:], now)
		b.Encode()
	}
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
	decision, why := domain.Decide(b, t.Command, clock)
	if why == nil {
		why = b.refusedClaim(t, decision.Claims)
	}
	b.bytes += t.Bytes
	if why != nil {
		b.tasks = append(b.tasks, t)
		b.refused = append(b.refused, refusal{t, why, now})
		b.Ask = append(b.Ask, t.ref())
		return
	}
	first := len(b.Events)
	if err := b.add(t, decision, clock); err != nil {
		t.answer(Result{}, err)
		return
	}
	b.claim(t, decision.Claims, first)
	b.tasks = append(b.tasks, t)
	e.active[t.ref()] = t
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

// refusedClaim says whether what may happen once has happened: an earlier command took it, in the log, on
// its way there, or in this batch.
func (b *batch) refusedClaim(t *task, claims []domain.Claim) *domain.Rejection {
	for _, c := range claims {
		key := eventstore.Claim{OrgID: t.org, Kind: c.Kind, Value: c.Value}
		if t.taken[key] || b.claims[key] || b.before != nil && b.before.claims[key] {
			return c.Taken
		}
	}
	return nil
}

// claim makes a task's claims, with its event of that index.
func (b *batch) claim(t *task, claims []domain.Claim, event int) {
	for _, c := range claims {
		key := eventstore.Claim{OrgID: t.org, Kind: c.Kind, Value: c.Value}
		b.claims[key] = true
		key.Event = event
		b.Claims = append(b.Claims, key)
	}
}

// add appends an accepted command's events to the batch and folds them into its states.
func (b *batch) add(t *task, d domain.Decision, clock domain.Clock) error {
	encoded := make([]eventstore.Event, len(d.Events))
	for i, se := range d.Events {
		name, payload, err := domain.EncodeEvent(se.Event)
		if err != nil {
			return err
		}
		if len(payload) > eventstore.PayloadMax {
			return ErrTooLarge
		}
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
	t.result = Result{First: first, Last: first + int64(len(encoded)) - 1, Event: d.Events[0].Event, State: b.after[d.Events[0].Stream]}
	return nil
}

// loadAll makes sure that base has every stream that the tasks need. For a command that names no
// organisation, its order tells, which may be placed by a task before it.
func (e *Executor) loadAll(b *batch, tasks []*task) error {
	var orgless []*task
	for _, t := range tasks {
		if t.org == "" {
			orgless = append(orgless, t)
		}
	}
	if len(orgless) > 0 {
		if err := e.load(b, orgless); err != nil {
			return err
		}
		placing := placedBy(tasks)
		for _, t := range orgless {
			id := domain.OrderOf(t.Command)
			org := placing[id]
			if o := b.Order(id); o != nil {
				org = o.OrgID
			}
			if org != "" {
				t.org, t.Command = org, t.Command.ForOrg(org)
			}
		}
	}
	return e.load(b, tasks)
}

// placedBy has the organisation of each order that the tasks are the first to place.
func placedBy(tasks []*task) map[string]string {
	orgs := map[string]string{}
	for _, t := range tasks {
		if c, ok := t.Command.(domain.PlaceOrder); ok && orgs[c.OrderID] == "" {
			orgs[c.OrderID] = c.OrgID
		}
	}
	return orgs
}

// importing marks the actor of history that is brought in, so that it is told apart from what happens now.
const importing = "import:"

// load finds the states that tasks need: in the batch, in the one before it, in the cache, or else in
// the database, all missing ones in one query. What is loaded may tell of more: an order names its resource.
func (e *Executor) load(b *batch, tasks []*task) error {
	for range needsRounds {
		wanted, err := e.loadRound(b, tasks)
		if err != nil || !wanted {
			return err
		}
	}
	return fmt.Errorf("the states that a command needs name more states after %d rounds", needsRounds)
}

// needsRounds bounds how often a command's needs may grow by what was loaded for them.
const needsRounds = 6

// loadRound loads what is missing now; false means that nothing was.
func (e *Executor) loadRound(b *batch, tasks []*task) (bool, error) {
	wanted := map[string][]*task{}
	for _, t := range tasks {
		if t.err != nil { // a stream of it can't be read
			continue
		}
		for _, ref := range t.Command.Needs(b) {
			if !e.find(b, ref) {
				stream := ref.String()
				wanted[stream] = append(wanted[stream], t)
			}
		}
	}
	if len(wanted) == 0 {
		return false, nil
	}
	streams := make([]string, 0, len(wanted))
	for stream := range wanted {
		streams = append(streams, stream)
	}
	ctx, cancel := context.WithTimeout(context.Background(), appendTimeout)
	defer cancel()
	found, err := e.log.Load(ctx, streams, domain.RulesVersion)
	if err != nil {
		return false, err
	}
	for stream, tasks := range wanted {
		ref, _ := domain.ParseRef(stream)
		state, err := stateOf(ref, found[stream])
		if err != nil { // an event of a newer build, or damage: only those who need it are refused
			for _, t := range tasks {
				t.err = err
			}
			continue
		}
		b.base[ref] = state
		e.cache.put(ref, state)
	}
	return true, nil
}

func (e *Executor) find(b *batch, ref domain.Ref) bool {
	if _, ok := b.after[ref]; ok {
		return true
	}
	if _, ok := b.base[ref]; ok {
		return true
	}
	if b.before != nil {
		if s, ok := b.before.after[ref]; ok {
			b.base[ref] = s
			return true
		}
	}
	s, ok := e.cache.get(ref)
	if ok {
		b.base[ref] = s
	}
	return ok
}

// stateOf folds what was loaded of a stream; nil is a stream without events.
func stateOf(ref domain.Ref, l *eventstore.Loaded) (domain.State, error) {
	if l == nil {
		return nil, nil
	}
	var s domain.State
	if l.Saved.State != nil {
		var err error
		if s, err = domain.DecodeState(ref, l.Saved.State); err != nil {
			return nil, err
		}
	}
	return fold(s, l.Tail)
}

// FencedError says why nothing is accepted until an operator has looked.
type FencedError struct{ Reason string }

func (e *FencedError) Error() string { return ErrFenced.Error() + ": " + e.Reason }

// Is makes it an ErrFenced.
func (e *FencedError) Is(target error) bool { return errors.Is(ErrFenced, target) }
