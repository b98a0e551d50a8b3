package console

import (
	"net/url"
	"strings"
	"time"

	"orderledger/domain"
	"orderledger/handlers"
	"orderledger/projections"
)

// The orders that an address asks for. It has the filters of GET /v1/orders under their names; a time may also be a day of
// the organisation's zone, where created_to is the last day, and range is one that moves with the day it is looked at.

// ordersRanges are the values of range: days back from now, this month, or all time.
var ordersRanges = []string{"7d", "30d", "90d", "month", "all"}

var rangeDays = map[string]int{"7d": 7, "30d": 30, "90d": 90}

// ordersAsked reads what the address asks for. An error is a *handlers.Problem that names the field.
func (v *view) ordersAsked() (projections.OrderQuery, error) {
	values := v.r.URL.Query()
	values.Del("count")
	values.Del("limit") // a page is a page
	zone, err := v.orgZone()
	if err != nil {
		return projections.OrderQuery{}, err
	}
	dayToTime(values, "created_from", 0, zone)
	dayToTime(values, "created_to", 1, zone)
	span := v.RangeNow()
	ask, err := handlers.OrdersAsked(values, v.now)
	switch days := rangeDays[span]; {
	case span == "":
	case days > 0:
		ask.CreatedFrom = v.now.AddDate(0, 0, -days)
	case span == "month":
		now := v.now.In(zone)
		ask.CreatedFrom = time.Date(now.Year(), now.Month(), 1, 0, 0, 0, 0, zone)
	default:
		ask.CreatedFrom = time.Time{}
	}
	return ask, err
}

// RangeNow is the range that holds: "" where the address has days of its own. Without any it is the last 7 days, or
// all time where an id is given, as in the API.
func (v *view) RangeNow() string {
	span := v.Query("range")
	switch {
	case v.Query("created_from") != "" || v.Query("created_to") != "":
		return ""
	case rangeDays[span] > 0 || span == "month" || span == "all":
		return span
	case v.Query("order_id") != "" || v.Query("resource_id") != "":
		return "all"
	}
	return "7d"
}

// dayToTime puts the beginning of a day, or of one some days later, in the place of a date.
func dayToTime(values url.Values, name string, later int, zone *time.Location) {
	if day, err := time.ParseInLocation(time.DateOnly, values.Get(name), zone); err == nil {
		values.Set(name, day.AddDate(0, 0, later).Format(time.RFC3339))
	}
}

// dayOf is the day of a date or a time, "" for none; of a time that ends something, the last day before it.
func dayOf(text string, end bool, zone *time.Location) string {
	if _, err := time.Parse(time.DateOnly, text); err == nil {
		return text
	}
	t, err := time.Parse(time.RFC3339, strings.ReplaceAll(text, " ", "+"))
	switch {
	case err != nil:
		return ""
	case end:
		t = t.Add(-time.Microsecond)
	}
	return t.In(zone).Format(time.DateOnly)
}

// orgZone is the organisation's zone also for who likes times in UTC: days and months are the organisation's.
func (v *view) orgZone() (*time.Location, error) {
	switch {
	case v.Clock != clockUTC:
		return v.zone, nil
	case v.AllOrgs():
		zone, _ := domain.Zone(domain.DefaultTimeZone) // it is built in
		return zone, nil
	}
	return v.c.zoneOf(v.r.Context(), v.org)
}

// shownOrderColumns are the columns that the list shows, and its download has. Over all organisations, whose an order is
// stands beside it.
func (v *view) shownOrderColumns() []column[orderRow] {
	usual := orderColumnsShown
	if v.AllOrgs() {
		usual = append([]string{"org_id"}, usual...)
	}
	return columnsOf(v, "orders", orderColumns, usual)
}
