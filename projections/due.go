package projections

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// Due is something whose time has come.
type Due struct {
	At    time.Time
	OrgID string
	// ID is the order's, the resource's or the month; "" where it is about the organisation's account.
	ID string
	// Position is that of the last event that says so.
	Position int64
	// ResourceID is the resource of an order, where that is what is due.
	ResourceID string
}

// DuePage is a part of what is due, over all organisations.
type DuePage struct {
	Items []Due
	// AsOf is the position that the answer is as of.
	AsOf int64
	// More: there may be more, after Last, which need not be one of the items.
	More bool
	Last Due
	// Next is when more falls due, where the query knows it; zero where it does not, or nothing does.
	Next time.Time
}

// What is due is listed page by page: each goes on where the page before ended (the zero Due begins), so that a run over
// very many does not depend on how soon the read models show what it did. A page is cut from the index on the times
// first; what else has to hold is asked of its rows alone, by sub-queries that can't become joins: the planner would
// guess that few rows are due, and read and sort all of them for each page.
//
// Timers leave alone what an import told of last, for an hour: the history that is being brought in may go on.
const notImported = `NOT coalesce((
    SELECT e.actor LIKE 'import:%%' AND e.recorded_at > $1::timestamptz - interval '1 hour'
    FROM events e
    WHERE e.position = %s.position), false)`

// due runs a query of at, org_id, id, position, and whether that is due indeed, with the parameters now, after.At,
// after.OrgID, after.ID, limit.
func (r *Reader) due(ctx context.Context, names []string, sql string, now time.Time, after Due, limit int) (DuePage, error) {
	return r.dueAnd(ctx, names, sql, now, after, limit, func(*Due) []any { return nil })
}

// dueAnd is due for a query with more columns, which the last argument has places for.
func (r *Reader) dueAnd(ctx context.Context, names []string, sql string, now time.Time, after Due, limit int, more func(*Due) []any) (DuePage, error) {
	var p DuePage
	var err error
	var d Due
	var due bool
	listed := 0
	p.AsOf, err = r.read(ctx, AllOrgs, names, func(b *pgx.Batch) {
		args := []any{now, after.At, after.OrgID, after.ID, limit}
		collect(b, sql, args, append([]any{&d.At, &d.OrgID, &d.ID, &d.Position, &due}, more(&d)...), func() error {
			listed++
			if p.Last = d; due {
				p.Items = append(p.Items, d)
			}
			return nil
		})
	})
	p.More = listed == limit
	return p, err
}

// DueExpiries lists unpaid orders, and orders that await an approval, whose deadline has come.
func (r *Reader) DueExpiries(ctx context.Context, now time.Time, after Due, limit int) (DuePage, error) {
	const q = `
SELECT due_at, org_id, order_id, position, true
FROM orders
WHERE status IN ('unpaid', 'awaiting_approval') AND due_at <= $1 AND (due_at, org_id, order_id) > ($2, $3, $4)
ORDER BY due_at, org_id, order_id
LIMIT $5`
	const nextQuery = `SELECT min(due_at) FROM orders WHERE status IN ('unpaid', 'awaiting_approval') AND due_at > $1`
	p, err := r.due(ctx, []string{Orders}, q, now, after, limit)
	if err == nil {
		var next *time.Time
		_, err = r.read(ctx, AllOrgs, []string{Orders}, func(b *pgx.Batch) {
			b.Queue(nextQuery, now).QueryRow(func(row pgx.Row) error { return row.Scan(&next) })
		})
		if next != nil {
			p.Next = next.UTC()
		}
	}
	if err != nil {
		return p, fmt.Errorf("read due orders: %w", err)
	}
	return p, nil
}

// DueRefunds lists orders whose fulfilment failed so long ago that they are refunded by themselves.
func (r *Reader) DueRefunds(ctx context.Context, now time.Time, after Due, limit int) (DuePage, error) {
	q := `
WITH o AS MATERIALIZED (
    SELECT fulfilment_failed_at, org_id, order_id, position
    FROM orders
    WHERE status IN ('fulfilment_failed', 'partially_refunded') AND fulfilment_failed_at <= $1 AND (fulfilment_failed_at, org_id, order_id) > ($2, $3, $4)
    ORDER BY fulfilment_failed_at, org_id, order_id
    LIMIT $5)
SELECT fulfilment_failed_at, org_id, order_id, position,
    fulfilment_failed_at <= $1 - make_interval(secs => coalesce(
        (SELECT g.refund_failed_after_seconds FROM orgs g WHERE g.org_id = o.org_id), 3600)) AND ` + fmt.Sprintf(notImported, "o") + `
FROM o
ORDER BY fulfilment_failed_at, org_id, order_id`
	p, err := r.due(ctx, []string{Orders, Orgs}, q, now, after, limit)
	if err != nil {
		return p, fmt.Errorf("read due refunds: %w", err)
	}
	return p, nil
}

// DueArrears lists organisations whose oldest arrears in a currency their money might pay, each once.
func (r *Reader) DueArrears(ctx context.Context, now time.Time, after Due, limit int) (DuePage, error) {
	q := `
SELECT min(o.created_at), a.org_id, min(o.order_id), max(a.position), true
FROM accounts a
LEFT JOIN orgs g ON g.org_id = a.org_id
CROSS JOIN LATERAL (
    SELECT o.created_at, o.order_id, o.payable_amount
    FROM orders o
    WHERE o.org_id = a.org_id AND o.arrears AND o.currency = a.currency
    ORDER BY o.created_at, o.order_id
    LIMIT 1) o
WHERE a.org_id > $3 AND $2::timestamptz IS NOT NULL AND $4::text IS NOT NULL AND ` + fmt.Sprintf(notImported, "a") + `
  AND a.cash + a.gift + a.voucher + coalesce((g.doc -> 'credit_limit' ->> a.currency)::numeric, 0) >= o.payable_amount
GROUP BY a.org_id
ORDER BY a.org_id
LIMIT $5`
	p, err := r.due(ctx, []string{Accounts, Orders, Orgs}, q, now, after, limit)
	if err != nil {
		return p, fmt.Errorf("read due arrears: %w", err)
	}
	return p, nil
}

// DueLapses lists organisations with gifts or vouchers whose time is over, each once.
func (r *Reader) DueLapses(ctx context.Context, now time.Time, after Due, limit int) (DuePage, error) {
	q := `
SELECT min(l.at), l.org_id, '', max(l.position), true
FROM (
    SELECT expires_at AS at, org_id, position FROM gifts WHERE left_amount > 0 AND expires_at <= $1
    UNION ALL
    SELECT valid_to, org_id, position FROM vouchers WHERE left_amount > 0 AND valid_to <= $1) l
WHERE l.org_id > $3 AND $2::timestamptz IS NOT NULL AND $4::text IS NOT NULL AND ` + fmt.Sprintf(notImported, "l") + `
GROUP BY l.org_id
ORDER BY l.org_id
LIMIT $5`
	p, err := r.due(ctx, []string{Vouchers}, q, now, after, limit)
	if err != nil {
		return p, fmt.Errorf("read due lapses: %w", err)
	}
	return p, nil
}
