package eventstore

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Locked holds the head's row lock: nobody else can append until it is closed. For when replicas keep
// moving the head from under each other. Not safe for concurrent use.
type Locked struct {
	log  *Log
	conn *pgxpool.Conn
	tx   pgx.Tx
	// Head is where the log ends, for as long as the lock is held.
	Head Head
}

// Lock waits for the head's row lock and reads the head.
func (l *Log) Lock(ctx context.Context) (*Locked, error) {
	conn, err := l.pool.Acquire(ctx)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNotSent, err)
	}
	tx, err := conn.Begin(ctx)
	if err != nil {
		conn.Release()
		return nil, fmt.Errorf("%w: %w", ErrNotSent, err)
	}
	h, err := scanHead(tx.QueryRow(ctx, `SELECT `+headColumns+` FROM head FOR UPDATE`))
	k := &Locked{log: l, conn: conn, tx: tx, Head: h}
	if err != nil {
		k.Close()
		return nil, fmt.Errorf("lock the head: %w", err)
	}
	return k, nil
}

// Append writes a batch and commits, as Log.Append does. The lock is gone afterwards.
func (k *Locked) Append(ctx context.Context, batch *Batch) (map[KeyRef]Command, error) {
	known, err := sendAppend(ctx, k.conn.Conn(), batch, true)
	if err == nil {
		k.log.woke(batch.Next.Position)
	}
	return known, err
}

// Close gives the lock up, if it is still held.
func (k *Locked) Close() {
	// A connection whose transaction can't be rolled back is closed by the pool, which ends the transaction too.
	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	if err := k.tx.Rollback(ctx); err != nil && !errors.Is(err, pgx.ErrTxClosed) {
		_ = k.conn.Conn().Close(ctx)
	}
	k.conn.Release()
}
