package domain

import "time"

// cycle is a span of time whose use is settled together, half-open.
type cycle struct{ start, end time.Time }

func (c cycle) holds(t time.Time) bool { return !t.Before(c.start) && t.Before(c.end) }

// cycleOf is the cycle of a kind (hour, day or month; "" is month) that t falls into, by the clocks of the zone.
func cycleOf(kind string, t time.Time, zone *time.Location) cycle {
	switch kind {
	case "hour":
		return hourOf(t, zone)
	case "day":
		return dayOf(t, zone)
	}
	return monthOf(t, zone)
}

// hourOf begins and ends with a full hour on the wall, sixty minutes apart. Only where clocks are changed by less than
// an hour is a cycle cut there: else two of them would overlap.
func hourOf(t time.Time, zone *time.Location) cycle {
	t = t.In(zone)
	_, minute, second := t.Clock()
	start := t.Add(-time.Duration(minute)*time.Minute - time.Duration(second)*time.Second - time.Duration(t.Nanosecond()))
	c := cycle{start, start.Add(time.Hour)}
	if since, _ := t.ZoneBounds(); offsetAt(c.start) != offsetAt(t) {
		c.start = since
	}
	if _, until := t.ZoneBounds(); offsetAt(c.end.Add(-1)) != offsetAt(t) {
		c.end = until
	}
	return c
}

// offsetAt is how far the clocks are from UTC.
func offsetAt(t time.Time) int { _, offset := t.Zone(); return offset }

// dayOf is from one midnight to the next: 23 or 25 hours where clocks are changed.
func dayOf(t time.Time, zone *time.Location) cycle {
	year, month, day := t.In(zone).Date()
	c := cycle{dayStart(year, month, day, zone), dayStart(year, month, day+1, zone)}
	for t.Before(c.start) { // clocks went back over midnight: it is yesterday once more
		day--
		c = cycle{dayStart(year, month, day, zone), c.start}
	}
	for !t.Before(c.end) {
		day++
		c = cycle{c.end, dayStart(year, month, day+1, zone)}
	}
	return c
}

func monthOf(t time.Time, zone *time.Location) cycle {
	year, month, _ := t.In(zone).Date()
	c := cycle{monthStart(year, month, zone), monthStart(year, month+1, zone)}
	for t.Before(c.start) {
		month--
		c = cycle{monthStart(year, month, zone), c.start}
	}
	for !t.Before(c.end) {
		month++
		c = cycle{c.end, monthStart(year, month+1, zone)}
	}
	return c
}
