package handlers

import (
	"context"

	"orderledger/domain"
	"orderledger/projections"
)

// overdueTimer charges resources whose lease is over for the day that has begun.
func overdueTimer(r *projections.Reader) timer {
	return timer{"overdue", r.DueOverdue, func(_ context.Context, d projections.Due) (Request, error) {
		c := domain.ChargeOverdue{OrgID: d.OrgID, ResourceID: d.ID}
		return timed(c, timerKey("overdue", d), map[string]string{"resource_id": d.ID}), nil
	}}
}
