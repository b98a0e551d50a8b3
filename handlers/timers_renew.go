package handlers

import (
	"context"

	"orderledger/domain"
	"orderledger/projections"
)

// renewTimer renews resources by themselves before their lease ends.
func renewTimer(r *projections.Reader) timer {
	return timer{"renew", r.DueRenewals, func(_ context.Context, d projections.Due) (Request, error) {
		c := domain.RenewResource{OrgID: d.OrgID, ResourceID: d.ID}
		return timed(c, timerKey("renew", d), map[string]string{"resource_id": d.ID}), nil
	}}
}
