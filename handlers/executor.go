package handlers

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"orderledger/eventstore"
)

// Bounds of the executor.
const (
	queueMax      = 4096    // commands waiting; one more is refused as busy
	batchMax      = 500     // commands in one append
	batchBytesMax = 8 << 20 // bytes of command bodies and events in one append
	takeBytesMax  = 1 << 20 // bytes of command bodies whose states are loaded at once
	// A batch that has so many events or claims takes no further command; its last may go beyond.
	batchEventsMax = 4000
	batchClaimsMax = 10_000

	appendTimeout = 10 * time.Second // for one round trip; then its outcome is settled by fencing
	retryPause    = 50 * time.Millisecond
	retryPauseMax = time.Second
	clockSkewMax  = time.Second           // beyond, this replica decides nothing
	missesForLock = 2                     // after so many missed heads in a row, the head is locked first …
	giveWayFor    = 20 * time.Millisecond // … after the others had it for so long
	foldMax       = 10_000                // events of others that are folded in; beyond, the cache starts anew
	announceEvery = 5 * time.Millisecond
	auditMax      = 4096     // refusals waiting to be recorded
	saveEvery     = 1000     // events of a stream between saved states …
	savedBytes    = 64 << 10 // … times one more for each of these that the state holds
	savesWaiting  = 64
)

// Executor carries commands out, in batches. Any number of executors on one database is correct.
// It is safe for concurrent use. Close ends it.
type Executor struct {
	log *eventstore.Log
	now func() time.Time

	queue  chan *task
	stop   chan struct{}
	once   sync.Once
	ended  chan struct{}
	aside  sync.WaitGroup // goroutines beside the loop
	skewed atomic.Pointer[string]
	audit  chan eventstore.Refusal
	saves  chan eventstore.SavedState
	news   chan struct{} // the log has grown …
	// … up to here
	reached atomic.Int64
	stats   ExecutorStats

	// What follows belongs to the loop's goroutine.
	head   eventstore.Head // what is known to be committed
	cache  *cache          // states at head
	keys   *recentKeys
	active map[eventstore.KeyRef]*task // decided, not yet committed
	retry  []*task                     // to be decided again, before anything new
	// folding is the command whose events are being folded in.
	folding eventstore.KeyRef
	misses  int
	doubt   int // batches whose keys are looked up before they are decided
	// contended: others keep moving the head.
	contended  bool
	*rehearsal // nil in one that carries commands out
}

// ExecutorStats counts what an executor did since it started.
type ExecutorStats struct {
	Batches, Commands, Events, Refused, Replayed atomic.Int64
	// Misses are heads that others had moved, Settled are unknown outcomes that were settled.
	Misses, Settled atomic.Int64
	// AuditDropped are refusals that were not recorded because too many were waiting.
	AuditDropped atomic.Int64
}

// NewExecutor starts an executor on a log whose pool runs as ledger_app. now is the clock of decisions,
// held against the database's.
func NewExecutor(ctx context.Context, log *eventstore.Log, now func() time.Time) (*Executor, error) {
	head, err := log.Head(ctx)
	if err != nil {
		return nil, err
	}
	e := &Executor{
		log: log, now: now, head: head,
		queue: make(chan *task, queueMax), stop: make(chan struct{}), ended: make(chan struct{}),
		audit: make(chan eventstore.Refusal, auditMax), saves: make(chan eventstore.SavedState, savesWaiting),
		news:  make(chan struct{}, 1),
		cache: newCache(), keys: newRecentKeys(), active: map[eventstore.KeyRef]*task{},
	}
	if err := e.checkClock(ctx); err != nil {
		return nil, err
	}
	e.aside.Add(4)
	go e.announce()
	go e.watchClock()
	go e.recordRefusals()
	go e.saveStates()
	go e.run()
	return e, nil
}

// Close answers what is under way, refuses what waits as busy, and ends the executor. Calling it again is
// harmless.
func (e *Executor) Close() {
	e.once.Do(func() { close(e.stop) })
	<-e.ended
	e.aside.Wait()
}

// Stats are the executor's counters.
func (e *Executor) Stats() *ExecutorStats { return &e.stats }

// Do carries a command out. When ctx ends first, the error is ErrBusy if the command was not taken up
// (it never will be), and else ErrOutcomeUnknown; the batch that it is in goes on. A *domain.Rejection
// is a refusal by the rules.
func (e *Executor) Do(ctx context.Context, r Request) (Result, error) {
	t := newTask(r)
	select {
	case e.queue <- t:
	default:
		return Result{}, ErrBusy
	}
	return e.wait(ctx, t)
}

// Start puts a command into the queue, waiting for room; the returned function waits for its result, as
// Do does. Commands that one goroutine starts are carried out in that order.
func (e *Executor) Start(ctx context.Context, r Request) (func(context.Context) (Result, error), error) {
	t := newTask(r)
	select {
	case e.queue <- t:
		return func(ctx context.Context) (Result, error) { return e.wait(ctx, t) }, nil
	case <-ctx.Done():
		return nil, ErrBusy
	case <-e.ended:
		return nil, ErrBusy
	}
}

// wait waits for a task that is in the queue. All who wait would contend for one channel's lock if they listened for the
// executor's end, so they look once: a task that was in the queue before the end is answered by the loop.
func (e *Executor) wait(ctx context.Context, t *task) (Result, error) {
	select {
	case <-e.ended:
		t.refuse()
	default:
	}
	select {
	case <-t.done:
	case <-ctx.Done():
		if t.claim() {
			return Result{}, ErrBusy
		}
		t.left.Store(true)
		return Result{}, ErrOutcomeUnknown
	}
	if t.err != nil || t.result.Event != nil || e.rehearsal != nil {
		return t.result, t.err
	}
	return e.firstAnswer(ctx, t)
}
