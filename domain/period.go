package domain

import (
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

// Bounds are the first instant of the month and of the next one, in the zone.
func (p Period) Bounds(zone *time.Location) (from, to time.Time) {
	t, _ := time.ParseInLocation("2006-01", string(p), zone)
	return t, t.AddDate(0, 1, 0)
}

// zones caches parsed zones: loading one reads the whole rule file, and every payment needs it.
// It is bounded by the number of zones there are.
var zones sync.Map

// Zone finds an IANA time zone by name. "" and "Local" are refused: a month must not depend on the host.
func Zone(name string) (*time.Location, bool) {
	if z, ok := zones.Load(name); ok {
		return z.(*time.Location), true
	}
	if name == "" || name == "Local" {
		return nil, false
	}
	z, err := time.LoadLocation(name)
	if err != nil {
		return nil, false
	}
	zones.Store(name, z)
	return z, true
}
