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
		again, err := restart(ctx, dir, db.Wait(), &died)
		if err != nil || again == nil {
			return err
		}
		if db = again; db.URL("ledger") != url {
			// Its socket stands in a folder made for each start, as the data folder's path is too long for one.
			return errors.Join(errors.New("the database came back at another address; start again"), db.Stop())
		}
		slog.Warn("the database is back")
	}
}

// restart starts the cluster until it runs; nil when ctx ended first. It may die while it recovers.
func restart(ctx context.Context, dir *dataDir, cause error, died *[]time.Time) (*pgserver.Server, error) {
	for {
		now := time.Now()
		if *died = append(*died, now); len(*died) > restartsMost {
			if *died = (*died)[1:]; now.Sub((*died)[0]) < restartsWithin {
				return nil, fmt.Errorf("the database died again and again within %s: %w", restartsWithin, cause)
			}
		}
		slog.Warn("starting the database again", "cause", cause)
		again, err := pgserver.Start(ctx, pgserver.Options{Dir: dir.path})
		if err == nil {
			return again, nil
		}
		if ctx.Err() != nil {
			return nil, nil
		}
		cause = err
	}
}
