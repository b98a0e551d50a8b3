package domain

import (
	"time"

	"github.com/shopspring/decimal"
)

const overdueDay = 24 * time.Hour

// ChargeOverdue bills a resource whose lease has run out for the next day, which is charged when it begins. That goes on
// for as many days as the organisation's settings say.
type ChargeOverdue struct {
	OrgID      string `json:"org_id"`
	ResourceID string `json:"resource_id"`
}

func (c ChargeOverdue) Name() string             { return "charge_overdue" }
func (c ChargeOverdue) Org() string              { return c.OrgID }
func (c ChargeOverdue) ForOrg(id string) Command { c.OrgID = id; return c }

// Check finds what is wrong with the command whatever the ledger holds.
func (c ChargeOverdue) Check() *Rejection {
	k := &checker{}
	k.id("org_id", c.OrgID)
	k.requiredResourceID(c.ResourceID)
	return k.first
}

// Needs are the resource, the account that is debited, and the organisation, whose settings and months decide.
func (c ChargeOverdue) Needs(States) []Ref {
	return []Ref{ResourceRef(c.OrgID, c.ResourceID), AccountRef(c.OrgID), OrgRef(c.OrgID)}
}

func (c ChargeOverdue) decide(s States, clock Clock) (Decision, *Rejection) {
	r, refused := activeResource(s, c.OrgID, c.ResourceID, clock)
	if refused != nil {
		return Decision{}, refused
	}
	org := s.Org(c.OrgID)
	days := SettingsOf(org).overdueDays()
	from, ok := r.NextOverdueDay(days)
	if !ok || from.After(clock.At) {
		return Decision{}, reject(NothingDue, "no lease ran out that is to be charged for another day")
	}
	terms := r.overdueTerms(from, days)
	to := from.Add(overdueDay)
	lines := make([]Line, len(terms))
	for i, t := range terms {
		line, err := r.overdueLine(t, from, to)
		if err != nil {
			return Decision{}, reject(LimitReached, "the day of %s: %s", t.ProductCode, err)
		}
		lines[i] = line
	}
	id := derivedID("overdue", c.OrgID, c.ResourceID, numbered(r.Version))
	d := newDraft(s, clock)
	d.debit(r.order(id, OverdueDaily, terms[0].OrderID, lines), bookingPeriod(org, from))
	d.emit(ResourceRef(c.OrgID, c.ResourceID), OverdueCharged{OrgID: c.OrgID, ResourceID: c.ResourceID, OrderID: id, Through: to})
	return d.Decision, nil
}

// overdueTerms are those that are charged for the day that begins at a time: their leases ended by then, each less than
// so many days ago.
func (r *Resource) overdueTerms(from time.Time, days int64) (terms []*Term) {
	for i := range r.Terms {
		if t := &r.Terms[i]; t.leased() && !t.ExpiresAt.After(from) && from.Before(overdueUntil(*t.ExpiresAt, days)) {
			terms = append(terms, t)
		}
	}
	return terms
}

// overdueLine is a day of the term, at its lease's price by its days.
func (r *Resource) overdueLine(t *Term, from, to time.Time) (Line, error) {
	price := Decimal{t.UnitPrice.Mul(t.Quantity.Decimal).DivRound(t.leaseDays(), decimalFractionDigits)}
	list, err := r.Currency.round(t.Count.Mul(price.Decimal))
	if err == nil && price.tooLarge() {
		err = errAmountTooBig
	}
	if err != nil {
		return Line{}, err
	}
	l := r.line(t, list)
	l.ChargeMode, l.Quantity, l.Unit, l.UnitPrice = ModeDay, wholeNumber(1), "day", price
	l.EffectiveAt, l.ExpiresAt = &from, &to
	return l, nil
}

// leaseDays is how long the lease was, in days of 24 hours and parts of one. Where nobody said when it began, its units
// tell.
func (t *Term) leaseDays() decimal.Decimal {
	if t.EffectiveAt != nil && t.EffectiveAt.Before(*t.ExpiresAt) {
		length := decimal.NewFromInt(t.ExpiresAt.Sub(*t.EffectiveAt).Microseconds())
		return length.DivRound(decimal.NewFromInt(overdueDay.Microseconds()), 2*decimalFractionDigits)
	}
	days := map[ChargeMode]int64{ModeYear: 365, ModeDay: 1}[t.ChargeMode]
	if days == 0 {
		days = 30
	}
	if t.Quantity.Sign() <= 0 {
		return decimal.NewFromInt(days)
	}
	return t.Quantity.Mul(decimal.NewFromInt(days))
}
