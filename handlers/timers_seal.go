package handlers

import (
	"context"
	"errors"
	"math"
	"time"

	"orderledger/domain"
	"orderledger/projections"
)

// sealTimer fixes the totals of closed months, once their bill lines are all there.
func sealTimer(r *projections.Reader) timer {
	due := func(ctx context.Context, _ time.Time, _ projections.Due, limit int) (p projections.DuePage, err error) {
		p.AsOf = math.MaxInt64 // a month that was sealed is refused
		closing, err := r.ClosingPeriods(ctx, limit)
		for _, c := range closing {
			p.Items = append(p.Items, projections.Due{OrgID: c.OrgID, ID: string(c.Period), Position: c.Position})
		}
		return p, err
	}
	return timer{"seal", due, func(ctx context.Context, d projections.Due) (Request, error) {
		seal, err := r.Seal(ctx, projections.ClosingPeriod{OrgID: d.OrgID, Period: domain.Period(d.ID), Position: d.Position})
		if errors.Is(err, projections.ErrNotReached) {
			return Request{}, nil
		}
		if err != nil {
			return Request{}, err
		}
		c := domain.SealPeriod{
			OrgID: d.OrgID, Period: seal.Period, Position: seal.Position, Lines: seal.Lines, Totals: seal.Totals, Digest: seal.Digest,
		}
		return timed(c, "seal:"+d.ID, map[string]string{"period": d.ID, "digest": seal.Digest}), nil
	}}
}
