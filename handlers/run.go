package handlers

import (
	"context"
	"log/slog"
	"time"

	"orderledger/eventstore"
)

// run is the executor's loop. At most one batch is on its way to the database; meanwhile the next one
// grows on top of what that batch will leave behind.
func (e *Executor) run() {
	defer e.end()
	var flying *batch
	for {
		if flying == nil && e.contended {
			e.contended = false
			if !e.giveWay() || !e.turn() {
				e.refuseAll()
				return
			}
			continue
		}
		next := e.newBatch(flying)
		open := e.fill(next, flying)
		if landed := flying; landed != nil {
			<-landed.landed
			if landed.err != nil {
				e.again(next) // it was decided on what did not happen
				next = &batch{}
			}
			next.before, flying = nil, nil
			if len(next.tasks) > 1 { // the database goes on while the last answers go out
				flying = next
				go next.send(e.log)
			}
			if e.finish(landed); flying != nil {
				continue
			}
		}
		switch {
		case !open:
			e.again(next)
			e.refuseAll()
			return
		case next.empty():
		case len(next.tasks) == 1:
			next.send(e.log) // alone, it is answered sooner without another goroutine
			e.finish(next)
		default:
			flying = next
			go next.send(e.log)
		}
	}
}

// fill puts what waits into the batch until there is something and the way to the database is free.
// False means that the executor is to end.
func (e *Executor) fill(b, flying *batch) bool {
	var landed chan struct{} // nil waits for ever
	if flying != nil {
		landed = flying.landed
	}
	for {
		select {
		case <-landed:
			return true
		case <-e.stop:
			return false
		default:
		}
		if tasks := e.take(b); len(tasks) > 0 {
			e.prepare(b, tasks)
			continue
		}
		if flying == nil && !b.empty() {
			return true
		}
		select {
		case <-landed:
			return true
		case t := <-e.room(b):
			e.prepare(b, e.takeMore(b, claimed(nil, t)))
		case <-e.stop:
			return false
		}
	}
}

// room is the queue while the batch has room, and nil, which waits for ever, when it is full or when
// older tasks are to be decided before anything new.
func (e *Executor) room(b *batch) chan *task {
	if b.full() || len(e.retry) > 0 {
		return nil
	}
	return e.queue
}

// take takes tasks that wait: first those that are to be decided again, one by itself where need be.
func (e *Executor) take(b *batch) []*task {
	if b.full() {
		return nil
	}
	if len(e.retry) == 0 {
		return e.takeMore(b, nil)
	}
	n := 0
	if e.retry[0].alone {
		if !b.empty() {
			return nil
		}
		n, b.closed = 1, true
	}
	for bytes := 0; n < len(e.retry) && n < batchMax-len(b.tasks) && bytes < takeBytesMax && !b.closed && !e.retry[n].alone; n++ {
		bytes += e.retry[n].Bytes
	}
	tasks := e.retry[:n:n]
	e.retry = e.retry[n:]
	return tasks
}

// takeMore adds what is in the queue, without waiting.
func (e *Executor) takeMore(b *batch, tasks []*task) []*task {
	bytes := 0
	for _, t := range tasks {
		bytes += t.Bytes
	}
	for len(b.tasks)+len(tasks) < batchMax && bytes < takeBytesMax {
		select {
		case t := <-e.queue:
			bytes += t.Bytes
			tasks = claimed(tasks, t)
		default:
			return tasks
		}
	}
	return tasks
}

// claimed adds a task, unless its caller has given it up.
func claimed(tasks []*task, t *task) []*task {
	if t.claim() {
		return append(tasks, t)
	}
	return tasks
}

// again gives a batch's tasks back in their order, to be decided anew before anything else. Those that nobody waits
// for any more are dropped: nothing of them was written, unless they were sent once with an unknown outcome.
func (e *Executor) again(b *batch) {
	var back []*task
	keep := func(t *task) {
		if t.left.Load() && !t.sent {
			t.answer(Result{}, ErrBusy)
			return
		}
		back = append(back, t)
	}
	for _, t := range b.tasks {
		delete(e.active, t.ref())
		keep(t)
		for _, f := range t.followers {
			keep(f)
		}
		t.followers = nil
	}
	e.retry = append(back, e.retry...)
}

// end refuses what came into the queue after the loop's last look at it: whoever adds to it later sees the end.
func (e *Executor) end() {
	close(e.ended)
	e.refuseAll()
}

// refuseAll answers whatever still waits when the executor ends. What was sent once without an answer
// stays unknown.
func (e *Executor) refuseAll() {
	for _, t := range e.retry {
		if t.sent {
			t.answer(Result{}, ErrOutcomeUnknown)
		} else {
			t.answer(Result{}, ErrBusy)
		}
	}
	e.retry = nil
	for {
		select {
		case t := <-e.queue:
			t.refuse()
		default:
			return
		}
	}
}

// reread makes the head that read gives the known one, however long the database takes to answer.
func (e *Executor) reread(read func(context.Context) (eventstore.Head, error)) {
	for pause := retryPause; ; pause = min(2*pause, retryPauseMax) {
		ctx, cancel := context.WithTimeout(context.Background(), appendTimeout)
		head, err := read(ctx)
		if err == nil {
			err = e.catchUp(ctx, head)
		}
		cancel()
		if err == nil || e.paused(pause, err) {
			return
		}
	}
}

// paused waits a moment after the database gave no answer; true means that the executor is to end.
func (e *Executor) paused(pause time.Duration, err error) bool {
	slog.Warn("the executor waits for the database", "error", err)
	select {
	case <-time.After(pause):
		return false
	case <-e.stop:
		return true
	}
}
