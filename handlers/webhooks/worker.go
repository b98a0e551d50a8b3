package webhooks

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"orderledger/eventstore"
)

const (
	lockNumber  = 7305808869 // of the advisory lock that the working one holds
	standby     = time.Second
	lockLook    = time.Second     // between looks whether the lock is still held
	lockWithin  = 5 * time.Second // a look
	closeWithin = 3 * time.Second // for deliveries under way, when the worker ends
	storeWithin = 10 * time.Second
)

// Feed gives the events after a position, in order and without a gap, and goes on as the log grows: eventstore.Feed.
type Feed interface {
	Follow(ctx context.Context, after int64, afterHash eventstore.Hash, pageMax int,
		handle func(context.Context, []eventstore.Event) error) error
}

// WorkerOptions are what a worker works on. The caller closes all of it after Run has returned.
type WorkerOptions struct {
	// Pool and Log work as ledger_app, Reads as ledger_reader: an endpoint gets what its organisation may see.
	Pool   *pgxpool.Pool
	Log    *eventstore.Log
	Reads  *eventstore.Log
	Feed   Feed
	Sender *Sender
	// Now is the clock of retries; nil is time.Now.
	Now func() time.Time
}

// Worker delivers events to endpoints. Any number may run, in any processes: one works, the others stand by, as what takes
// time is the endpoints' answers, which one process can wait for as well as many. When its process or its connection to
// the database ends, another begins.
type Worker struct {
	WorkerOptions
	counts *counts
}

// NewWorker makes a worker; Run runs it.
func NewWorker(o WorkerOptions) *Worker {
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Worker{o, newCounts()}
}

// Run delivers until ctx ends, and returns its error; deliveries that are under way then have 3 s. While the database is
// away it waits.
func (w *Worker) Run(ctx context.Context) error {
	for ctx.Err() == nil {
		if err := w.lead(ctx); err != nil && ctx.Err() == nil {
			slog.WarnContext(ctx, "the webhooks wait", "error", err)
		}
		select {
		case <-time.After(standby):
		case <-ctx.Done():
		}
	}
	return ctx.Err()
}

// lead works for as long as it holds the lock; nil when another holds it.
func (w *Worker) lead(ctx context.Context) error {
	acquired, err := w.Pool.Acquire(ctx)
	if err != nil {
		return fmt.Errorf("get a connection: %w", err)
	}
	var held bool
	if err := acquired.QueryRow(ctx, `SELECT pg_try_advisory_lock($1)`, int64(lockNumber)).Scan(&held); err != nil || !held {
		acquired.Release()
		return err
	}
	// The lock is the session's: the connection must not go back to the pool with it.
	conn := acquired.Hijack()
	defer func() {
		ctx, cancel := context.WithTimeout(context.Background(), lockWithin)
		defer cancel()
		_ = conn.Close(ctx) // which gives the lock up
	}()
	w.counts.working.Set(1)
	defer w.counts.working.Set(0)
	ctx, lost := context.WithCancelCause(ctx)
	defer lost(nil)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		lost(newShift(w).run(ctx))
	}()
	defer func() { <-ended }()
	tick := time.NewTicker(lockLook)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-tick.C:
		}
		look, cancel := context.WithTimeout(ctx, lockWithin)
		_, err := conn.Exec(look, `SELECT 1`)
		cancel()
		if err != nil {
			err = fmt.Errorf("the lock of the webhooks is lost: %w", err)
			lost(err)
			return err
		}
	}
}
