package domain

import (
	"encoding/hex"
	"slices"
)

// SealPeriod fixes the totals of a closed month, once its bill lines have reached the position that closed it. The
// ledger itself sends it.
type SealPeriod struct {
	OrgID    string        `json:"org_id"`
	Period   Period        `json:"period"`
	Position int64         `json:"position"`
	Lines    int64         `json:"lines"`
	Totals   []PeriodTotal `json:"totals"`
	Digest   string        `json:"digest"`
}

func (c SealPeriod) Name() string             { return "seal_period" }
func (c SealPeriod) Org() string              { return c.OrgID }
func (c SealPeriod) ForOrg(id string) Command { c.OrgID = id; return c }

func (c SealPeriod) Needs(States) []Ref { return []Ref{OrgRef(c.OrgID)} }

// Check finds what is wrong with the command whatever the ledger holds.
func (c SealPeriod) Check() *Rejection {
	k := &checker{}
	k.id("org_id", c.OrgID)
	k.period("period", c.Period)
	if sum, err := hex.DecodeString(c.Digest); err != nil || len(sum) != 32 {
		k.fail("digest", "SHA-256 in lower-case hex")
	}
	lines := int64(0)
	for i := range c.Totals {
		t := &c.Totals[i]
		k.currency("totals.currency", t.Currency)
		if t.Amount != t.Funds.Total() {
			k.fail("totals.amount", "it is the sum of its funds")
		}
		if i > 0 && t.Currency <= c.Totals[i-1].Currency {
			k.fail("totals.currency", "each currency once, in their order")
		}
		lines += t.Lines
	}
	if c.Lines < 0 || lines != c.Lines {
		k.fail("lines", "they are the totals' lines")
	}
	return k.first
}

func (c SealPeriod) decide(s States, _ Clock) (Decision, *Rejection) {
	org := s.Org(c.OrgID)
	at := -1
	if org != nil {
		at = slices.IndexFunc(org.Closing, func(p ClosingPeriod) bool { return p.Period == c.Period })
	}
	switch {
	case at < 0 && org != nil && c.Period <= org.ClosedThrough:
		return Decision{}, reject(PeriodIsClosed, "the month %s is sealed", c.Period)
	case at < 0:
		return Decision{}, reject(PeriodNotOver, "the month %s is open; close it first", c.Period)
	case c.Position != org.Closing[at].Position:
		return Decision{}, invalid("position", "the month was closed at position %d", org.Closing[at].Position)
	}
	return one(OrgRef(c.OrgID), PeriodSealed(c)), nil
}
