package projections

import (
	"context"
	"fmt"
	"time"
)

// DueSettlements lists resources with use in a cycle that is over, and whose organisation's delay is too. At is the
// end of the first such cycle.
func (r *Reader) DueSettlements(ctx context.Context, now time.Time, after Due, limit int) (DuePage, error) {
	q := `
WITH r AS MATERIALIZED (
    SELECT settle_at, org_id, resource_id, position
    FROM resources
    WHERE settle_at <= $1 AND (settle_at, org_id, resource_id) > ($2, $3, $4)
    ORDER BY settle_at, org_id, resource_id
    LIMIT $5)
SELECT settle_at, org_id, resource_id, position, settle_at <= $1 - make_interval(secs => coalesce(
        (SELECT g.settlement_delay_seconds FROM orgs g WHERE g.org_id = r.org_id), 0)) AND ` + fmt.Sprintf(notImported, "r") + `
FROM r
ORDER BY settle_at, org_id, resource_id`
	p, err := r.due(ctx, []string{Resources, Orgs}, q, now, after, limit)
	if err != nil {
		return p, fmt.Errorf("read due settlements: %w", err)
	}
	return p, nil
}

// DueOverdue lists resources with a lease that is over, and which are charged by the day for a while. At is when the next
// such day begins: as domain.Resource.NextOverdueDay has it, for the days of the organisation. Each half stops by its own
// index; no resource is in both.
func (r *Reader) DueOverdue(ctx context.Context, now time.Time, after Due, limit int) (DuePage, error) {
	const half = `
        (SELECT %[1]s AS due_at, org_id, resource_id, position, overdue_at, overdue_ended, %[2]s AS now_due
        FROM resources
        WHERE %[1]s <= $1 AND (%[1]s, org_id, resource_id) > ($2, $3, $4)
        ORDER BY %[1]s, org_id, resource_id
        LIMIT $5)`
	q := `
WITH r AS MATERIALIZED (
    SELECT due_at, org_id, resource_id, position, overdue_at, overdue_ended, now_due
    FROM (` + fmt.Sprintf(half, "overdue_at", "true") + `
        UNION ALL` + fmt.Sprintf(half, "overdue_later", "false") + `) halves
    ORDER BY due_at, org_id, resource_id
    LIMIT $5)
SELECT due_at, org_id, resource_id, position,
    (SELECT d.days > 0 AND (r.overdue_at < r.overdue_ended + make_interval(hours => 24 * d.days)) = r.now_due
     FROM (SELECT coalesce((SELECT g.overdue_days FROM orgs g WHERE g.org_id = r.org_id), 7)::integer AS days) d)
    AND ` + fmt.Sprintf(notImported, "r") + `
FROM r
ORDER BY due_at, org_id, resource_id`
	p, err := r.due(ctx, []string{Resources, Orgs}, q, now, after, limit)
	if err != nil {
		return p, fmt.Errorf("read days to charge: %w", err)
	}
	return p, nil
}

// DueRenewals lists resources that are to be renewed by themselves. At is when that became due.
func (r *Reader) DueRenewals(ctx context.Context, now time.Time, after Due, limit int) (DuePage, error) {
	q := `
WITH r AS MATERIALIZED (
    SELECT renew_at, org_id, resource_id, position
    FROM resources
    WHERE renew_at <= $1 AND (renew_at, org_id, resource_id) > ($2, $3, $4)
    ORDER BY renew_at, org_id, resource_id
    LIMIT $5)
SELECT renew_at, org_id, resource_id, position, ` + fmt.Sprintf(notImported, "r") + `
FROM r
ORDER BY renew_at, org_id, resource_id`
	p, err := r.due(ctx, []string{Resources}, q, now, after, limit)
	if err != nil {
		return p, fmt.Errorf("read due renewals: %w", err)
	}
	return p, nil
}
