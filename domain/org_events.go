package domain

// OrgSettingsChanged has an organisation's settings as they are afterwards.
type OrgSettingsChanged struct {
	OrgID string `json:"org_id"`
	Settings
}

// UsageReported is the receipt of a report of usage: what became of its records, and how many resources it gave
// unsettled use of a month that had none. Accepted and Duplicate are all records; Late are those of the accepted whose
// cycle was settled before.
type UsageReported struct {
	OrgID     string            `json:"org_id"`
	Accepted  int64             `json:"accepted"`
	Duplicate int64             `json:"duplicate"`
	Late      int64             `json:"late"`
	Opened    []UnsettledPeriod `json:"opened,omitempty"`
}

// UsageSettled says that a resource's use of these months is settled to their end.
type UsageSettled struct {
	OrgID      string   `json:"org_id"`
	ResourceID string   `json:"resource_id"`
	Periods    []Period `json:"periods"`
}

// PeriodClosed says that a month takes nothing more. The event's position is where the month's bill is fixed.
type PeriodClosed struct {
	OrgID  string `json:"org_id"`
	Period Period `json:"period"`
	By     string `json:"by"`
}

// PeriodSealed fixes a closed month's totals: of its bill lines up to the position that closed it.
type PeriodSealed struct {
	OrgID    string        `json:"org_id"`
	Period   Period        `json:"period"`
	Position int64         `json:"position"`
	Lines    int64         `json:"lines"`
	Totals   []PeriodTotal `json:"totals"`
	// Digest is SHA-256 over the month's bill lines as the API answers them, each followed by a line feed, in the order
	// of position and line number; lower-case hex.
	Digest string `json:"digest"`
}

// PeriodTotal is a month's sum in one currency.
type PeriodTotal struct {
	Currency Currency `json:"currency"`
	Amount   Amount   `json:"amount"`
	Funds
	Lines int64 `json:"lines"`
}

func (OrgSettingsChanged) stored() string { return TypeOrgSettingsChanged }
func (UsageReported) stored() string      { return TypeUsageReported }
func (UsageSettled) stored() string       { return TypeUsageSettled }
func (PeriodClosed) stored() string       { return TypePeriodClosed }
func (PeriodSealed) stored() string       { return TypePeriodSealed }

func (e OrgSettingsChanged) evolve(s State, m Meta) State {
	return orgAfter(s, m, e.OrgID, func(o *Org) { o.Settings = e.Settings })
}

func (e UsageReported) evolve(s State, m Meta) State {
	return orgAfter(s, m, e.OrgID, func(o *Org) {
		for _, p := range e.Opened {
			o.Unsettled = countUnsettled(o.Unsettled, p.Period, p.Resources)
		}
	})
}

func (e UsageSettled) evolve(s State, m Meta) State {
	return orgAfter(s, m, e.OrgID, func(o *Org) {
		for _, p := range e.Periods {
			o.Unsettled = countUnsettled(o.Unsettled, p, -1)
		}
	})
}

func (e PeriodClosed) evolve(s State, m Meta) State {
	return orgAfter(s, m, e.OrgID, func(o *Org) {
		o.ClosedThrough = e.Period
		o.Closing = append(o.Closing[:len(o.Closing):len(o.Closing)], ClosingPeriod{e.Period, m.Position})
	})
}

func (e PeriodSealed) evolve(s State, m Meta) State {
	return orgAfter(s, m, e.OrgID, func(o *Org) {
		var closing []ClosingPeriod
		for _, c := range o.Closing {
			if c.Period != e.Period {
				closing = append(closing, c)
			}
		}
		o.Closing = closing
	})
}

// countUnsettled adds n to a month's count, in the order of months; a month with none is gone.
func countUnsettled(all []UnsettledPeriod, p Period, n int64) []UnsettledPeriod {
	var next []UnsettledPeriod
	done := false
	for _, u := range all {
		if !done && u.Period >= p {
			if done = true; u.Period == p {
				n += u.Resources
				if n > 0 {
					next = append(next, UnsettledPeriod{p, n})
				}
				continue
			}
			next = append(next, UnsettledPeriod{p, n})
		}
		next = append(next, u)
	}
	if !done {
		next = append(next, UnsettledPeriod{p, n})
	}
	return next
}
