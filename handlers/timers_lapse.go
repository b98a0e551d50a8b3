package handlers

import (
	"context"
	"fmt"

	"orderledger/domain"
	"orderledger/projections"
)

// lapseTimer ends gifts and vouchers whose time is over. Its key has the position of the last event that moved one of
// them: a gift may be granted whose time is over already, as of a time that had its lapse before.
func lapseTimer(r *projections.Reader) timer {
	return timer{"lapse", r.DueLapses, func(_ context.Context, d projections.Due) (Request, error) {
		return timed(domain.LapseFunds{OrgID: d.OrgID}, fmt.Sprintf("lapse:%s:%d", d.OrgID, d.Position), map[string]string{}), nil
	}}
}
