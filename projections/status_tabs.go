package projections

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"orderledger/domain"
)

// tabsFor bounds how long the counts of tabs may take, all together.
const tabsFor = 40 * time.Millisecond

// tabsInOrder are the statuses, those first that somebody has to do something about.
var tabsInOrder = []domain.Status{
	domain.Unpaid, domain.AwaitingApproval, domain.FulfilmentFailure, domain.Fulfilling, domain.Paid, domain.Completed,
	domain.PartiallyRefunded, domain.Refunded, domain.Expired, domain.Cancelled, domain.Voided,
}

// StatusTabs counts orders by status, as far as f lets them through; f.Statuses are passed over. Every status is there.
// A count above most means that there are more: no status is counted any further, so that work is bounded where many
// orders match. Where few do, and no index leads to them, the time is: after some 40 ms the counts that are not finished
// are left, and are -1.
func (r *Reader) StatusTabs(ctx context.Context, org string, f Filter, most int64) (counts map[string]int64, asOf int64, err error) {
	f.Statuses = nil
	counts = map[string]int64{}
	for _, s := range tabsInOrder {
		counts[string(s)] = -1
	}
	w := ordersWhere(org, &f)
	w.and("status = tab.status")
	found, args := countOf("orders", w, most)
	args = append(args, nil)
	q := `SELECT tab.status, (` + found + `) FROM unnest($` + number(int64(len(args))) + `::text[]) AS tab (status)`
	err = pgx.BeginTxFunc(ctx, r.pool, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
		var b pgx.Batch
		queueRead(&b, org, []string{Orders}, &asOf)
		if err := tx.SendBatch(ctx, &b).Close(); err != nil {
			return err
		}
		began := time.Now()
		// All at once, which is nearly always enough; else one by one, for what the time that is left allows.
		done, err := countTabs(ctx, tx, q, args, tabsInOrder, tabsFor/2, counts)
		for i := 0; err == nil && !done && i < len(tabsInOrder); i++ {
			if left := tabsFor - time.Since(began); left > time.Millisecond {
				_, err = countTabs(ctx, tx, q, args, tabsInOrder[i:i+1], left/2, counts)
			}
		}
		return err
	})
	// The limit of one statement, if it is reached as that ends, cancels the next.
	if err != nil && (!isTimeout(err) || asOf == 0 || ctx.Err() != nil) {
		return nil, 0, fmt.Errorf("count orders by status: %w", err)
	}
	return counts, asOf, nil
}

// countTabs fills in the counts of some statuses, unless that takes too long.
func countTabs(ctx context.Context, tx pgx.Tx, q string, args []any, statuses []domain.Status, atMost time.Duration, counts map[string]int64) (done bool, err error) {
	args[len(args)-1] = statuses
	var status string
	var n int64
	var b pgx.Batch
	b.Queue(`SAVEPOINT tabs`)
	b.Queue(`SELECT set_config('statement_timeout', $1, true)`, number(max(1, atMost.Milliseconds())))
	collect(&b, q, args, []any{&status, &n}, func() error { counts[status] = n; return nil })
	b.Queue(noTimeout)
	err = tx.SendBatch(ctx, &b).Close()
	if isTimeout(err) {
		_, err = tx.Exec(ctx, `ROLLBACK TO SAVEPOINT tabs`)
		return false, err
	}
	return true, err
}

// isTimeout: the statement took longer than it was allowed to.
func isTimeout(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && pg.Code == "57014"
}
