package handlers

import (
	"context"

	"orderledger/domain"
	"orderledger/projections"
)

// settleTimer settles the use of resources cycle by cycle, once a cycle and the organisation's delay are over.
func settleTimer(r *projections.Reader) timer {
	return timer{"settle", r.DueSettlements, func(_ context.Context, d projections.Due) (Request, error) {
		c := domain.SettleUsage{OrgID: d.OrgID, ResourceID: d.ID}
		return timed(c, timerKey("settle", d), map[string]string{"resource_id": d.ID}), nil
	}}
}
