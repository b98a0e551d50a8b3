package handlers

import (
	"context"
	"fmt"

	"orderledger/domain"
	"orderledger/eventstore"
)

// firstAnswer makes a repeated command's first answer again, from the log.
func (e *Executor) firstAnswer(ctx context.Context, t *task) (Result, error) {
	if c, ok := t.Command.(domain.PlaceOrder); ok && len(c.Personal) > 0 {
		if err := e.samePersonal(ctx, c, t.result.First); err != nil {
			return Result{}, err
		}
	}
	if t.Brief {
		return t.result, nil
	}
	r, err := LoadResult(ctx, e.log, t.result.First, t.result.Last)
	if err != nil {
		return Result{}, fmt.Errorf("load the first answer: %w", err)
	}
	r.Replayed = t.result.Replayed
	return r, nil
}

// samePersonal compares personal values, which are not part of the fingerprint: a digest without a
// salt would let them be guessed after they are erased.
func (e *Executor) samePersonal(ctx context.Context, c domain.PlaceOrder, position int64) error {
	kept, err := e.log.Erasables(ctx, position)
	if err != nil {
		return err
	}
	for name, value := range c.Personal {
		if k, ok := kept[name]; ok && k.Value != value {
			return ErrKeyReused
		}
	}
	return nil
}

// LoadResult reads the answer to a command that was carried out: its first event, and where that is an order's, a
// resource's or a change of settings, the state of its stream right after the command. Accounts and organisations
// have long histories, and answers are made of their events alone; StateAt has what else is needed.
func LoadResult(ctx context.Context, log *eventstore.Log, first, last int64) (Result, error) {
	r := Result{First: first, Last: last}
	events, err := log.Read(ctx, first-1, 1)
	if err != nil {
		return r, err
	}
	if len(events) == 0 || events[0].Position != first {
		return r, fmt.Errorf("event %d is missing", first)
	}
	if r.Event, err = domain.DecodeEvent(events[0].Type, events[0].Payload); err != nil {
		return r, err
	}
	ref, _ := domain.ParseRef(events[0].Stream)
	_, settings := r.Event.(domain.OrgSettingsChanged)
	if settings || ref.Kind == domain.KindOrder || ref.Kind == domain.KindResource {
		r.State, err = StateAt(ctx, log, ref, last)
	}
	return r, err
}

// statePage is how many events StateAt holds at once.
const statePage = 1000

// StateAt is the state of a stream as it was at a position; nil when it had no events yet. It begins with the saved
// state where that is old enough, and else reads the whole history up to there, page by page.
func StateAt(ctx context.Context, log *eventstore.Log, ref domain.Ref, position int64) (domain.State, error) {
	stream := ref.String()
	saved, err := log.SavedAt(ctx, stream, domain.RulesVersion, position)
	if err != nil {
		return nil, err
	}
	var s domain.State
	if saved.State != nil {
		if s, err = domain.DecodeState(ref, saved.State); err != nil {
			return nil, err
		}
	}
	for version := saved.Version; ; version += statePage {
		page, err := log.ReadStream(ctx, stream, version, position, statePage)
		if err == nil {
			s, err = fold(s, page)
		}
		if err != nil || len(page) < statePage {
			return s, err
		}
	}
}

// fold evolves a state over stored events.
func fold(s domain.State, events []eventstore.Event) (domain.State, error) {
	for i := range events {
		e, err := domain.DecodeEvent(events[i].Type, events[i].Payload)
		if err != nil {
			return nil, fmt.Errorf("event %d: %w", events[i].Position, err)
		}
		s = domain.Evolve(s, e, metaOf(&events[i]))
	}
	return s, nil
}

func metaOf(e *eventstore.Event) domain.Meta {
	return domain.Meta{Position: e.Position, Version: e.Version, OccurredAt: e.OccurredAt, RecordedAt: e.RecordedAt, Actor: e.Actor}
}
