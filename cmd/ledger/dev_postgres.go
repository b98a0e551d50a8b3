package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"orderledger/internal/pgserver"
)

// A database that dies is started again, but not for ever: so often within so long.
const (
	restartsMost   = 5
	restartsWithin = 10 * time.Minute
)

// keepPostgres starts the cluster again when it dies, until ctx ends, and then stops it. The pools find it again
// at the same address; the executor settles what was under way. It returns why it gave up, nil after ctx's end.
func keepPostgres(ctx context.Context, dir *dataDir, db *pgserver.Server) error {
	url := db.URL("ledger")
	var died []time.Time
	for {
		select {
		case <-ctx.Done():
			return db.Stop()
		case <-db.Done():
		}
		cause := db.Wait()
		now := time.Now()
		died = append(died, now)
		if len(died) > restartsMost {
			died = died[1:]
			if now.Sub(died[0]) < restartsWithin {
				return fmt.Errorf("the database died %d times within %s: %w", restartsMost+1, restartsWithin, cause)
			}
		}
		slog.Warn("starting the database again", "cause", cause)
		again, err := pgserver.Start(ctx, pgserver.Options{Dir: dir.path})
		if err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return fmt.Errorf("start the database again: %w", err)
		}
		db = again
		if db.URL("ledger") != url {
			// Its socket stands in a folder made for each start, as the data folder's path is too long for one.
			return errors.Join(errors.New("the database came back at another address; start again"), db.Stop())
		}
		slog.Warn("the database is back", "after", time.Since(now).Round(time.Millisecond))
	}
}
