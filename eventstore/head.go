package eventstore

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// Head is where the log ends.
type Head struct {
	Position   int64
	Hash       Hash
	RecordedAt time.Time
	// Epoch counts how often an operator declared the broker's copy void; it is part of every envelope.
	Epoch int64
	// Fence is raised to make appends that are under way impossible.
	Fence int64
	// Fenced says why no append is accepted, "" when they are.
	Fenced string
}

const headColumns = `position, hash, recorded_at, epoch, fence, coalesce(fenced, '')`

// Head reads where the log ends.
func (l *Log) Head(ctx context.Context) (Head, error) {
	h, err := scanHead(l.pool.QueryRow(ctx, `SELECT `+headColumns+` FROM head`))
	if err != nil {
		return Head{}, fmt.Errorf("read head: %w", err)
	}
	return h, nil
}

// Fence makes every append that was decided before it impossible, and says where the log ends. After
// an unknown outcome, what is not in the log now will never be.
func (l *Log) Fence(ctx context.Context) (Head, error) {
	h, err := scanHead(l.pool.QueryRow(ctx, `UPDATE head SET fence = fence + 1 RETURNING `+headColumns))
	if err != nil {
		return Head{}, fmt.Errorf("raise the fence: %w", err)
	}
	return h, nil
}

// Stop makes every executor refuse, with the reason, until OpenEpoch. The first reason stays. It does nothing
// once the epoch that it is about has ended: an operator has seen to it then.
func (l *Log) Stop(ctx context.Context, epoch int64, reason string) error {
	const q = `UPDATE head SET fence = fence + 1, fenced = coalesce(fenced, $1) WHERE epoch = $2`
	if _, err := l.pool.Exec(ctx, q, reason, epoch); err != nil {
		return fmt.Errorf("fence the head: %w", err)
	}
	return nil
}

// Clock is the database's clock now.
func (l *Log) Clock(ctx context.Context) (time.Time, error) {
	var t time.Time
	if err := l.pool.QueryRow(ctx, `SELECT clock_timestamp()`).Scan(&t); err != nil {
		return t, fmt.Errorf("read the database's clock: %w", err)
	}
	return t, nil
}

func scanHead(row pgx.Row) (Head, error) {
	var h Head
	var hash []byte
	if err := row.Scan(&h.Position, &hash, &h.RecordedAt, &h.Epoch, &h.Fence, &h.Fenced); err != nil {
		return Head{}, err
	}
	if len(hash) != len(h.Hash) {
		return Head{}, errors.New("the head's hash has a wrong length")
	}
	copy(h.Hash[:], hash)
	h.RecordedAt = h.RecordedAt.UTC()
	return h, nil
}
