package handlers

import (
	"context"

	"orderledger/domain"
	"orderledger/projections"
)

// expireTimer expires orders that were not paid, or not approved, before their deadline.
func expireTimer(r *projections.Reader) timer {
	return timer{"expire", r.DueExpiries, func(_ context.Context, d projections.Due) (Request, error) {
		c := domain.ExpireOrder{OrderID: d.ID, OrgID: d.OrgID}
		return timed(c, "expire:"+d.ID, map[string]string{"order_id": d.ID}), nil // it happens once in an order's life
	}}
}
