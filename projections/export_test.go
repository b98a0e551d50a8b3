package projections

import "context"

// RunOnLog makes the checks of the log and of what the database holds beside it, and leaves out saved states, mirror
// and read models, which take most of the time.
func (v Verification) RunOnLog(ctx context.Context) (Report, error) {
	return v.run(ctx, v.log, v.months, v.orders, v.tables)
}

// SumSpan lets tests of a few hundred events have whole spans of sums, and something beyond.
func SumSpan(events int64) { sumSpan = events }
