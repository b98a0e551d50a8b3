package eventstore

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Locked holds the head's row lock: nobody else can append until it is closed. For when replicas keep
// moving the head from under each other. Not safe for concurrent use.
type Locked struct {
	log  *Log
	conn *pgxpool.Conn // nil once closed
	// Head is where the log ends, for as long as the lock is held.
	Head Head
}

// Lock waits for the head's row lock and reads the head. The caller closes it.
func (l *Log) Lock(ctx context.Context) (*Locked, error) {
	conn, err := l.pool.Acquire(ctx)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNotSent, err)
	}
	k := &Locked{log: l, conn: conn}
	var pipeline pgx.Batch
	pipeline.Queue(`BEGIN`)
	pipeline.Queue(`SELECT ` + headColumns + ` FROM head FOR UPDATE`).QueryRow(func(row pgx.Row) (err error) {
		k.Head, err = scanHead(row)
		return err
	})
	if err := conn.SendBatch(ctx, &pipeline).Close(); err != nil {
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

// Close gives the lock up, if it is still held. Calling it again is harmless.
func (k *Locked) Close() {
	if k.conn == nil {
		return
	}
	if k.conn.Conn().PgConn().TxStatus() != 'I' { // nothing was committed
		ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
		defer cancel()
		_, _ = k.conn.Exec(ctx, `ROLLBACK`) // where that fails, the pool closes the connection, which ends the transaction too
	}
	k.conn.Release()
	k.conn = nil
}
