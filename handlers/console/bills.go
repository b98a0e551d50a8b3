package console

import (
	"cmp"
	"net/http"
	"slices"

	"orderledger/domain"
	"orderledger/handlers"
	"orderledger/internal/auth"
	"orderledger/projections"
)

var billPages = []page{
	{"GET /bills", auth.Read, (*view).billsPage},
	{"GET /bills/{period}", auth.Read, (*view).billPage},
	{"GET /bills/{period}/lines", auth.Read, (*view).billLinesPage},
	{"GET /bills/{period}/close", auth.ClosePeriod, (*view).closePage},
	{"POST /bills/{period}/close", auth.ClosePeriod, (*view).closePage},
}

// billsData is the list of months.
type billsData struct {
	*view
	This     domain.Period
	Sections []spendSection
	Months   []billMonth
}

// billMonth is a month in one currency. State is empty over all organisations.
type billMonth struct {
	projections.Spend
	State string
	// Change is nil where nothing was spent in the month before.
	Change *change
}

func (v *view) billsPage() error {
	if month := v.Query("month"); month != "" {
		if _, ok := domain.ParsePeriod(month); !ok {
			return wrongMonth()
		}
		http.Redirect(v.w, v.r, v.To("/bills/"+month), http.StatusSeeOther)
		return nil
	}
	if err := v.reach(projections.BillLines, projections.Orgs); err != nil {
		return err
	}
	this, err := v.thisMonth()
	if err != nil {
		return err
	}
	totals, err := v.monthTotals(this)
	if err != nil {
		return err
	}
	states, err := v.monthStates()
	if err != nil {
		return err
	}
	data := billsData{view: v, This: this}
	for _, sum := range totals {
		m := billMonth{Spend: sum, State: states.of(sum.Period)}
		for _, before := range totals {
			if before.Currency == m.Currency && before.Period == monthsBefore(m.Period, 1) {
				m.Change = changeOf(m.Amount, before.Amount)
			}
		}
		data.Months = append(data.Months, m)
	}
	slices.SortStableFunc(data.Months, func(a, b billMonth) int { return cmp.Compare(b.Period, a.Period) })
	if data.Sections, err = v.spendByMonth(spendYear(this, totals)); err != nil {
		return err
	}
	return v.show("bills", data)
}

func wrongMonth() error {
	return &handlers.Problem{
		Type: "/docs#invalid_value", Title: "Invalid value", Status: http.StatusBadRequest, Code: "invalid_value",
		Field: "period", Detail: "a month is written like 2025-11",
	}
}

// monthTotals are the sums of the last five years' months, oldest first, by currency.
func (v *view) monthTotals(this domain.Period) ([]projections.Spend, error) {
	list, err := v.c.Server.Reader.Spend(v.r.Context(), v.org, projections.SpendQuery{
		From: monthsBefore(this, projections.SpendMonthsMax-1), To: this,
	})
	return list.Items, err
}

// monthStates tells which months are closed: all through one of them, but for those whose totals are yet to be fixed.
type monthStates struct {
	through domain.Period
	closing map[domain.Period]bool
	// none: months are each organisation's own.
	none bool
}

func (v *view) monthStates() (monthStates, error) {
	s := monthStates{closing: map[domain.Period]bool{}, none: v.AllOrgs()}
	if s.none {
		return s, nil
	}
	list, err := v.c.Server.Reader.Periods(v.r.Context(), v.org, projections.SpendMonthsMax, "")
	if err != nil {
		return s, err
	}
	for _, p := range list.Items {
		s.through = max(s.through, p.Period)
		if p.State != "closed" {
			s.closing[p.Period] = true
		}
	}
	return s, nil
}

func (s monthStates) of(p domain.Period) string {
	switch {
	case s.none:
		return ""
	case p > s.through:
		return "open"
	case s.closing[p]:
		return "closing"
	}
	return "closed"
}

// PathMonth is the month of the address, else this one, for the field that chooses another.
func (v *view) PathMonth() string {
	if period, ok := domain.ParsePeriod(v.r.PathValue("period")); ok {
		return string(period)
	}
	return string(domain.PeriodOf(v.now, v.zone))
}
