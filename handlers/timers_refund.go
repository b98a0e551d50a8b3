package handlers

import (
	"context"

	"orderledger/domain"
	"orderledger/projections"
)

// refundTimer refunds orders whose fulfilment failed and was not tried again in time.
func refundTimer(r *projections.Reader) timer {
	return timer{"refund", r.DueRefunds, func(_ context.Context, d projections.Due) (Request, error) {
		c := domain.RefundOrder{OrderID: d.ID, OrgID: d.OrgID, Reason: "fulfilment failed", ReturnVouchers: true, Unfulfilled: true}
		return timed(c, timerKey("refund", d), map[string]string{"order_id": d.ID}), nil
	}}
}
