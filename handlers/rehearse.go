package handlers

import (
	"context"
	"errors"
	"time"

	"orderledger/domain"
	"orderledger/eventstore"
)

// rehearsalBytesMax bounds what the commands of a rehearsal leave behind: states, keys and claims.
const rehearsalBytesMax = 256 << 20

// ErrRehearsalFull ends a rehearsal: what its commands would leave behind is more than it may hold.
var ErrRehearsalFull = errors.New("the commands so far would leave more than 256 MiB of states behind, which is what a dry run may hold")

// Rehearse begins a dry run: the executor that it gives decides commands one after another as this one would, each
// on what those before it would leave behind, and appends nothing. Positions in its results are 0, but for commands
// that the log knows. The log may go on meanwhile; a rehearsal notices what it had not looked at yet. What the
// commands leave behind is bounded: beyond, they fail with ErrRehearsalFull. The caller closes it.
func (e *Executor) Rehearse(ctx context.Context) (*Executor, error) {
	r, err := e.newRehearsal(ctx)
	if err != nil {
		return nil, err
	}
	go r.rehearse()
	return r, nil
}

// Outcome is what a command would do.
type Outcome struct {
	Result
	Events []domain.StreamEvent
	// After are the states of the streams that it would append to.
	After map[domain.Ref]domain.State
}

// Preview decides a command on the log as it is now, and appends nothing; a *domain.Rejection is a refusal. The
// request needs no key. It may be called by any number of callers at once and does not hold up commands.
func (e *Executor) Preview(ctx context.Context, request Request) (*Outcome, error) {
	r, err := e.newRehearsal(ctx)
	if err != nil {
		return nil, err
	}
	t := newTask(request)
	if err := r.try(ctx, []*task{t}); err != nil {
		return nil, err
	}
	if t.err != nil {
		return nil, t.err
	}
	return &Outcome{Result: t.result, Events: t.events, After: r.imagined.after}, nil
}

// PreviewAll decides commands one after another, each on what those before it would leave behind, and appends nothing:
// a result or an error for each. Their keys are told apart, and new. It may be called by any number of callers at once.
func (e *Executor) PreviewAll(ctx context.Context, requests []Request) ([]Result, []error, error) {
	r, err := e.newRehearsal(ctx)
	if err != nil {
		return nil, nil, err
	}
	tasks := make([]*task, len(requests))
	for i, request := range requests {
		tasks[i] = newTask(request)
	}
	if err := r.try(ctx, tasks); err != nil {
		return nil, nil, err
	}
	results, errs := make([]Result, len(tasks)), make([]error, len(tasks))
	for i, t := range tasks {
		results[i], errs[i] = t.result, t.err
	}
	return results, errs, nil
}

// rehearsal is what makes an executor one that only rehearses.
type rehearsal struct {
	// imagined stands for a batch on its way that never lands: it has all that the commands so far leave behind.
	imagined *batch
	bytes    int
	most     int
}

func (e *Executor) newRehearsal(ctx context.Context) (*Executor, error) {
	head, err := e.log.Head(ctx)
	if err != nil {
		return nil, err
	}
	r := &Executor{
		log: e.log, now: e.now, head: head,
		queue: make(chan *task, batchMax), stop: make(chan struct{}), ended: make(chan struct{}),
		cache: newCache(), keys: newRecentKeys(), active: map[eventstore.KeyRef]*task{},
		rehearsal: &rehearsal{most: rehearsalBytesMax},
	}
	r.keys.max = rehearsalBytesMax // in effect none: they count as bytes
	r.imagined = r.newBatch(nil)
	return r, nil
}

// rehearse is the loop of an executor that only rehearses.
func (e *Executor) rehearse() {
	defer e.end()
	for {
		select {
		case t := <-e.queue:
			tasks := e.takeMore(e.imagined, claimed(nil, t))
			ctx, cancel := context.WithTimeout(context.Background(), 6*appendTimeout)
			if err := e.try(ctx, tasks); err != nil {
				clear(e.active)
				e.retry = nil
				for _, t := range tasks {
					t.fail(err)
				}
			}
			cancel()
		case <-e.stop:
			e.refuseAll()
			return
		}
	}
}

// try decides tasks on what the ones before left behind, and answers them. On an error some are not answered.
func (e *Executor) try(ctx context.Context, tasks []*task) error {
	if e.bytes > e.most {
		return ErrRehearsalFull
	}
	for len(tasks) > 0 {
		b, rest, err := e.imagine(tasks)
		if err != nil {
			return err
		}
		found, err := e.markTaken(ctx, b)
		if err != nil {
			return err
		}
		if tasks = rest; found {
			e.again(b)
			tasks, e.retry = append(e.retry, rest...), nil
			continue
		}
		e.believe(b)
	}
	return nil
}

func withKeys(tasks []*task) []*task {
	var keyed []*task
	for _, t := range tasks {
		if t.Key != "" {
			keyed = append(keyed, t)
		}
	}
	return keyed
}

// imagine decides tasks in a batch of their own; rest are those that it has no room for.
func (e *Executor) imagine(tasks []*task) (b *batch, rest []*task, err error) {
	b = e.newBatch(e.imagined)
	if err := e.loadAll(b, tasks); err != nil {
		return nil, nil, err
	}
	if _, err := e.lookUp(withKeys(tasks)); err != nil {
		return nil, nil, err
	}
	now := e.now().UTC().Truncate(time.Microsecond)
	if now.Before(b.Next.RecordedAt) {
		now = b.Next.RecordedAt
	}
	rest, err = e.decideAll(b, tasks, now)
	return b, rest, err
}

// believe takes what a batch would leave behind as if it had happened, and answers its tasks.
func (e *Executor) believe(b *batch) {
	for ref, s := range b.after {
		if old := e.imagined.after[ref]; old != nil {
			e.bytes -= old.Size() + entryOverhead
		}
		e.imagined.after[ref] = s
		e.bytes += s.Size() + entryOverhead
	}
	for c := range b.claims {
		e.imagined.claims[c] = true
		e.bytes += len(c.Value) + entryOverhead
	}
	refused := make(map[*task]bool, len(b.refused))
	for _, r := range b.refused {
		refused[r.task] = true
		r.task.answer(Result{}, r.why)
	}
	for _, t := range b.tasks {
		if refused[t] {
			continue
		}
		c := eventstore.Command{Fingerprint: t.Fingerprint}
		e.keys.put(t.ref(), c)
		e.bytes += len(t.Key) + entryOverhead
		delete(e.active, t.ref())
		for _, f := range t.followers {
			f.replay(c)
		}
		t.result.First, t.result.Last = 0, 0
		t.answer(t.result, nil)
	}
}
