package bench

import (
	"context"
	"fmt"
	"time"

	"orderledger/domain"
	"orderledger/eventstore"
)

// grow makes a log of at least so many events as fast as the database takes them: orders placed and paid
// by the rules themselves, written in large batches without an executor. With one account all payments
// are one organisation's.
func grow(ctx context.Context, log *eventstore.Log, events int, accounts int) error {
	head, err := log.Head(ctx)
	if err != nil {
		return err
	}
	g := newGrower(log, head)
	for i := range accounts {
		if err := g.do(ctx, domain.TopUp{OrgID: org(i), Amount: money("1000000000.00"), Currency: "CNY", Reference: fmt.Sprintf("grow-%d", g.run)}); err != nil {
			return err
		}
	}
	for i := 0; g.head.Position+int64(len(g.events)) < head.Position+int64(events); i++ {
		o := purchase(org(i % accounts))
		if err := g.do(ctx, o); err != nil {
			return err
		}
		if err := g.do(ctx, domain.PayOrder{OrderID: o.OrderID, OrgID: o.OrgID}); err != nil {
			return err
		}
		delete(g.states, domain.OrderRef(o.OrderID))
	}
	return g.flush(ctx)
}

// grower decides commands in memory, as an executor does, but for one caller that knows what it does.
type grower struct {
	log    *eventstore.Log
	head   eventstore.Head
	run    int64
	states map[domain.Ref]domain.State
	events []eventstore.Event
	claims []eventstore.Claim
	keys   int
	// at is the time of what is done; the zero time is now.
	at time.Time
}

func (g *grower) now() time.Time {
	if g.at.IsZero() {
		return time.Now().UTC().Truncate(time.Microsecond)
	}
	return g.at
}

func newGrower(log *eventstore.Log, head eventstore.Head) *grower {
	return &grower{log: log, head: head, states: map[domain.Ref]domain.State{}, run: head.Position}
}

func (g *grower) Order(id string) *domain.Order {
	o, _ := g.states[domain.OrderRef(id)].(*domain.Order)
	return o
}

func (g *grower) Account(id string) *domain.Account {
	a, _ := g.states[domain.AccountRef(id)].(*domain.Account)
	return a
}

func (g *grower) Org(id string) *domain.Org {
	o, _ := g.states[domain.OrgRef(id)].(*domain.Org)
	return o
}

func (g *grower) Resource(org, id string) *domain.Resource {
	r, _ := g.states[domain.ResourceRef(org, id)].(*domain.Resource)
	return r
}

func (g *grower) Taken(string, string, string) bool { return false }

// growBatch is how many events are written at once; with one statement for all, larger gains nothing.
const growBatch = 2000

func (g *grower) do(ctx context.Context, c domain.Command) error {
	now := g.now()
	decision, why := domain.Decide(g, c, domain.Clock{Now: now, At: now})
	if why != nil {
		return why
	}
	first := g.head.Position + int64(len(g.events)) + 1
	for _, claim := range decision.Claims {
		g.claims = append(g.claims, eventstore.Claim{OrgID: c.Org(), Kind: claim.Kind, Value: claim.Value, Event: len(g.events)})
	}
	for i, se := range decision.Events {
		name, payload, err := domain.EncodeEvent(se.Event)
		if err != nil {
			return err
		}
		e := eventstore.Event{Stream: se.Stream.String(), Version: 1, Type: name, OrgID: c.Org(), Actor: "key:bench", OccurredAt: now, Payload: payload}
		state := g.states[se.Stream]
		if state != nil {
			e.Version = state.StreamVersion() + 1
		}
		if i == 0 {
			g.keys++
			e.Key = fmt.Sprintf("grow-%d-%d", g.run, g.keys)
			e.Fingerprint[0] = 1
		} else {
			e.Causation = eventstore.CausedBy(first)
		}
		next := domain.Evolve(state, se.Event, domain.Meta{Position: first + int64(i), Version: e.Version, OccurredAt: now, RecordedAt: now})
		g.states[se.Stream] = next
		g.events = append(g.events, e)
		if err := g.save(ctx, se.Stream, next); err != nil {
			return err
		}
	}
	if len(g.events) >= growBatch {
		return g.flush(ctx)
	}
	return nil
}

// save keeps the states of long streams, as the executor does.
func (g *grower) save(ctx context.Context, stream domain.Ref, s domain.State) error {
	if s.StreamVersion()%1000 != 0 {
		return nil
	}
	if err := g.flush(ctx); err != nil {
		return err
	}
	state, err := domain.EncodeState(s)
	if err != nil {
		return err
	}
	return g.log.SaveState(ctx, eventstore.SavedState{
		Stream: stream.String(), OrgID: domain.OrgOf(s), Version: s.StreamVersion(), Rules: domain.RulesVersion, State: state,
	})
}

func (g *grower) flush(ctx context.Context) error {
	if len(g.events) == 0 {
		return nil
	}
	now := g.now()
	next := eventstore.Seal(g.head, g.events, now)
	if _, err := g.log.Append(ctx, &eventstore.Batch{Base: g.head, Next: next, Events: g.events, Claims: g.claims}); err != nil {
		return err
	}
	g.head, g.events, g.claims = next, g.events[:0], nil
	return nil
}
