package handlers

import (
	"context"
	"fmt"

	"orderledger/domain"
	"orderledger/projections"
)

// releaseTimer says of resources whose time is over that they are to be released.
func releaseTimer(r *projections.Reader) timer {
	return timer{"release", r.DueReleases, func(_ context.Context, d projections.Due) (Request, error) {
		return review(d.OrgID, d.ID, "", d.Position), nil
	}}
}

// debtorTimer says it of resources whose use has waited too long for money.
func debtorTimer(r *projections.Reader) timer {
	return timer{"debtor", r.DueDebtors, func(_ context.Context, d projections.Due) (Request, error) {
		return review(d.OrgID, d.ResourceID, d.ID, d.Position), nil
	}}
}

// withdrawTimer takes it back of resources that were renewed, or paid for.
func withdrawTimer(r *projections.Reader) timer {
	return timer{"withdraw", r.DueWithdrawals, func(_ context.Context, d projections.Due) (Request, error) {
		return review(d.OrgID, d.ID, "", d.Position), nil
	}}
}

// review is the review of a resource's release. A lease may end twice at the same time, after its renewal was refunded: the
// key has the position of the resource's last event, each of which is worth one accepted attempt.
func review(org, resource, order string, position int64) Request {
	c := domain.ReviewRelease{OrgID: org, ResourceID: resource, OrderID: order}
	return timed(c, fmt.Sprintf("release:%s:%d", resource, position), map[string]string{"resource_id": resource})
}
