package projections

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"orderledger/eventstore"
)

// advance writes the rows that a page of events makes, and the checkpoint after it, in one transaction,
// and moves at along. Nothing is written when the checkpoint in the database is not at (errFenced).
//
// The checkpoint is moved first: its row lock makes a second worker wait there, before it has read any row
// that this one is about to change.
func advance(ctx context.Context, pool *pgxpool.Pool, log *eventstore.Log, m *model, at *checkpoint, events []eventstore.Event) error {
	if len(events) == 0 {
		return nil
	}
	if events[0].Position != at.position+1 {
		return fmt.Errorf("the page after %d begins with event %d", at.position, events[0].Position)
	}
	last := &events[len(events)-1]
	next := checkpoint{at.name, at.version, last.Position, last.Hash}
	err := pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error {
		if err := moveCheckpoint(ctx, tx, at, &next); err != nil {
			return err
		}
		rows := upserts{}
		if err := m.fold(ctx, tx, log, events, rows); err != nil {
			return err
		}
		var b pgx.Batch
		rows.queue(&b)
		if m.after != nil {
			m.after(&b, at.position, next.position)
		}
		if b.Len() == 0 {
			return nil
		}
		if err := tx.SendBatch(ctx, &b).Close(); err != nil {
			return fmt.Errorf("write the rows of events %d to %d: %w", events[0].Position, last.Position, err)
		}
		return nil
	})
	if err != nil {
		return err
	}
	*at = next
	return nil
}

// RebuildPrefix stands before a model's name in that of the checkpoint of its rebuild.
const RebuildPrefix = "rebuild."

func moveCheckpoint(ctx context.Context, tx pgx.Tx, from, to *checkpoint) error {
	const move = `
UPDATE projections
SET position = $4, hash = $5, error = NULL, updated_at = clock_timestamp(),
    state = CASE state WHEN 'building' THEN state ELSE 'running' END
WHERE name = $1 AND version = $2 AND position = $3`
	if strings.HasPrefix(from.name, RebuildPrefix) {
		// The tables in the schema rebuild hide those of the same name.
		if _, err := tx.Exec(ctx, `SET LOCAL search_path = rebuild, public`); err != nil {
			return fmt.Errorf("turn to the rebuilt tables: %w", err)
		}
	}
	tag, err := tx.Exec(ctx, move, from.name, from.version, from.position, to.position, to.hash[:])
	if err != nil {
		return fmt.Errorf("move the checkpoint of %s: %w", from.name, err)
	}
	if tag.RowsAffected() == 0 {
		return errFenced
	}
	return nil
}
