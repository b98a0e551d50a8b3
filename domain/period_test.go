package domain_test

import (
	"testing"
	"time"

	"orderledger/domain"
)

func zone(t *testing.T, name string) *time.Location {
	t.Helper()
	z, ok := domain.Zone(name)
	if !ok {
		t.Fatalf("there is no zone %s", name)
	}
	return z
}

func TestPeriodOf(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ at, zone, want string }{
		{"2025-12-31T15:59:59.999999Z", "Asia/Shanghai", "2025-12"},
		{"2025-12-31T16:00:00Z", "Asia/Shanghai", "2026-01"},
		{"2025-12-31T23:59:59.999999Z", "UTC", "2025-12"},
		{"2026-01-01T00:00:00Z", "UTC", "2026-01"},
		{"2024-02-29T15:59:59.999999Z", "Asia/Shanghai", "2024-02"},
		{"2024-02-29T16:00:00Z", "Asia/Shanghai", "2024-03"},
		{"2023-02-28T16:00:00Z", "Asia/Shanghai", "2023-03"},
		{"2024-02-29T23:59:59.999999Z", "UTC", "2024-02"},
		// Summer time in China: 1986 to 1991, nine hours ahead.
		{"1991-04-30T14:59:59.999999Z", "Asia/Shanghai", "1991-04"},
		{"1991-04-30T15:00:00Z", "Asia/Shanghai", "1991-05"},
		{"1991-08-31T15:00:00Z", "Asia/Shanghai", "1991-09"},
		{"1991-09-30T15:00:00Z", "Asia/Shanghai", "1991-09"},
		{"1991-09-30T16:00:00Z", "Asia/Shanghai", "1991-10"},
		{"2025-11-01T03:59:59.999999Z", "America/New_York", "2025-10"},
		{"2025-11-01T04:00:00Z", "America/New_York", "2025-11"},
	} {
		at, err := time.Parse(time.RFC3339Nano, c.at)
		if err != nil {
			t.Fatal(err)
		}
		if got := domain.PeriodOf(at, zone(t, c.zone)); string(got) != c.want {
			t.Errorf("%s in %s is in %s, want %s", c.at, c.zone, got, c.want)
		}
	}
}

// The bounds of a month hold just those instants that belong to it, where clocks are changed at midnight
// of the first too: there the first of the month began at 01:00, or twice.
func TestPeriodBounds(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"Asia/Shanghai", "UTC", "America/New_York", "Asia/Kolkata", "Asia/Amman", "America/Asuncion", "America/Havana", "Pacific/Apia"} {
		z := zone(t, name)
		for at := time.Date(1985, 1, 15, 0, 0, 0, 0, time.UTC); at.Year() < 2030; at = at.AddDate(0, 1, 0) {
			p := domain.PeriodOf(at, z)
			from, to := p.Bounds(z)
			if domain.PeriodOf(from, z) != p || domain.PeriodOf(from.Add(-1), z) >= p {
				t.Errorf("%s in %s begins at %s", p, name, from.UTC())
			}
			if domain.PeriodOf(to, z) <= p || domain.PeriodOf(to.Add(-1), z) != p {
				t.Errorf("%s in %s ends at %s", p, name, to.UTC())
			}
		}
	}
}

func TestParsePeriod(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]bool{
		"2025-11": true, "1970-01": true, "2025-13": false, "2025-00": false, "2025-1": false, "1969-12": false, "25-11": false, "2025-11-01": false, "": false, "2025/11": false, " 2025-11": false,
	} {
		if _, ok := domain.ParsePeriod(in); ok != want {
			t.Errorf("%q: %t, want %t", in, ok, want)
		}
	}
}

// A zone has one name: others would fill the cache without end, or mean something else on another host.
func TestZoneNames(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]bool{
		"Asia/Shanghai": true, "UTC": true, "Etc/GMT+8": true, "America/Argentina/Buenos_Aires": true, "America/Port-au-Prince": true,
		"": false, "Local": false, "localtime": false, "posixrules": false, "Asia//Shanghai": false, "Asia/./Shanghai": false, "./UTC": false, "UTC/": false,
		"/etc/localtime": false, "../zoneinfo/UTC": false, "posix/UTC": false, "right/UTC": false, "Asia/Nowhere": false, "Asia": false, "UTC\x00": false, "tzdata.zi": false,
	} {
		if _, ok := domain.Zone(name); ok != want {
			t.Errorf("%q: %t, want %t", name, ok, want)
		}
	}
}
