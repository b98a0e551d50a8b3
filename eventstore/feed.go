package eventstore

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/nats-io/nats.go"
)

// ErrOtherHistory: the log does not have the hash that a follower has for its position, or is shorter.
// What was built from those events belongs to another log, one from before a restore, and has to be
// built again.
var ErrOtherHistory = errors.New("the log has another history")

const (
	// feedPageBytes bounds the payloads of one page that a follower gets.
	feedPageBytes = 8 << 20
	// feedLateAfter is how long the live feed may be behind a notified head before Postgres is read.
	feedLateAfter = 100 * time.Millisecond
	// feedRetryFirst and feedRetryMax bound the pauses after a failure, of Postgres or of the live feed.
	feedRetryFirst = 250 * time.Millisecond
	feedRetryMax   = 15 * time.Second
)

// Feed hands the log's events to followers in this process, in order: from Postgres until a follower has
// caught up, then live from JetStream. It is safe for concurrent use.
type Feed struct {
	log   *Log
	watch *Watch
	nc    *nats.Conn
}

// NewFeed makes a feed. Without a connection (nil) it reads Postgres alone, woken by the watch.
func NewFeed(log *Log, watch *Watch, nc *nats.Conn) *Feed { return &Feed{log, watch, nc} }

// Follow calls handle with consecutive pages after a position: 1 to pageMax events, without a gap, none
// twice. A page is handed over as soon as it has one event; it has more when more is waiting. The hash is
// the chain's at that position, zero at 0: ErrOtherHistory when the log has another one there.
//
// It returns when ctx ends, with its error, or when handle fails, with handle's. A database or a broker
// that can't be reached is waited for. handle is called by one goroutine, and may keep the events.
func (f *Feed) Follow(ctx context.Context, after int64, afterHash Hash, pageMax int, handle func(ctx context.Context, events []Event) error) error {
	r := &follower{Feed: f, position: after, hash: afterHash, pageMax: max(1, min(pageMax, ReadMax)), handle: handle, pause: feedRetryFirst}
	if err := r.patiently(ctx, r.agree); err != nil {
		return err
	}
	for {
		if err := r.patiently(ctx, r.catchUp); err != nil {
			return err
		}
		if err := r.live(ctx); err != nil {
			return err
		}
	}
}

// follower is one call of Follow, and how far it is.
type follower struct {
	*Feed
	position int64
	hash     Hash
	pageMax  int
	handle   func(ctx context.Context, events []Event) error
	// liveFrom is when the live feed may be tried again after a failure, pause how long the next one rests it.
	liveFrom time.Time
	pause    time.Duration
	// seen is the head that the last wait ended with.
	seen int64
}

// handleError is an error of the follower's own function: it ends Follow.
type handleError struct{ error }

// patiently tries a step until it works; only the end of ctx, ErrOtherHistory and the follower's own
// failure end it.
func (r *follower) patiently(ctx context.Context, step func(context.Context) error) error {
	for pause := feedRetryFirst; ; pause = min(2*pause, feedRetryMax) {
		err := step(ctx)
		var own handleError
		switch {
		case err == nil:
			return nil
		case errors.As(err, &own):
			return own.error
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.Is(err, ErrOtherHistory):
			return err
		}
		slog.WarnContext(ctx, "the feed waits for the database", "position", r.position, "error", err, "pause", pause)
		if err := sleep(ctx, pause); err != nil {
			return err
		}
	}
}

// agree checks that the follower's position is one of this log.
func (r *follower) agree(ctx context.Context) error {
	hash, found, err := r.log.hashAt(ctx, r.position)
	if err == nil && (!found || hash != r.hash) {
		return fmt.Errorf("%w at position %d", ErrOtherHistory, r.position)
	}
	return err
}

// catchUp reads Postgres up to its end.
func (r *follower) catchUp(ctx context.Context) error {
	for {
		page, full, err := r.log.readPage(ctx, r.position, r.pageMax, feedPageBytes)
		if err != nil || len(page) == 0 {
			return err
		}
		if err := r.give(ctx, page); err != nil {
			return err
		}
		if !full {
			return nil
		}
	}
}

// give hands a page over and goes on after it.
func (r *follower) give(ctx context.Context, page []Event) error {
	if err := r.handle(ctx, page); err != nil {
		return handleError{err}
	}
	last := &page[len(page)-1]
	r.position, r.hash = last.Position, last.Hash
	return nil
}

// sleep waits, or returns ctx's error as soon as it ends.
func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
