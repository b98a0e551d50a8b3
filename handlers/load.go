package handlers

import (
	"context"
	"fmt"
	"runtime/debug"

	"orderledger/domain"
	"orderledger/eventstore"
)

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

// load finds the states that tasks need: in the batch, in the one before it, in the cache, or else in
// the database, all missing ones in one query. What is loaded may tell of more: an order names its resource.
func (e *Executor) load(b *batch, tasks []*task) error {
	for range needsRounds {
		var err error
		if tasks, err = e.loadRound(b, tasks); err != nil || len(tasks) == 0 {
			return err
		}
	}
	for _, t := range tasks { // it would be asked for ever; the others have all they need
		t.err = fmt.Errorf("the states that %s needs name more states after %d rounds", t.Command.Name(), needsRounds)
	}
	return nil
}

// needsRounds bounds how often a command's needs may grow by what was loaded for them.
const needsRounds = 6

// loadRound loads what is missing now. It returns the tasks that something was missing for, which may need more yet;
// the others have all they need.
func (e *Executor) loadRound(b *batch, tasks []*task) (lacking []*task, err error) {
	var wanted map[string][]*task
	for _, t := range tasks {
		if t.err != nil { // a stream of it can't be read
			continue
		}
		missing := e.missing(b, t)
		if len(missing) == 0 {
			continue
		}
		if lacking = append(lacking, t); wanted == nil {
			wanted = map[string][]*task{}
		}
		for _, ref := range missing {
			stream := ref.String()
			wanted[stream] = append(wanted[stream], t)
		}
	}
	if len(lacking) == 0 {
		return nil, nil
	}
	streams := make([]string, 0, len(wanted))
	for stream := range wanted {
		streams = append(streams, stream)
	}
	ctx, cancel := context.WithTimeout(context.Background(), appendTimeout)
	defer cancel()
	found, err := e.log.Load(ctx, streams, domain.RulesVersion)
	if err != nil {
		return nil, err
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
	return lacking, nil
}

// missing are the streams that a command needs and that are only in the database. What is found elsewhere may tell of
// more, as what is loaded may: the command is asked again as long as that finds another one. One that breaks down as it
// is asked fails alone, like one that breaks down as it is decided.
func (e *Executor) missing(b *batch, t *task) (missing []domain.Ref) {
	defer func() {
		if cause := recover(); cause != nil {
			missing, t.err = nil, fmt.Errorf("what %s needs: %v\n%s", t.Command.Name(), cause, debug.Stack())
		}
	}()
	for {
		missing = missing[:0]
		held := len(b.base)
		for _, ref := range t.Command.Needs(b) {
			if !e.find(b, ref) {
				missing = append(missing, ref)
			}
		}
		if len(missing) > 0 || len(b.base) == held {
			return missing
		}
	}
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
