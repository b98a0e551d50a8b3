package projections

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// lockTries bounds how often the switch is tried while long reads hold the old tables.
const lockTries = 30

// compare holds the new rows against those that are served, both at one position. Workers wait only while
// that position is pinned down in a snapshot, not while the rows are read.
func (b *rebuild) compare(ctx context.Context) error {
	pinned, err := b.Projector.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly})
	if err != nil {
		return err
	}
	defer pinned.Rollback(context.WithoutCancel(ctx))
	equal := false
	err = pgx.BeginFunc(ctx, b.Owner, func(tx pgx.Tx) error {
		if err := b.hold(ctx, tx); err != nil {
			return err
		}
		equal, err = b.pin(ctx, pinned)
		return err
	})
	if err != nil {
		return err
	}
	b.result.Compared, b.result.Rows = equal, map[string]int64{}
	for _, t := range b.model.tables {
		rows, same, err := sameRows(ctx, pinned, t, equal)
		if err != nil {
			return err
		}
		b.result.Rows[t.name] = rows
		if same || b.result.Difference != "" {
			continue
		}
		if b.result.Difference, err = firstDifference(ctx, pinned, t); err != nil {
			return err
		}
	}
	if b.result.Difference != "" && !b.Force {
		return fmt.Errorf("%w: %s", ErrRowsDiffer, b.result.Difference)
	}
	return nil
}

// pin takes the snapshot, in which new and old rows are at one position, and says whether they can be compared.
func (b *rebuild) pin(ctx context.Context, pinned pgx.Tx) (bool, error) {
	live, err := readLive(ctx, pinned, b.model.name, "")
	if err != nil {
		return false, err
	}
	return live.comparable(b.model) && live.position == b.at.position, nil
}

// sameRows counts the new rows of a table and compares a digest of all rows that does not depend on their
// order.
func sameRows(ctx context.Context, tx pgx.Tx, t *table, comparing bool) (rows int64, same bool, err error) {
	digest := func(schema string) (n int64, sum string, err error) {
		q := `SELECT count(*), coalesce(sum(hashtextextended(r::text, 0)), 0)::text FROM ` + schema + `.` + t.name + ` r`
		if err = tx.QueryRow(ctx, q).Scan(&n, &sum); err != nil {
			err = fmt.Errorf("digest %s.%s: %w", schema, t.name, err)
		}
		return n, sum, err
	}
	rows, fresh, err := digest("rebuild")
	if err != nil || !comparing {
		return rows, true, err
	}
	n, served, err := digest("public")
	return rows, n == rows && served == fresh, err
}

// firstDifference tells the first row, by key, that is not the same.
func firstDifference(ctx context.Context, tx pgx.Tx, t *table) (string, error) {
	q := `
SELECT coalesce(served::text, 'none'), coalesce(fresh::text, 'none')
FROM public.` + t.name + ` served FULL JOIN rebuild.` + t.name + ` fresh USING (` + t.key + `)
WHERE served::text IS DISTINCT FROM fresh::text
ORDER BY ` + t.key + `
LIMIT 1`
	var served, fresh string
	if err := tx.QueryRow(ctx, q).Scan(&served, &fresh); err != nil {
		return "", fmt.Errorf("find the first difference in %s: %w", t.name, err)
	}
	return fmt.Sprintf("%s: served %s, rebuilt %s", t.name, served, fresh), nil
}

func isLockTimeout(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && pg.Code == "55P03"
}
