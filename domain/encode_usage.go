package domain

import (
	"strconv"
	"time"
)

// Records of use come by the thousand in one request, so their event is encoded by hand, too.

func appendUsageRecorded(b []byte, e *UsageRecorded) []byte {
	b = appendString(append(b, `{"org_id":`...), e.OrgID)
	b = appendString(append(b, `,"resource_id":`...), e.ResourceID)
	b = appendList(append(b, `,"records":`...), e.Records, appendUsageRecord)
	b = appendList(append(b, `,"uses":`...), e.Uses, appendUse)
	if len(e.OpenedPeriods) > 0 {
		b = appendList(append(b, `,"opened_periods":`...), e.OpenedPeriods, appendPeriod)
	}
	return append(b, '}')
}

func appendUsageRecord(b []byte, r *UsageRecord) []byte {
	b = appendString(append(b, `{"record_id":`...), r.RecordID)
	b = appendString(append(b, `,"meter":`...), r.Meter)
	b = appendDecimal(append(b, `,"quantity":`...), r.Quantity)
	b = appendString(append(b, `,"unit":`...), r.Unit)
	b = appendMoment(append(b, `,"from":`...), r.From)
	b = appendMoment(append(b, `,"to":`...), r.To)
	return append(appendFlag(b, `,"late":true`, r.Late), '}')
}

func appendUse(b []byte, u *Use) []byte {
	b = appendMoment(append(b, `{"cycle_start":`...), u.CycleStart)
	b = appendMoment(append(b, `,"cycle_end":`...), u.CycleEnd)
	b = appendPeriod(append(b, `,"period":`...), &u.Period)
	b = appendString(append(b, `,"product_code":`...), u.ProductCode)
	b = appendOptional(b, `,"billing_item":`, u.BillingItem)
	b = appendString(append(b, `,"meter":`...), u.Meter)
	b = appendMoment(append(b, `,"rate_from":`...), u.RateFrom)
	b = appendDecimal(append(b, `,"quantity":`...), u.Quantity)
	b = appendMoment(append(b, `,"from":`...), u.From)
	b = appendMoment(append(b, `,"to":`...), u.To)
	b = append(b, `,"records":`...)
	return append(strconv.AppendInt(b, int64(u.Records), 10), '}')
}

func appendMoment(b []byte, t time.Time) []byte { return appendTime(b, &t) }

func appendPeriod(b []byte, p *Period) []byte {
	if *p == "" {
		return append(b, "null"...)
	}
	return appendString(b, string(*p))
}
