package domain

import (
	"regexp"
	"sync"
	"time"
	_ "time/tzdata" // months must not depend on what the host has installed
)

// DefaultTimeZone decides an organisation's days and months until it chooses another zone.
const DefaultTimeZone = "Asia/Shanghai"

// Period is a calendar month, "2025-11", in an organisation's time zone.
type Period string

// MarshalJSON writes null for no period: an order that is not paid belongs to no month yet.
func (p Period) MarshalJSON() ([]byte, error) {
	if p == "" {
		return []byte("null"), nil
	}
	return []byte(`"` + string(p) + `"`), nil
}

// PeriodOf is the month that t falls into in the zone. Months are half-open: the first instant of a
// month belongs to it, the first of the next does not.
func PeriodOf(t time.Time, zone *time.Location) Period { return Period(t.In(zone).Format("2006-01")) }

// ParsePeriod reads "YYYY-MM".
func ParsePeriod(s string) (Period, bool) {
	t, err := time.Parse("2006-01", s)
	return Period(s), err == nil && t.Year() >= 1970
}

// Next is the month after p.
func (p Period) Next() Period { return p.Add(1) }

// Add is the month that many months after p, or before it.
func (p Period) Add(months int) Period {
	t, _ := time.Parse("2006-01", string(p))
	return Period(t.AddDate(0, months, 0).Format("2006-01"))
}

// Bounds are the first instant of the month and of the next one, in the zone.
func (p Period) Bounds(zone *time.Location) (from, to time.Time) {
	t, _ := time.Parse("2006-01", string(p))
	return monthStart(t.Year(), t.Month(), zone), monthStart(t.Year(), t.Month()+1, zone)
}

// monthStart is the first instant of a month.
func monthStart(year int, month time.Month, zone *time.Location) time.Time {
	return dayStart(year, month, 1, zone)
}

// dayStart is the first instant of a day; of a day that the zone left out, the first instant after it. Where clocks are
// changed just then, midnight does not exist, or comes twice, and time.Date may answer with an instant beside it.
func dayStart(year int, month time.Month, day int, zone *time.Location) time.Time {
	t := time.Date(year, month, day, 0, 0, 0, 0, zone)
	since, until := t.ZoneBounds()
	switch want := time.Date(year, month, day, 0, 0, 0, 0, time.UTC); civil(t).Compare(want) {
	case -1: // skipped: the day begins with the new time
		return until
	case 1:
		return since
	default:
		before := since.Add(-1).In(zone)
		if since.IsZero() || !civil(before).Equal(want) {
			return t
		}
		name, offset := before.Zone() // the first of two midnights
		return time.Date(year, month, day, 0, 0, 0, 0, time.FixedZone(name, offset)).In(zone)
	}
}

// civil is the date that a clock on the wall shows, as midnight in UTC.
func civil(t time.Time) time.Time {
	year, month, day := t.Date()
	return time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
}

// zones caches parsed zones: loading one reads the whole rule file, and every payment needs it.
// It is bounded by the number of zones there are.
var zones sync.Map

// zoneName has the names that IANA gives. Others reach into the host's files, where one zone has any
// number of spellings, and "localtime" is the host's own.
var zoneName = regexp.MustCompile(`^[A-Z][A-Za-z0-9_+-]*(/[A-Z][A-Za-z0-9_+-]*){0,2}$`)

// Zone finds an IANA time zone by name. "" and "Local" are refused: a month must not depend on the host.
func Zone(name string) (*time.Location, bool) {
	if z, ok := zones.Load(name); ok {
		return z.(*time.Location), true
	}
	if name == "Local" || !zoneName.MatchString(name) {
		return nil, false
	}
	z, err := time.LoadLocation(name)
	if err != nil {
		return nil, false
	}
	zones.Store(name, z)
	return z, true
}
