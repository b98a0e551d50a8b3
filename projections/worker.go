package projections

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"orderledger/eventstore"
)

const (
	pageMax      = 2000                  // events folded and written at once
	standby      = time.Second           // how long a worker that lost a race leaves the model to the other
	pageEvery    = 10 * time.Millisecond // a model's small pages come no closer: a busy log makes larger ones
	retryMin     = time.Second / 10      // between attempts while the database or the feed is away …
	retryMax     = 5 * time.Second       // … at most
	stoppedRetry = 30 * time.Second      // a stopped model is tried again, in case its rows were mended by hand
)

// Feed gives the events after a position, in order and without a gap, and goes on as the log grows:
// eventstore.Feed.
type Feed interface {
	// Follow calls handle with pages of 1 to pageMax events until ctx ends or handle fails, and returns why.
	// afterHash is the chain's hash at after.
	Follow(ctx context.Context, after int64, afterHash eventstore.Hash, pageMax int,
		handle func(context.Context, []eventstore.Event) error) error
}

// Worker keeps the read models up with the log. Any number of them may run on one database: one of them
// moves a model at a time, the others stand by.
type Worker struct {
	pool *pgxpool.Pool
	log  *eventstore.Log
	feed Feed
	// window has the latest events, for all read models that are not behind.
	window *window

	mu    sync.Mutex
	marks map[string]mark
}

// mark is how far this process brought a read model.
type mark struct {
	position int64
	moved    chan struct{} // closed, and made anew, when position rises
}

// NewWorker makes a worker. The pool runs as ledger_projector and has a connection for each read model; log
// reads through a pool of that role too.
func NewWorker(pool *pgxpool.Pool, log *eventstore.Log, feed Feed) *Worker {
	w := &Worker{pool: pool, log: log, feed: feed, window: newWindow(), marks: map[string]mark{}}
	for _, name := range Names {
		w.marks[name] = mark{moved: make(chan struct{})}
	}
	return w
}

// Run works until ctx ends. Each read model has its own goroutine: one that stops doesn't hold the others
// up.
func (w *Worker) Run(ctx context.Context) {
	var all sync.WaitGroup
	all.Go(func() { w.window.run(ctx, w.log, w.feed) })
	for _, name := range Names {
		all.Go(func() { w.keepUp(ctx, models[name]) })
	}
	all.Wait()
}

// keepUp follows the log for one read model, come what may.
func (w *Worker) keepUp(ctx context.Context, m *model) {
	retry, before := retryMin, int64(-1)
	for ctx.Err() == nil {
		at, err := w.follow(ctx, m)
		if at.position != before {
			retry, before = retryMin, at.position
		}
		var pause time.Duration
		switch {
		case ctx.Err() != nil:
			return
		case errors.Is(err, errFenced):
			pause = standby
		case isFinal(err):
			w.stop(ctx, at, err)
			w.untilMended(ctx, at)
		default:
			slog.WarnContext(ctx, "a read model waits", "projection", m.name, "error", err, "again_in", retry)
			pause, retry = retry, min(2*retry, retryMax)
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
		}
	}
}

// follow brings a read model from its checkpoint on, until something comes in between; it says how far.
func (w *Worker) follow(ctx context.Context, m *model) (checkpoint, error) {
	at, err := readCheckpoint(ctx, w.pool, m.name)
	if err != nil {
		return at, err
	}
	if at.version != m.version {
		return at, &versionError{m.name, at.version, m.version}
	}
	w.raise(m.name, at.position)
	for err == nil {
		err = w.feed.Follow(ctx, at.position, at.hash, pageMax, func(ctx context.Context, events []eventstore.Event) error {
			if err := w.take(ctx, m, &at, events); err != nil {
				return err
			}
			if _, within, _ := w.window.after(at.position); within {
				return errWithin
			}
			return nil
		})
		if errors.Is(err, errWithin) {
			err = w.share(ctx, m, &at)
		}
	}
	return at, err
}

// errWithin ends a model's own feed: the window has what comes next.
var errWithin = errors.New("the window goes on from here")

// share brings a read model on with the window's events, for as long as it keeps up with them.
func (w *Worker) share(ctx context.Context, m *model, at *checkpoint) error {
	var last time.Time
	for {
		events, within, moved := w.window.after(at.position)
		rest := pageEvery - time.Since(last)
		switch {
		case !within:
			return nil
		case len(events) == 0:
			select {
			case <-moved:
			case <-ctx.Done():
				return ctx.Err()
			}
		case len(events) < pageMax && rest > 0:
			select {
			case <-time.After(rest):
				last = time.Time{}
			case <-ctx.Done():
				return ctx.Err()
			}
		default:
			last = time.Now()
			if err := w.take(ctx, m, at, events); err != nil {
				return err
			}
		}
	}
}

// take applies a page. Where an event in it can't be applied, what comes before it still is, so that the
// checkpoint tells exactly where the model stands.
func (w *Worker) take(ctx context.Context, m *model, at *checkpoint, events []eventstore.Event) error {
	err := advance(ctx, w.pool, w.log, m, at, events)
	var bad *eventError
	if errors.As(err, &bad) && bad.position > events[0].Position {
		if e := advance(ctx, w.pool, w.log, m, at, events[:bad.position-events[0].Position]); e != nil {
			return e
		}
	}
	w.raise(m.name, at.position)
	return err
}

// stop says in the database, and in this process's log, that a model can't go on. It says nothing in the
// database when another worker has got further, or when the rows are a newer build's.
func (w *Worker) stop(ctx context.Context, at checkpoint, cause error) {
	const q = `
UPDATE projections
SET state = 'stopped', error = $4, updated_at = clock_timestamp()
WHERE name = $1 AND position = $2 AND version <= $3`
	slog.ErrorContext(ctx, "a read model stopped", "projection", at.name, "position", at.position, "error", cause, "again_in", stoppedRetry)
	if _, err := w.pool.Exec(ctx, q, at.name, at.position, models[at.name].version, cause.Error()); err != nil {
		slog.ErrorContext(ctx, "that a read model stopped could not be written down", "projection", at.name, "error", err)
	}
}

// untilMended waits until a stopped model is worth another attempt: its checkpoint was changed, as by a
// rebuild, or some time has passed.
func (w *Worker) untilMended(ctx context.Context, at checkpoint) {
	look := time.NewTicker(standby)
	defer look.Stop()
	for range stoppedRetry / standby {
		select {
		case <-look.C:
		case <-ctx.Done():
			return
		}
		if now, err := readCheckpoint(ctx, w.pool, at.name); err == nil && now != at {
			return
		}
	}
}

func (w *Worker) raise(name string, position int64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if m := w.marks[name]; position > m.position {
		close(m.moved)
		w.marks[name] = mark{position, make(chan struct{})}
	}
}

// reached is how far this process brought a read model, and a channel that is closed when it gets further.
// Without a worker it is nowhere, for ever.
func (w *Worker) reached(name string) (int64, <-chan struct{}) {
	if w == nil {
		return -1, nil
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	m := w.marks[name]
	return m.position, m.moved
}

// checkpoint is how far a read model's rows have got.
type checkpoint struct {
	name     string
	version  int
	position int64
	hash     eventstore.Hash
}

// errFenced: another worker has moved the model since this one read its checkpoint. Nothing was written.
var errFenced = errors.New("another worker has moved the read model")

// versionError is a read model whose rows were made by another version of its fold.
type versionError struct {
	name       string
	have, want int
}

func (e *versionError) Error() string {
	return fmt.Sprintf("its rows are of version %d, this build makes version %d; run: ledger rebuild %s", e.have, e.want, e.name)
}

// isFinal says whether trying again is of no use: an event, or the rows that it makes, can't be applied.
func isFinal(err error) bool {
	var bad *eventError
	var other *versionError
	var pg *pgconn.PgError
	if errors.Is(err, eventstore.ErrOtherHistory) {
		return true
	}
	return errors.As(err, &bad) || errors.As(err, &other) || errors.As(err, &pg) && !eventstore.IsTransient(err)
}

func readCheckpoint(ctx context.Context, q querier, name string) (checkpoint, error) {
	live, err := readLive(ctx, q, name, "")
	return live.checkpoint, err
}

// querier is a pool or a transaction.
type querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}
