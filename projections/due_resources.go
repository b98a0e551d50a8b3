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
SELECT r.settle_at, r.org_id, r.resource_id, r.position
FROM resources r
LEFT JOIN orgs g ON g.org_id = r.org_id
WHERE r.settle_at <= $1 AND (r.settle_at, r.org_id, r.resource_id) > ($2, $3, $4)
  AND r.settle_at <= $1 - make_interval(secs => coalesce(g.settlement_delay_seconds, 0)) AND` + fmt.Sprintf(notImported, "r") + `
ORDER BY r.settle_at, r.org_id, r.resource_id
LIMIT $5`
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
(SELECT %[1]s AS due_at, r.org_id, r.resource_id, r.position
FROM resources r
LEFT JOIN orgs g ON g.org_id = r.org_id
WHERE %[1]s <= $1 AND (%[1]s, r.org_id, r.resource_id) > ($2, $3, $4)
  AND coalesce(g.overdue_days, 7) > 0
  AND (r.overdue_at < r.overdue_ended + make_interval(hours => 24 * coalesce(g.overdue_days, 7)::integer)) = %[2]s AND%[3]s
ORDER BY %[1]s, r.org_id, r.resource_id
LIMIT $5)`
	idle := fmt.Sprintf(notImported, "r")
	q := fmt.Sprintf(half, "r.overdue_at", "true", idle) + "\nUNION ALL" + fmt.Sprintf(half, "r.overdue_later", "false", idle) + `
ORDER BY due_at, org_id, resource_id
LIMIT $5`
	p, err := r.due(ctx, []string{Resources, Orgs}, q, now, after, limit)
	if err != nil {
		return p, fmt.Errorf("read days to charge: %w", err)
	}
	return p, nil
}

// DueRenewals lists resources that are to be renewed by themselves. At is when that became due.
func (r *Reader) DueRenewals(ctx context.Context, now time.Time, after Due, limit int) (DuePage, error) {
	q := `
SELECT r.renew_at, r.org_id, r.resource_id, r.position
FROM resources r
WHERE r.renew_at <= $1 AND (r.renew_at, r.org_id, r.resource_id) > ($2, $3, $4) AND` + fmt.Sprintf(notImported, "r") + `
ORDER BY r.renew_at, r.org_id, r.resource_id
LIMIT $5`
	p, err := r.due(ctx, []string{Resources}, q, now, after, limit)
	if err != nil {
		return p, fmt.Errorf("read due renewals: %w", err)
	}
	return p, nil
}
