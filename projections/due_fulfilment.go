package projections

import (
	"context"
	"fmt"
	"time"
)

// DueFulfilments lists orders that were paid so long ago that they should have been fulfilled, and are not known to be
// overdue yet. At is when they were paid.
func (r *Reader) DueFulfilments(ctx context.Context, now time.Time, after Due, limit int) (DuePage, error) {
	q := `
WITH o AS MATERIALIZED (
    SELECT awaits_since, org_id, order_id, position
    FROM orders
    WHERE awaits_since IS NOT NULL AND NOT overdue AND awaits_since <= $1 AND (awaits_since, org_id, order_id) > ($2, $3, $4)
    ORDER BY awaits_since, org_id, order_id
    LIMIT $5)
SELECT awaits_since, org_id, order_id, position,
    (SELECT d.within > 0 AND o.awaits_since <= $1::timestamptz - make_interval(secs => d.within)
     FROM (SELECT coalesce((SELECT g.fulfil_within_seconds FROM orgs g WHERE g.org_id = o.org_id), 86400) AS within) d)
    AND ` + fmt.Sprintf(notImported, "o") + `
FROM o
ORDER BY awaits_since, org_id, order_id`
	p, err := r.due(ctx, []string{Orders, Orgs}, q, now, after, limit)
	if err != nil {
		return p, fmt.Errorf("read orders to be fulfilled: %w", err)
	}
	return p, nil
}

// DueUnfulfilled lists orders that no service began to fulfil, and that are refunded by themselves therefore, where their
// organisation wants that. At is when they were paid.
func (r *Reader) DueUnfulfilled(ctx context.Context, now time.Time, after Due, limit int) (DuePage, error) {
	q := `
SELECT o.awaits_since, o.org_id, o.order_id, o.position, ` + fmt.Sprintf(notImported, "o") + `
FROM orgs g CROSS JOIN LATERAL (
    SELECT awaits_since, org_id, order_id, position
    FROM orders
    WHERE org_id = g.org_id AND awaits_since IS NOT NULL AND status = 'paid' AND payable_amount > 0
      AND awaits_since <= $1::timestamptz - make_interval(secs => g.refund_unfulfilled_after_seconds) AND (awaits_since, org_id, order_id) > ($2, $3, $4)
    ORDER BY awaits_since, order_id
    LIMIT $5) o
WHERE g.refund_unfulfilled_after_seconds > 0
ORDER BY o.awaits_since, o.org_id, o.order_id
LIMIT $5`
	p, err := r.due(ctx, []string{Orders, Orgs}, q, now, after, limit)
	if err != nil {
		return p, fmt.Errorf("read orders that nobody fulfils: %w", err)
	}
	return p, nil
}
