package handlers

import (
	"context"
	"errors"
	"log/slog"

	"orderledger/domain"
	"orderledger/eventstore"
)

// appender is the log, or the log with its head locked.
type appender interface {
	Append(context.Context, *eventstore.Batch) (map[eventstore.KeyRef]eventstore.Command, error)
}

// send asks the database for the batch's outcome, and says so on landed. It runs beside the loop.
func (b *batch) send(log *eventstore.Log) {
	b.sendTo(log, log)
	close(b.landed)
}

func (b *batch) sendTo(log *eventstore.Log, to appender) {
	// The context is the batch's own: a caller who leaves must not cancel what others are in.
	ctx, cancel := context.WithTimeout(context.Background(), appendTimeout)
	defer cancel()
	if len(b.Events) > 0 {
		b.known, b.err = to.Append(ctx, &b.Batch)
		return
	}
	// Nothing to write, but refusals still need their head and keys confirmed.
	var head eventstore.Head
	head, b.known, b.err = log.Confirm(ctx, b.Ask)
	switch {
	case b.err != nil:
		b.err = errors.Join(eventstore.ErrNotSent, b.err)
	case head.Position != b.Base.Position || head.Fence != b.Base.Fence || head.Fenced != "":
		b.err = eventstore.ErrHeadMoved
	}
}

// finish acts on a batch's outcome: its tasks are answered, or go back to be decided again.
func (e *Executor) finish(b *batch) {
	e.stats.Batches.Add(1)
	switch {
	case b.err == nil:
		e.succeed(b)
	case errors.Is(b.err, eventstore.ErrHeadMoved):
		e.stats.Misses.Add(1)
		if e.misses++; e.misses >= missesForLock {
			e.misses, e.contended = 0, true
		}
		e.again(b)
		e.reread(e.log.Head)
	case errors.Is(b.err, eventstore.ErrOutcomeUnknown):
		e.settle(b)
	case errors.Is(b.err, eventstore.ErrKeyTaken), errors.Is(b.err, eventstore.ErrClaimTaken):
		e.takeApart(b)
	case errors.Is(b.err, eventstore.ErrNotSent), eventstore.IsTransient(b.err):
		e.again(b)
		if !e.paused(retryPause, b.err) {
			e.reread(e.log.Head)
		}
	default:
		e.isolate(b)
	}
}

// succeed makes the batch's effects the known state and answers everybody in it.
func (e *Executor) succeed(b *batch) {
	e.misses = 0
	e.head = b.Next
	e.reached.Store(b.Next.Position)
	for ref, state := range b.after {
		e.save(ref, b.base[ref], state)
		e.cache.put(ref, state)
	}
	refused := make(map[*task]bool, len(b.refused))
	for _, r := range b.refused {
		refused[r.task] = true
		e.refuse(r, b)
	}
	for _, t := range b.tasks {
		if refused[t] {
			continue
		}
		c := eventstore.Command{First: t.result.First, Last: t.result.Last, Fingerprint: t.Fingerprint}
		e.keys.put(t.ref(), c)
		delete(e.active, t.ref())
		for _, f := range t.followers {
			f.replay(c)
		}
		t.answer(t.result, nil)
	}
	if len(b.Events) > 0 {
		select {
		case e.news <- struct{}{}:
		default: // the announcer has not read the last one yet, and will see this head too
		}
	}
	e.stats.Commands.Add(int64(len(b.tasks) - len(b.refused)))
	e.stats.Events.Add(int64(len(b.Events)))
}

// refuse answers a refusal whose head and key were confirmed: a known key gets its first answer instead.
func (e *Executor) refuse(r refusal, b *batch) {
	if c, ok := b.known[r.task.ref()]; ok {
		e.stats.Replayed.Add(1)
		e.keys.put(r.task.ref(), c)
		r.task.replay(c)
		return
	}
	e.stats.Refused.Add(1)
	select {
	case e.audit <- eventstore.Refusal{
		OrgID: r.task.org, Key: r.task.Key, Command: r.task.Command.Name(), Actor: r.task.Actor,
		Code: string(r.why.Code), Detail: r.why.Detail, Position: b.Next.Position, At: r.at,
	}:
	default:
		e.stats.AuditDropped.Add(1)
	}
	r.task.answer(Result{}, r.why)
}

// settle ends the doubt about a batch whose connection broke. Once the fence is raised the batch can't
// be written any more; what of it is in the log is folded in with its keys, and the rest is decided again.
func (e *Executor) settle(b *batch) {
	e.stats.Settled.Add(1)
	slog.Warn("an append's outcome is unknown; raising the fence", "commands", len(b.tasks), "error", b.err)
	for _, t := range b.tasks {
		t.sent = true
	}
	e.again(b)
	e.reread(e.log.Fence)
}

// takeApart finds which keys and claims of a refused append are in the log: their commands get their
// first answer or their refusal, the rest goes again.
func (e *Executor) takeApart(b *batch) {
	ctx, cancel := context.WithTimeout(context.Background(), appendTimeout)
	defer cancel()
	known, err := e.lookUp(b.tasks)
	claimed := false
	if err == nil {
		claimed, err = e.markTaken(ctx, b)
	}
	switch {
	case err != nil:
		e.again(b)
		if e.paused(retryPause, err) {
			return
		}
	case known == 0 && !claimed: // deciding it again would change nothing
		e.isolate(b)
		return
	default:
		e.again(b)
	}
	e.reread(e.log.Head)
}

// isolate sends each command of a batch that failed for no known reason by itself, so that one that
// can't be written answers for itself alone.
func (e *Executor) isolate(b *batch) {
	slog.Error("an append failed", "commands", len(b.tasks), "error", b.err)
	for ref := range b.base {
		e.cache.drop(ref) // were one wrong, it would fail every command on its stream from now on
	}
	if len(b.tasks) == 1 {
		t := b.tasks[0]
		delete(e.active, t.ref())
		e.retry = append(t.followers, e.retry...)
		t.answer(Result{}, b.err)
		return
	}
	for _, t := range b.tasks {
		t.alone = true
	}
	e.again(b)
	e.reread(e.log.Head)
}

// save keeps the state of a stream that has grown past another thousand events, or more where the state is large, as
// of an account with very many arrears: writing states down must not cost more than the events do.
func (e *Executor) save(ref domain.Ref, before, now domain.State) {
	var from int64
	if before != nil {
		from = before.StreamVersion()
	}
	every := int64(saveEvery * (1 + now.Size()/savedBytes))
	if from/every == now.StreamVersion()/every {
		return
	}
	state, err := domain.EncodeState(now)
	if err != nil {
		slog.Error("a state can't be encoded", "stream", ref.String(), "error", err)
		return
	}
	saved := eventstore.SavedState{Stream: ref.String(), OrgID: domain.OrgOf(now), Version: now.StreamVersion(), Rules: domain.RulesVersion, State: state}
	select {
	case e.saves <- saved:
	default: // a saved state is disposable; the next thousand brings another
	}
}
