package eventstore

import (
	"context"
	"fmt"
	"log/slog"
	"strconv"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
)

// headChannel is where Announce notifies of appends.
const headChannel = "ledger_head"

// watchPoll is how often the head is read although nothing was notified: a notification is a hint that
// a broken connection loses.
const watchPoll = time.Second

// Watch knows how far the log reaches, at once for appends of its own Log and within milliseconds for
// those of other processes, and wakes whoever waits for more. Close ends it.
type Watch struct {
	log    *Log
	cancel context.CancelFunc
	done   chan struct{}

	mu       sync.Mutex
	position int64
	moved    chan struct{} // closed, and made anew, when position rises
}

// NewWatch begins to follow the head.
func NewWatch(log *Log) *Watch {
	ctx, cancel := context.WithCancel(context.Background())
	w := &Watch{log: log, cancel: cancel, done: make(chan struct{}), moved: make(chan struct{})}
	log.watch(w, true)
	go w.run(ctx)
	return w
}

// Announce tells the watches of other processes how far the log reaches. It is not part of the append: a
// NOTIFY would make every commit slower, and a lost one only delays them until they next look.
func (l *Log) Announce(ctx context.Context, position int64) error {
	if _, err := l.pool.Exec(ctx, `SELECT pg_notify($1, $2)`, headChannel, strconv.FormatInt(position, 10)); err != nil {
		return fmt.Errorf("announce position %d: %w", position, err)
	}
	return nil
}

// Close stops following. Whoever waits goes on waiting for its own context.
func (w *Watch) Close() { w.log.watch(w, false); w.cancel(); <-w.done }

// Position is the last position known, and a channel that is closed when it rises.
func (w *Watch) Position() (int64, <-chan struct{}) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.position, w.moved
}

// Wait returns once the log reaches beyond a position, with how far it does.
func (w *Watch) Wait(ctx context.Context, beyond int64) (int64, error) {
	for {
		position, moved := w.Position()
		if position > beyond {
			return position, nil
		}
		select {
		case <-moved:
		case <-ctx.Done():
			return position, ctx.Err()
		}
	}
}

func (w *Watch) raise(position int64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if position > w.position {
		w.position = position
		close(w.moved)
		w.moved = make(chan struct{})
	}
}

func (w *Watch) run(ctx context.Context) {
	defer close(w.done)
	for ctx.Err() == nil {
		if err := w.listen(ctx); err != nil && ctx.Err() == nil {
			slog.WarnContext(ctx, "following the head was interrupted", "error", err)
			select {
			case <-time.After(watchPoll):
			case <-ctx.Done():
			}
		}
	}
}

// listen follows on one connection until that breaks.
func (w *Watch) listen(ctx context.Context) error {
	conn, err := w.log.pool.Acquire(ctx)
	if err != nil {
		return err
	}
	// A listening connection must not go back to the pool: it would go on collecting notifications.
	raw := conn.Hijack()
	defer func() {
		ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
		defer cancel()
		_ = raw.Close(ctx)
	}()
	if _, err := raw.Exec(ctx, "LISTEN "+pgx.Identifier{headChannel}.Sanitize()); err != nil {
		return err
	}
	for {
		h, err := scanHead(raw.QueryRow(ctx, `SELECT `+headColumns+` FROM head`))
		if err != nil {
			return err
		}
		w.raise(h.Position)
		if err := w.follow(ctx, raw); err != nil {
			return err
		}
	}
}

// follow takes notifications until none has come for a while.
func (w *Watch) follow(ctx context.Context, conn *pgx.Conn) error {
	for {
		quiet, cancel := context.WithTimeout(ctx, watchPoll)
		n, err := conn.WaitForNotification(quiet)
		cancel()
		if err != nil {
			if ctx.Err() == nil && quiet.Err() != nil {
				return nil
			}
			return err
		}
		if position, err := strconv.ParseInt(n.Payload, 10, 64); err == nil {
			w.raise(position)
		}
	}
}
