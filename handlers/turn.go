package handlers

import (
	"context"
	"time"
)

// giveWay leaves the head to the replica that keeps moving it, for a moment. Two replicas that alternate
// batch by batch decide everything twice and wait for each other in between; so each works at its full
// speed for some milliseconds, until another takes the head by locking it. False means that the executor
// is to end.
func (e *Executor) giveWay() bool {
	select {
	case <-time.After(giveWayFor):
		return true
	case <-e.stop:
		return false
	}
}

// turn carries out what waits with the head locked, which no other replica can prevent. What it needs is
// loaded before, so that nobody waits for that. False means that the executor is to end.
func (e *Executor) turn() bool {
	if !e.await() {
		return false
	}
	b := e.newBatch(nil)
	tasks := e.take(b)
	if !b.closed {
		tasks = e.takeMore(b, tasks)
	}
	err := e.loadAll(b, tasks)
	e.retry = append(tasks, e.retry...)
	if err == nil {
		err = e.commitLocked()
	}
	if err != nil {
		e.paused(retryPause, err)
	}
	return true
}

// await waits until there is something to do.
func (e *Executor) await() bool {
	select {
	case <-e.stop:
		return false
	default:
	}
	for len(e.retry) == 0 {
		select {
		case t := <-e.queue:
			e.retry = claimed(nil, t)
		case <-e.stop:
			return false
		}
	}
	return true
}

func (e *Executor) commitLocked() error {
	ctx, cancel := context.WithTimeout(context.Background(), appendTimeout)
	defer cancel()
	lock, err := e.log.Lock(ctx)
	if err != nil {
		return err
	}
	defer lock.Close()
	if err := e.catchUp(ctx, lock.Head); err != nil {
		return err
	}
	b := e.newBatch(nil)
	if e.prepare(b, e.take(b)); b.empty() {
		return nil
	}
	b.sendTo(e.log, lock)
	lock.Close()
	e.finish(b)
	return nil
}
