package domain

import "time"

// closeAtOnceMax bounds how many months one command closes.
const closeAtOnceMax = 120

// ClosePeriod closes a month's bill, and those before it that are still open since another one was closed. Nothing is
// booked there any more: what comes later goes to the first open month. Arrears do not stand in the way.
type ClosePeriod struct {
	OrgID  string `json:"org_id"`
	Period Period `json:"period"`
}

func (c ClosePeriod) Name() string             { return "close_period" }
func (c ClosePeriod) Org() string              { return c.OrgID }
func (c ClosePeriod) ForOrg(id string) Command { c.OrgID = id; return c }

func (c ClosePeriod) Needs(States) []Ref { return []Ref{OrgRef(c.OrgID)} }

// Check finds what is wrong with the command whatever the ledger holds.
func (c ClosePeriod) Check() *Rejection {
	k := &checker{}
	k.id("org_id", c.OrgID)
	k.period("period", c.Period)
	return k.first
}

func (c ClosePeriod) decide(s States, clock Clock) (Decision, *Rejection) {
	org := s.Org(c.OrgID)
	if _, end := c.Period.Bounds(SettingsOf(org).Location()); clock.At.Before(end) {
		return Decision{}, reject(PeriodNotOver, "the month %s ends at %s", c.Period, end.Format(time.RFC3339))
	}
	d := Decision{}
	for p := firstToClose(org, c.Period); p <= c.Period; p = p.Next() {
		d.Events = append(d.Events, StreamEvent{OrgRef(c.OrgID), PeriodClosed{OrgID: c.OrgID, Period: p, By: clock.Actor}})
		if len(d.Events) > closeAtOnceMax {
			return Decision{}, reject(LimitReached, "at most %d months are closed at once; close an earlier one first", closeAtOnceMax)
		}
	}
	if len(d.Events) == 0 {
		return Decision{}, reject(PeriodIsClosed, "the month %s is closed; all months to %s are", c.Period, org.ClosedThrough)
	}
	if org != nil && len(org.Unsettled) > 0 && org.Unsettled[0].Period <= c.Period {
		u := org.Unsettled[0]
		return Decision{}, reject(UsageUnsettled, "use of %s is not settled for %d resources; settle it, then close the month", u.Period, u.Resources)
	}
	return d, nil
}

// firstToClose is the month after the last closed one, or the month itself where none is.
func firstToClose(org *Org, p Period) Period {
	if org == nil || org.ClosedThrough == "" {
		return p
	}
	return org.ClosedThrough.Next()
}
