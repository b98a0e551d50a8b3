package domain

import "time"

// DefaultPayBefore is how long an order may stay unpaid, unless its organisation sets another time.
const DefaultPayBefore = 7 * 24 * time.Hour

// What settings hold when an organisation does not say.
const (
	DefaultOverdueDays              = 7
	DefaultRefundFailedAfterSeconds = 3600
	DefaultFulfilWithinSeconds      = 24 * 3600
	DefaultReleaseAfterSeconds      = 7 * 24 * 3600
)

// Settings are what an organisation chooses for itself. What is absent has its default.
type Settings struct {
	TimeZone         string `json:"time_zone"`
	PayBeforeSeconds int64  `json:"pay_before_seconds"`
	// ApprovalOver: an order that costs more needs an approval; a currency that is not here needs none.
	ApprovalOver map[Currency]Amount `json:"approval_over,omitempty"`
	// CreditLimit is how far cash may fall below 0.
	CreditLimit map[Currency]Amount `json:"credit_limit,omitempty"`
	// Proration is the basis of refunds and changes by product code: second, hour or day. "*" stands for all others.
	Proration map[string]string `json:"proration,omitempty"`
	// FourEyes: a supplement waits for the approval of somebody else than who placed it.
	FourEyes bool `json:"four_eyes,omitempty"`
	// SettlementDelaySeconds is how long after a cycle's end its use is settled; use reported meanwhile is not late.
	SettlementDelaySeconds int64 `json:"settlement_delay_seconds,omitempty"`
	// OverdueDays is for how many days after its lease a resource is charged by the day; nil is DefaultOverdueDays.
	OverdueDays *int64 `json:"overdue_days,omitempty"`
	// RefundFailedAfterSeconds is when an order whose fulfilment failed is refunded by itself, if nobody tried again
	// before; nil is DefaultRefundFailedAfterSeconds.
	RefundFailedAfterSeconds *int64 `json:"refund_failed_after_seconds,omitempty"`
	// FulfilWithinSeconds is how long after its payment an order may wait to be fulfilled before it is overdue; nil is
	// DefaultFulfilWithinSeconds, 0 sets no deadline.
	FulfilWithinSeconds *int64 `json:"fulfil_within_seconds,omitempty"`
	// RefundUnfulfilledAfterSeconds is how long after its payment an order that no service began to fulfil is refunded by
	// itself; nil and 0 are never.
	RefundUnfulfilledAfterSeconds *int64 `json:"refund_unfulfilled_after_seconds,omitempty"`
	// ReleaseAfterSeconds is how long a settlement may wait for money before its resource is to be released; nil is
	// DefaultReleaseAfterSeconds, 0 is never.
	ReleaseAfterSeconds *int64 `json:"release_after_seconds,omitempty"`
}

// DefaultSettings hold until an organisation changes them.
func DefaultSettings() Settings {
	return Settings{TimeZone: DefaultTimeZone, PayBeforeSeconds: int64(DefaultPayBefore / time.Second)}
}

// Org is the state of an organisation: its settings and its months. It is the fold of its stream.
type Org struct {
	OrgID string `json:"org_id"`
	Settings
	// ClosedThrough is the last month that is closed or closing; all before it are closed too. "" is none.
	ClosedThrough Period `json:"closed_through"`
	// Closing are the closed months whose totals are not fixed yet, oldest first.
	Closing []ClosingPeriod `json:"closing,omitempty"`
	// Unsettled counts, by month, the resources whose use is not settled to that month's end. No month has 0.
	Unsettled  []UnsettledPeriod `json:"unsettled,omitempty"`
	OccurredAt time.Time         `json:"updated_at"`
	Version    int64             `json:"version"`
	Position   int64             `json:"position"`
}

// ClosingPeriod is a month that is closed, at the position that fixed it, and not sealed.
type ClosingPeriod struct {
	Period   Period `json:"period"`
	Position int64  `json:"position"`
}

// UnsettledPeriod counts resources with use in a month that is not settled.
type UnsettledPeriod struct {
	Period    Period `json:"period"`
	Resources int64  `json:"resources"`
}

// SettingsOf are the organisation's settings; one that never changed any (nil) has the defaults.
func SettingsOf(o *Org) Settings {
	if o == nil || o.TimeZone == "" {
		return DefaultSettings()
	}
	return o.Settings
}

// Location is the organisation's time zone.
func (s Settings) Location() *time.Location {
	zone, ok := Zone(s.TimeZone)
	if !ok { // settings are checked when they are changed
		zone, _ = Zone(DefaultTimeZone)
	}
	return zone
}

// overdueDays is for how many days after its lease a resource is charged by the day.
func (s Settings) overdueDays() int64 {
	if s.OverdueDays == nil {
		return DefaultOverdueDays
	}
	return *s.OverdueDays
}

// fulfilWithin is how long after its payment an order is overdue; 0 is never.
func (s Settings) fulfilWithin() time.Duration {
	return seconds(s.FulfilWithinSeconds, DefaultFulfilWithinSeconds)
}

// releaseAfter is how long arrears wait before their resource is to be released; 0 is for ever.
func (s Settings) releaseAfter() time.Duration {
	return seconds(s.ReleaseAfterSeconds, DefaultReleaseAfterSeconds)
}

func seconds(set *int64, otherwise int64) time.Duration {
	if set != nil {
		otherwise = *set
	}
	return time.Duration(otherwise) * time.Second
}

// credit is the organisation's credit limit in a currency.
func (s Settings) credit(c Currency) Amount {
	if limit, ok := s.CreditLimit[c]; ok {
		return limit
	}
	return c.Zero()
}

// bookingPeriod is the month that money of a time belongs to: that time's month, or the first open one after it.
func bookingPeriod(o *Org, at time.Time) Period {
	period := PeriodOf(at, SettingsOf(o).Location())
	if o != nil && period <= o.ClosedThrough {
		return o.ClosedThrough.Next()
	}
	return period
}

// Size estimates the memory that the state holds, in bytes.
func (o *Org) Size() int {
	return 512 + 64*(len(o.ApprovalOver)+len(o.CreditLimit)+len(o.Proration)+len(o.Closing)+len(o.Unsettled))
}

// StreamVersion is the version of the last event folded in.
func (o *Org) StreamVersion() int64 { return o.Version }
