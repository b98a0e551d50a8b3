package domain

import (
	"cmp"
	"maps"
	"slices"
)

// ChangeSettings changes those of an organisation's settings that are given. One that is a table takes the place of
// the table before; an empty one clears it.
type ChangeSettings struct {
	OrgID                         string              `json:"org_id"`
	TimeZone                      *string             `json:"time_zone"`
	PayBeforeSeconds              *int64              `json:"pay_before_seconds"`
	ApprovalOver                  map[Currency]Amount `json:"approval_over"`
	CreditLimit                   map[Currency]Amount `json:"credit_limit"`
	Proration                     map[string]string   `json:"proration"`
	FourEyes                      *bool               `json:"four_eyes"`
	SettlementDelaySeconds        *int64              `json:"settlement_delay_seconds"`
	OverdueDays                   *int64              `json:"overdue_days"`
	RefundFailedAfterSeconds      *int64              `json:"refund_failed_after_seconds"`
	FulfilWithinSeconds           *int64              `json:"fulfil_within_seconds"`
	RefundUnfulfilledAfterSeconds *int64              `json:"refund_unfulfilled_after_seconds"`
	ReleaseAfterSeconds           *int64              `json:"release_after_seconds"`
}

// Bounds of settings.
const (
	settlementDelayMax = 7 * 24 * 3600
	overdueDaysMax     = 366
	waitMax            = 366 * 24 * 3600
)

func (c ChangeSettings) Name() string             { return "change_settings" }
func (c ChangeSettings) Org() string              { return c.OrgID }
func (c ChangeSettings) ForOrg(id string) Command { c.OrgID = id; return c }

func (c ChangeSettings) Needs(States) []Ref { return []Ref{OrgRef(c.OrgID)} }

// ChangesTerms says that the change is about what the organisation owes or is owed (credit, proration, what is charged
// after a lease, when use is settled, when a debtor's resources go), which is not the organisation's own to decide.
func (c ChangeSettings) ChangesTerms() bool {
	return c.CreditLimit != nil || c.Proration != nil || c.OverdueDays != nil || c.SettlementDelaySeconds != nil || c.ReleaseAfterSeconds != nil
}

func (c ChangeSettings) changesNothing() bool {
	return c.TimeZone == nil && c.PayBeforeSeconds == nil && c.ApprovalOver == nil && c.FourEyes == nil &&
		c.RefundFailedAfterSeconds == nil && c.FulfilWithinSeconds == nil && c.RefundUnfulfilledAfterSeconds == nil && !c.ChangesTerms()
}

// Check finds what is wrong with the settings whatever the ledger holds.
func (c ChangeSettings) Check() *Rejection {
	k := &checker{}
	k.id("org_id", c.OrgID)
	if c.TimeZone != nil {
		if _, ok := Zone(*c.TimeZone); !ok {
			k.fail("time_zone", "an IANA time zone such as Asia/Shanghai")
		}
	}
	k.between("pay_before_seconds", c.PayBeforeSeconds, 1, payBeforeMax)
	k.limits("approval_over", c.ApprovalOver)
	k.limits("credit_limit", c.CreditLimit)
	k.proration(c.Proration)
	k.between("settlement_delay_seconds", c.SettlementDelaySeconds, 0, settlementDelayMax)
	k.between("overdue_days", c.OverdueDays, 0, overdueDaysMax)
	k.between("refund_failed_after_seconds", c.RefundFailedAfterSeconds, 0, waitMax)
	k.between("fulfil_within_seconds", c.FulfilWithinSeconds, 0, waitMax)
	k.between("refund_unfulfilled_after_seconds", c.RefundUnfulfilledAfterSeconds, 0, waitMax)
	k.between("release_after_seconds", c.ReleaseAfterSeconds, 0, waitMax)
	if c.changesNothing() {
		k.fail("", "name at least one setting to change, such as time_zone or pay_before_seconds")
	}
	return k.first
}

func (k *checker) between(field string, n *int64, least, most int64) {
	if n != nil && (*n < least || *n > most) {
		k.fail(field, "between %d and %d", least, most)
	}
}

func (k *checker) limits(field string, limits map[Currency]Amount) {
	for _, c := range slices.Sorted(maps.Keys(limits)) {
		k.currency(field+"."+string(c), c)
		k.notNegative(field+"."+string(c), limits[c])
		if k.first != nil {
			return
		}
		if _, err := limits[c].In(c); err != nil {
			k.fail(field+"."+string(c), "%s", err)
		}
	}
}

// proration checks bases by product code. As many products as an order has lines may have one of their own.
func (k *checker) proration(bases map[string]string) {
	if len(bases) > linesMax {
		k.fail("proration", "at most %d products", linesMax)
	}
	for _, product := range slices.Sorted(maps.Keys(bases)) {
		k.required("proration", product, textMax)
		if !slices.Contains([]string{"second", "hour", "day"}, bases[product]) {
			k.fail("proration."+product, "one of second, hour, day")
		}
	}
}

func (c ChangeSettings) decide(s States, clock Clock) (Decision, *Rejection) {
	settings := SettingsOf(s.Org(c.OrgID))
	change(&settings.TimeZone, c.TimeZone)
	change(&settings.PayBeforeSeconds, c.PayBeforeSeconds)
	change(&settings.FourEyes, c.FourEyes)
	change(&settings.SettlementDelaySeconds, c.SettlementDelaySeconds)
	if c.ApprovalOver != nil {
		settings.ApprovalOver = exact(c.ApprovalOver)
	}
	if c.CreditLimit != nil {
		settings.CreditLimit = exact(c.CreditLimit)
	}
	if c.Proration != nil {
		settings.Proration = maps.Clone(c.Proration)
	}
	settings.OverdueDays = cmp.Or(c.OverdueDays, settings.OverdueDays)
	settings.RefundFailedAfterSeconds = cmp.Or(c.RefundFailedAfterSeconds, settings.RefundFailedAfterSeconds)
	settings.FulfilWithinSeconds = cmp.Or(c.FulfilWithinSeconds, settings.FulfilWithinSeconds)
	settings.RefundUnfulfilledAfterSeconds = cmp.Or(c.RefundUnfulfilledAfterSeconds, settings.RefundUnfulfilledAfterSeconds)
	settings.ReleaseAfterSeconds = cmp.Or(c.ReleaseAfterSeconds, settings.ReleaseAfterSeconds)
	return one(OrgRef(c.OrgID), OrgSettingsChanged{OrgID: c.OrgID, Settings: settings}), nil
}

func change[T any](setting *T, to *T) {
	if to != nil {
		*setting = *to
	}
}

// exact writes the limits with the digits of their currencies; Check has seen that they fit.
func exact(limits map[Currency]Amount) map[Currency]Amount {
	all := make(map[Currency]Amount, len(limits))
	for c, limit := range limits {
		all[c], _ = limit.In(c)
	}
	return all
}
