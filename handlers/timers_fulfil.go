package handlers

import (
	"context"

	"orderledger/domain"
	"orderledger/projections"
)

// fulfilTimer says of paid orders that they are overdue, once they should have been fulfilled.
func fulfilTimer(r *projections.Reader) timer {
	return timer{"fulfil", r.DueFulfilments, func(_ context.Context, d projections.Due) (Request, error) {
		c := domain.MarkOverdue{OrderID: d.ID, OrgID: d.OrgID}
		return timed(c, timerKey("fulfil", d), map[string]string{"order_id": d.ID}), nil
	}}
}

// unfulfilledTimer refunds orders that no service began to fulfil in time.
func unfulfilledTimer(r *projections.Reader) timer {
	return timer{"unfulfilled", r.DueUnfulfilled, func(_ context.Context, d projections.Due) (Request, error) {
		c := domain.RefundOrder{OrderID: d.ID, OrgID: d.OrgID, Reason: "not fulfilled in time", ReturnVouchers: true, Unfulfilled: true}
		return timed(c, timerKey("unfulfilled", d), map[string]string{"order_id": d.ID}), nil
	}}
}
