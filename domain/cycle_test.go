package domain

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

func zone(t interface{ Fatalf(string, ...any) }, name string) *time.Location {
	z, ok := Zone(name)
	if !ok {
		t.Fatalf("there is no zone %s", name)
	}
	return z
}

func instant(t *testing.T, s string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func TestCycles(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, kind, zone, at, start, end string }{
		{"an hour", "hour", "Asia/Shanghai", "2025-11-04T15:59:59.999999Z", "2025-11-04T15:00:00Z", "2025-11-04T16:00:00Z"},
		{"its end is the next one's start", "hour", "Asia/Shanghai", "2025-11-04T16:00:00Z", "2025-11-04T16:00:00Z", "2025-11-04T17:00:00Z"},
		{"30 minutes off", "hour", "Asia/Kolkata", "2025-11-04T16:10:00Z", "2025-11-04T15:30:00Z", "2025-11-04T16:30:00Z"},
		{"45 minutes off", "hour", "Asia/Kathmandu", "2025-11-04T16:20:00Z", "2025-11-04T16:15:00Z", "2025-11-04T17:15:00Z"},
		{"45 minutes off, east", "hour", "Pacific/Chatham", "2025-07-04T16:20:00Z", "2025-07-04T16:15:00Z", "2025-07-04T17:15:00Z"},
		{"the first of two hours at two", "hour", "Europe/Berlin", "2025-10-26T00:30:00Z", "2025-10-26T00:00:00Z", "2025-10-26T01:00:00Z"},
		{"the second of two hours at two", "hour", "Europe/Berlin", "2025-10-26T01:30:00Z", "2025-10-26T01:00:00Z", "2025-10-26T02:00:00Z"},
		{"the hour after the one left out", "hour", "Europe/Berlin", "2025-03-30T01:30:00Z", "2025-03-30T01:00:00Z", "2025-03-30T02:00:00Z"},
		{"half an hour comes twice: before", "hour", "Australia/Lord_Howe", "2025-04-05T14:45:00Z", "2025-04-05T14:00:00Z", "2025-04-05T15:00:00Z"},
		{"half an hour comes twice: again", "hour", "Australia/Lord_Howe", "2025-04-05T15:10:00Z", "2025-04-05T15:00:00Z", "2025-04-05T15:30:00Z"},
		{"half an hour comes twice: after", "hour", "Australia/Lord_Howe", "2025-04-05T15:30:00Z", "2025-04-05T15:30:00Z", "2025-04-05T16:30:00Z"},
		{"half an hour is left out", "hour", "Australia/Lord_Howe", "2025-10-04T15:30:00Z", "2025-10-04T15:30:00Z", "2025-10-04T16:00:00Z"},

		{"a day", "day", "Asia/Shanghai", "2025-11-04T15:59:59Z", "2025-11-03T16:00:00Z", "2025-11-04T16:00:00Z"},
		{"a day of 23 hours", "day", "Europe/Berlin", "2025-03-30T12:00:00Z", "2025-03-29T23:00:00Z", "2025-03-30T22:00:00Z"},
		{"a day of 25 hours", "day", "Europe/Berlin", "2025-10-26T12:00:00Z", "2025-10-25T22:00:00Z", "2025-10-26T23:00:00Z"},
		{"a day without midnight", "day", "Africa/Cairo", "2025-04-25T10:00:00Z", "2025-04-24T22:00:00Z", "2025-04-25T21:00:00Z"},
		{"the day before it", "day", "Africa/Cairo", "2025-04-24T21:59:59Z", "2025-04-23T22:00:00Z", "2025-04-24T22:00:00Z"},
		{"a day with two midnights, between them", "day", "America/Havana", "2025-11-02T04:30:00Z", "2025-11-02T04:00:00Z", "2025-11-03T05:00:00Z"},
		{"a day with two midnights, after", "day", "America/Havana", "2025-11-02T05:30:00Z", "2025-11-02T04:00:00Z", "2025-11-03T05:00:00Z"},
		{"the day before one that was left out", "day", "Pacific/Apia", "2011-12-30T09:00:00Z", "2011-12-29T10:00:00Z", "2011-12-30T10:00:00Z"},
		{"the day after one that was left out", "day", "Pacific/Apia", "2011-12-30T10:00:00Z", "2011-12-30T10:00:00Z", "2011-12-31T10:00:00Z"},
		{"yesterday once more", "day", "America/St_Johns", "2009-11-01T02:45:00Z", "2009-11-01T02:30:00Z", "2009-11-02T03:30:00Z"},

		{"a month", "month", "Asia/Shanghai", "2025-10-31T16:00:00Z", "2025-10-31T16:00:00Z", "2025-11-30T16:00:00Z"},
		{"no cycle is a month", "", "Asia/Shanghai", "2025-10-31T15:59:59Z", "2025-09-30T16:00:00Z", "2025-10-31T16:00:00Z"},
		{"a month with a change of clocks", "month", "Europe/Berlin", "2025-10-31T22:59:59Z", "2025-09-30T22:00:00Z", "2025-10-31T23:00:00Z"},
		{"last month once more", "month", "America/St_Johns", "2009-11-01T02:45:00Z", "2009-11-01T02:30:00Z", "2009-12-01T03:30:00Z"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got := cycleOf(c.kind, instant(t, c.at), zone(t, c.zone))
			if !got.start.Equal(instant(t, c.start)) || !got.end.Equal(instant(t, c.end)) {
				t.Errorf("%s of %s in %s: from %s to %s, want from %s to %s", c.kind, c.at, c.zone,
					got.start.UTC().Format(time.RFC3339), got.end.UTC().Format(time.RFC3339), c.start, c.end)
			}
		})
	}
}

// Cycles leave nothing out and never overlap, whatever a zone does to its clocks.
func TestCyclesPartitionTime(t *testing.T) {
	t.Parallel()
	zones := []string{
		"Asia/Shanghai", "Europe/Berlin", "Australia/Lord_Howe", "Africa/Cairo", "America/Havana", "Pacific/Apia", "America/St_Johns", "Asia/Kathmandu",
		"Pacific/Chatham", "Africa/Monrovia", "America/Caracas", "Asia/Pyongyang", "Antarctica/Troll", "Pacific/Kwajalein", "Asia/Tehran", "America/Asuncion", "Europe/Dublin",
	}
	rapid.Check(t, func(t *rapid.T) {
		z := zone(t, rapid.SampledFrom(zones).Draw(t, "zone"))
		kind := rapid.SampledFrom([]string{"hour", "day", "month"}).Draw(t, "kind")
		at := time.Unix(rapid.Int64Range(0, 2_500_000_000).Draw(t, "at"), 0)
		if rapid.Bool().Draw(t, "near a change of clocks") {
			if _, change := at.In(z).ZoneBounds(); !change.IsZero() {
				at = change.Add(time.Duration(rapid.Int64Range(-7200, 7200).Draw(t, "seconds off")) * time.Second)
			}
		}
		c := cycleOf(kind, at, z)
		if !c.holds(at) {
			t.Fatalf("the %s of %s is from %s to %s", kind, at.In(z), c.start, c.end)
		}
		if first, last := cycleOf(kind, c.start, z), cycleOf(kind, c.end.Add(-1), z); first != c || last != c {
			t.Fatalf("the %s of %s is %v, that of its start %v, that of its end %v", kind, at.In(z), c, first, last)
		}
		if next := cycleOf(kind, c.end, z); !next.start.Equal(c.end) {
			t.Fatalf("the %s after %v is %v", kind, c, next)
		}
	})
}
