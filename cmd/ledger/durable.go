package main

import (
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5/pgxpool"
)

// checkDurable refuses a database that would acknowledge what a power cut can take back: all that the ledger
// promises rests on its commits.
func checkDurable(ctx context.Context, pool *pgxpool.Pool) error {
	for name, good := range map[string][]string{
		"fsync":              {"on"},
		"full_page_writes":   {"on"},
		"synchronous_commit": {"on", "remote_apply"},
	} {
		var value string
		if err := pool.QueryRow(ctx, `SELECT current_setting($1)`, name).Scan(&value); err != nil {
			return fmt.Errorf("read the database's setting %s: %w", name, err)
		}
		if !slices.Contains(good, value) {
			return hinted(fmt.Errorf("the database has %s = %s: what it acknowledges can be lost", name, value),
				"Set it to on (in postgresql.conf, and for the role and the database), then start again.")
		}
	}
	return nil
}
