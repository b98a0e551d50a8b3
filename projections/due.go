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
}

// DuePage is a part of what is due, over all organisations.
type DuePage struct {
	Items []Due
	// AsOf is the position that the answer is as of.
	AsOf int64
	// Next is when more falls due, where the query knows it; zero where it does not, or nothing does.
	Next time.Time
}

// What is due is listed page by page: each goes on after the last item of the page before (the zero Due begins), so
// that a run over very many does not depend on how soon the read models show what it did.
//
// Timers leave alone what an import told of last, for an hour: the history that is being brought in may go on.
const notImported = ` NOT EXISTS (
    SELECT FROM events e
    WHERE e.position = %s.position AND e.actor LIKE 'import:%%' AND e.recorded_at > $1::timestamptz - interval '1 hour')`

// due runs a query of at, org_id, id, position with the parameters now, after.At, after.OrgID, after.ID, limit.
func (r *Reader) due(ctx context.Context, names []string, sql string, now time.Time, after Due, limit int) (DuePage, error) {
	var p DuePage
	var err error
	var d Due
	p.AsOf, err = r.read(ctx, AllOrgs, names, func(b *pgx.Batch) {
		collect(b, sql, []any{now, after.At, after.OrgID, after.ID, limit}, []any{&d.At, &d.OrgID, &d.ID, &d.Position}, func() error {
			p.Items = append(p.Items, d)
			return nil
		})
	})
	return p, err
}

// DueExpiries lists unpaid orders, and orders that await an approval, whose deadline has come.
func (r *Reader) DueExpiries(ctx context.Context, now time.Time, after Due, limit int) (DuePage, error) {
	const q = `
SELECT due_at, org_id, order_id, position
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
SELECT o.fulfilment_failed_at, o.org_id, o.order_id, o.position
FROM orders o
LEFT JOIN orgs g ON g.org_id = o.org_id
WHERE o.status = 'fulfilment_failed' AND o.fulfilment_failed_at <= $1
  AND o.fulfilment_failed_at <= $1 - make_interval(secs => coalesce(g.refund_failed_after_seconds, 3600))
  AND (o.fulfilment_failed_at, o.org_id, o.order_id) > ($2, $3, $4) AND` + fmt.Sprintf(notImported, "o") + `
ORDER BY o.fulfilment_failed_at, o.org_id, o.order_id
LIMIT $5`
	p, err := r.due(ctx, []string{Orders, Orgs}, q, now, after, limit)
	if err != nil {
		return p, fmt.Errorf("read due refunds: %w", err)
	}
	return p, nil
}

// DueArrears lists organisations whose oldest arrears in a currency their money might pay, each once.
func (r *Reader) DueArrears(ctx context.Context, now time.Time, after Due, limit int) (DuePage, error) {
	q := `
SELECT min(o.created_at), a.org_id, min(o.order_id), max(a.position)
FROM accounts a
LEFT JOIN orgs g ON g.org_id = a.org_id
CROSS JOIN LATERAL (
    SELECT o.created_at, o.order_id, o.payable_amount
    FROM orders o
    WHERE o.org_id = a.org_id AND o.arrears AND o.currency = a.currency
    ORDER BY o.created_at, o.order_id
    LIMIT 1) o
WHERE a.org_id > $3 AND $2::timestamptz IS NOT NULL AND $4::text IS NOT NULL AND` + fmt.Sprintf(notImported, "a") + `
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
SELECT min(l.at), l.org_id, '', max(l.position)
FROM (
    SELECT expires_at AS at, org_id, position FROM gifts WHERE left_amount > 0 AND expires_at <= $1
    UNION ALL
    SELECT valid_to, org_id, position FROM vouchers WHERE left_amount > 0 AND valid_to <= $1) l
WHERE l.org_id > $3 AND $2::timestamptz IS NOT NULL AND $4::text IS NOT NULL AND` + fmt.Sprintf(notImported, "l") + `
GROUP BY l.org_id
ORDER BY l.org_id
LIMIT $5`
	p, err := r.due(ctx, []string{Vouchers}, q, now, after, limit)
	if err != nil {
		return p, fmt.Errorf("read due lapses: %w", err)
	}
	return p, nil
}
