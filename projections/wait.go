package projections

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// ErrNotReached: the read model had not got to the position when the wait's context ended.
var ErrNotReached = errors.New("the read model has not reached the position yet")

// StoppedError: a read model stands before an event that it can't apply, so waiting is of no use.
type StoppedError struct {
	Name string
	// Position is how far it got.
	Position int64
	// Reason is what the worker met.
	Reason string
}

func (e *StoppedError) Error() string {
	return fmt.Sprintf("the read model %s stopped at position %d: %s", e.Name, e.Position, e.Reason)
}

// A waiting read asks the database this often: quickly at first, as models are milliseconds behind.
const (
	waitPollMin = 5 * time.Millisecond
	waitPollMax = 100 * time.Millisecond
)

// WaitFor returns once the named read models have all reached a position. Errors: ErrNotReached when ctx
// ends first, *StoppedError at once when one that is short of it has stopped.
func (r *Reader) WaitFor(ctx context.Context, position int64, names ...string) error {
	for _, name := range names {
		if err := r.waitFor(ctx, position, name); err != nil {
			if ctx.Err() != nil {
				return fmt.Errorf("%w: %s, position %d", ErrNotReached, name, position)
			}
			return err
		}
	}
	return nil
}

func (r *Reader) waitFor(ctx context.Context, position int64, name string) error {
	for poll := waitPollMin; ; poll = min(2*poll, waitPollMax) {
		reached, moved := r.worker.reached(name)
		if reached >= position {
			return nil
		}
		const q = `SELECT position, state = 'stopped', coalesce(error, '') FROM projections WHERE name = $1`
		var stopped bool
		var reason string
		if err := r.pool.QueryRow(ctx, q, name).Scan(&reached, &stopped, &reason); err != nil {
			return fmt.Errorf("read the checkpoint of %s: %w", name, err)
		}
		switch {
		case reached >= position:
			return nil
		case stopped:
			return &StoppedError{name, reached, reason}
		}
		// Another process's worker may be the one that moves the model, so the signal alone won't do.
		again := time.NewTimer(poll)
		select {
		case <-moved:
		case <-again.C:
		case <-ctx.Done():
		}
		again.Stop()
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
}

// listError makes a list's error: values of a forged cursor that the database can't read are the cursor's fault.
func listError(what, cursor string, err error) error {
	var pg *pgconn.PgError
	if cursor != "" && errors.As(err, &pg) && strings.HasPrefix(pg.Code, "22") {
		return ErrBadCursor
	}
	return fmt.Errorf("list %s: %w", what, err)
}
