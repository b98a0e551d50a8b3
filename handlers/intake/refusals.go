package intake

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

const (
	// refusalsAge is how long refusals are kept, longer than any result.
	refusalsAge = resultsAge + 24*time.Hour
	pruneEvery  = time.Hour
	pruneMax    = 10_000
	queryMost   = 5 * time.Second
)

// refusals are what commands from the queue were refused for, by when the queue was made and the message's sequence.
type refusals struct{ pool *pgxpool.Pool }

type refusal struct{ code, detail string }

// find is nil where the message was not refused.
func (r *refusals) find(ctx context.Context, created time.Time, sequence uint64) (*refusal, error) {
	const q = `SELECT code, detail FROM intake_refusals WHERE stream_created = $1 AND sequence = $2`
	ctx, cancel := context.WithTimeout(ctx, queryMost)
	defer cancel()
	var found refusal
	err := r.pool.QueryRow(ctx, q, created, int64(sequence)).Scan(&found.code, &found.detail)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("look a refusal up: %w", err)
	}
	return &found, nil
}

// last is the highest sequence of a message that was refused, 0 where none was.
func (r *refusals) last(ctx context.Context, created time.Time) (sequence uint64, err error) {
	const q = `SELECT coalesce(max(sequence), 0) FROM intake_refusals WHERE stream_created = $1`
	ctx, cancel := context.WithTimeout(ctx, queryMost)
	defer cancel()
	if err := r.pool.QueryRow(ctx, q, created).Scan(&sequence); err != nil {
		return 0, fmt.Errorf("look for the last refusal: %w", err)
	}
	return sequence, nil
}

// keep writes a refusal down, and returns the one that counts: an earlier one where there is one.
func (r *refusals) keep(ctx context.Context, created time.Time, a *arrival, orgID string, why refusal) (refusal, error) {
	const q = `
INSERT INTO intake_refusals (stream_created, sequence, service, command_key, org_id, code, detail)
VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (stream_created, sequence) DO NOTHING`
	within, cancel := context.WithTimeout(ctx, queryMost)
	defer cancel()
	done, err := r.pool.Exec(within, q, created, int64(a.Sequence), a.service, a.key, orgID, why.code, why.detail)
	if err != nil {
		return why, fmt.Errorf("keep a refusal: %w", err)
	}
	if done.RowsAffected() == 1 {
		return why, nil
	}
	before, err := r.find(ctx, created, a.Sequence)
	if err != nil || before == nil {
		return why, err
	}
	return *before, nil
}

// prune deletes what is old, now and then, until ctx ends; the returned function waits for that.
func (r *refusals) prune(ctx context.Context) (wait func()) {
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		tick := time.NewTicker(pruneEvery)
		defer tick.Stop()
		for {
			if err := r.deleteBefore(ctx, time.Now().Add(-refusalsAge)); err != nil && ctx.Err() == nil {
				slog.WarnContext(ctx, "old refusals were not deleted", "error", err)
			}
			select {
			case <-tick.C:
			case <-ctx.Done():
				return
			}
		}
	}()
	return func() { <-ended }
}

// deleteBefore deletes in pieces, none of which takes long.
func (r *refusals) deleteBefore(ctx context.Context, at time.Time) error {
	const q = `
DELETE FROM intake_refusals
WHERE (stream_created, sequence) IN (SELECT stream_created, sequence FROM intake_refusals WHERE refused_at < $1 LIMIT $2)`
	for {
		done, err := r.pool.Exec(ctx, q, at, pruneMax)
		if err != nil || done.RowsAffected() < pruneMax {
			return err
		}
	}
}
