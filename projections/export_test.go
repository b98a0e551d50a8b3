package projections

import (
	"context"
	"encoding/json"
	"time"
)

// RunOnLog makes the checks of the log and of what the database holds beside it, and leaves out saved states, mirror
// and read models, which take most of the time.
func (v Verification) RunOnLog(ctx context.Context) (Report, error) {
	return v.run(ctx, v.log, v.months, v.orders, v.tables)
}

// SumSpan lets tests of a few hundred events have whole spans of sums, and something beyond.
func SumSpan(events int64) { sumSpan = events }

// SearchOrders goes through some orders at once, as Orders does when its time is over.
func (r *Reader) SearchOrders(ctx context.Context, org string, q OrderQuery, among int) (List[json.RawMessage], error) {
	q.AtMost = time.Minute
	return r.searchOrders(ctx, org, q, among)
}
