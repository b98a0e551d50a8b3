package projections

import (
	"context"
	"fmt"
	"time"
)

// DueReleases lists resources that are to be released because their time is over, and the days that are charged after it.
// At is when it ended: as domain.Resource.TimeEnds has it.
func (r *Reader) DueReleases(ctx context.Context, now time.Time, after Due, limit int) (DuePage, error) {
	q := `
WITH r AS MATERIALIZED (
    SELECT greatest(release_leased, release_free) AS ended, org_id, resource_id, position, release_leased, release_free
    FROM resources
    WHERE greatest(release_leased, release_free) <= $1 AND (greatest(release_leased, release_free), org_id, resource_id) > ($2, $3, $4)
    ORDER BY greatest(release_leased, release_free), org_id, resource_id
    LIMIT $5)
SELECT ended, org_id, resource_id, position,
    greatest(release_leased + make_interval(hours => 24 * coalesce((SELECT g.overdue_days FROM orgs g WHERE g.org_id = r.org_id), 7)::integer),
        release_free) <= $1
    AND ` + fmt.Sprintf(notImported, "r") + `
FROM r
ORDER BY ended, org_id, resource_id`
	p, err := r.due(ctx, []string{Resources, Orgs}, q, now, after, limit)
	if err != nil {
		return p, fmt.Errorf("read resources to be released: %w", err)
	}
	return p, nil
}

// DueDebtors lists settlements that have waited for money so long that their resource is to be released, where that is not
// said for another one. At is when they began to wait, Position the resource's.
func (r *Reader) DueDebtors(ctx context.Context, now time.Time, after Due, limit int) (DuePage, error) {
	q := `
WITH o AS MATERIALIZED (
    SELECT created_at, org_id, order_id, position
    FROM orders
    WHERE arrears AND created_at <= $1 AND (created_at, org_id, order_id) > ($2, $3, $4)
    ORDER BY created_at, org_id, order_id
    LIMIT $5)
SELECT o.created_at, o.org_id, o.order_id, coalesce(r.position, 0), r.position IS NOT NULL
    AND (SELECT d.wait > 0 AND o.created_at <= $1::timestamptz - make_interval(secs => d.wait)
        FROM (SELECT coalesce((SELECT g.release_after_seconds FROM orgs g WHERE g.org_id = o.org_id), 604800) AS wait) d)
    AND ` + fmt.Sprintf(notImported, "o") + `, coalesce(r.resource_id, '')
FROM o LEFT JOIN LATERAL (
    SELECT r.resource_id, r.position
    FROM order_lines l JOIN resources r ON r.org_id = l.org_id AND r.resource_id = l.resource_id
    WHERE l.order_id = o.order_id AND r.status = 'active' AND r.released_for IS NULL AND r.opened_at <= o.created_at
    ORDER BY l.line_no
    LIMIT 1) r ON true
ORDER BY o.created_at, o.org_id, o.order_id`
	p, err := r.dueAnd(ctx, []string{Orders, Orgs, Resources}, q, now, after, limit, func(d *Due) []any { return []any{&d.ResourceID} })
	if err != nil {
		return p, fmt.Errorf("read debtors' resources: %w", err)
	}
	return p, nil
}

// DueWithdrawals lists resources that are not to be released any more for a cause that was said: they were renewed, or what
// was owed is paid. At is when they were opened.
func (r *Reader) DueWithdrawals(ctx context.Context, now time.Time, after Due, limit int) (DuePage, error) {
	q := `
WITH r AS MATERIALIZED (
    SELECT opened_at, org_id, resource_id, position, release_over, released_for
    FROM resources
    WHERE (release_over OR released_for IS NOT NULL) AND (opened_at, org_id, resource_id) > ($2, $3, $4)
    ORDER BY opened_at, org_id, resource_id
    LIMIT $5)
SELECT opened_at, org_id, resource_id, position,
    (release_over OR EXISTS (SELECT FROM orders o WHERE o.order_id = r.released_for AND NOT o.arrears)) AND ` + fmt.Sprintf(notImported, "r") + `
FROM r
ORDER BY opened_at, org_id, resource_id`
	p, err := r.due(ctx, []string{Resources, Orders}, q, now, after, limit)
	if err != nil {
		return p, fmt.Errorf("read releases to be withdrawn: %w", err)
	}
	return p, nil
}
