package domain

import (
	"time"

	"github.com/shopspring/decimal"
)

// leaseEnd is when a lease of so many units that begins at from ends. Years, months and days are those of the calendar
// in the zone, at the same time of day; a day that a month does not have is its last. A part of a unit is that part of
// the next whole one. ok is false for modes that are no lease, and for ends beyond all calendars.
func leaseEnd(from time.Time, mode ChargeMode, quantity Decimal, zone *time.Location) (end time.Time, ok bool) {
	whole := quantity.Truncate(0)
	if mode.Group() != Prepay || whole.GreaterThan(decimal.NewFromInt(100_000)) || quantity.Sign() <= 0 {
		return time.Time{}, false
	}
	n := int(whole.IntPart())
	end = addUnits(from, mode, n, zone)
	if part := quantity.Sub(whole); part.Sign() > 0 {
		next := addUnits(from, mode, n+1, zone)
		length := decimal.NewFromInt(next.Sub(end).Microseconds())
		end = end.Add(time.Duration(part.Mul(length).IntPart()) * time.Microsecond)
	}
	return end.UTC(), end.Year() <= 9998
}

func addUnits(from time.Time, mode ChargeMode, n int, zone *time.Location) time.Time {
	switch mode {
	case ModeYear:
		return addMonths(from, 12*n, zone)
	case ModeMonth:
		return addMonths(from, n, zone)
	case ModeDay:
		return from.In(zone).AddDate(0, 0, n)
	}
	return from.UTC().AddDate(0, 0, 30*n) // 30 × 24 hours, whatever the clocks do meanwhile
}

func addMonths(from time.Time, n int, zone *time.Location) time.Time {
	t := from.In(zone)
	first := time.Date(t.Year(), t.Month()+time.Month(n), 1, 0, 0, 0, 0, zone)
	last := time.Date(first.Year(), first.Month()+1, 0, 0, 0, 0, 0, zone).Day()
	return time.Date(first.Year(), first.Month(), min(t.Day(), last), t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), zone)
}
