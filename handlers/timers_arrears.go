package handlers

import (
	"context"
	"fmt"

	"orderledger/domain"
	"orderledger/projections"
)

// arrearsTimer pays settlements that wait, once there is money that came in otherwise than by a top-up, and goes on
// after a top-up that could not pay them all in one command. Its key has the position of the account's last event: each
// is worth one attempt.
func arrearsTimer(r *projections.Reader) timer {
	return timer{"arrears", r.DueArrears, func(_ context.Context, d projections.Due) (Request, error) {
		return timed(domain.CollectArrears{OrgID: d.OrgID}, fmt.Sprintf("arrears:%s:%d", d.OrgID, d.Position), map[string]string{}), nil
	}}
}
