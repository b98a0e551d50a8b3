package console

import (
	"slices"
	"strconv"
	"time"

	"orderledger/domain"
	"orderledger/projections"
)

// spendMonths are how many months a chart of spend covers.
const spendMonths = 12

// spendKinds are how many products it tells apart; the rest is grey.
const spendKinds = colours - 1

// spendSection is what was spent in one currency: a chart, and the table of its numbers.
type spendSection struct {
	Currency domain.Currency
	Chart    *chart
	// Names are the products, the largest first; Months the numbers, newest first.
	Names  []string
	Months []spendMonth
	Total  string
}

// spendMonth is a row of the table: what each product came to, "" where nothing.
type spendMonth struct {
	Period  domain.Period
	Amounts []string
	Total   string
}

// thisMonth is the month that it is now, in the organisation's zone.
func (v *view) thisMonth() (domain.Period, error) {
	zone, err := v.orgZone()
	if err != nil {
		return "", err
	}
	return domain.PeriodOf(v.now, zone), nil
}

// monthsBefore is a month some months earlier.
func monthsBefore(p domain.Period, n int) domain.Period {
	t, _ := time.Parse("2006-01", string(p)) // it is a month
	return domain.Period(t.AddDate(0, -n, 0).Format("2006-01"))
}

// monthsThrough lists months, oldest first.
func monthsThrough(from, to domain.Period) []domain.Period {
	var all []domain.Period
	for p := from; p <= to && len(all) < projections.SpendMonthsMax; p = p.Next() {
		all = append(all, p)
	}
	return all
}

// spendYear is the last month of the year that charts show: this one, unless all there is lies further back.
func spendYear(now domain.Period, months []projections.Spend) domain.Period {
	last := domain.Period("")
	for _, m := range months {
		last = max(last, m.Period)
	}
	if last == "" || last > monthsBefore(now, spendMonths) {
		return now
	}
	return last
}

// spendByMonth is what the twelve months to one of them came to by product, a section for each currency.
func (v *view) spendByMonth(to domain.Period) ([]spendSection, error) {
	from := monthsBefore(to, spendMonths-1)
	list, err := v.c.Server.Reader.Spend(v.r.Context(), v.org, projections.SpendQuery{From: from, To: to, GroupBy: "product", Most: spendKinds})
	if err != nil {
		return nil, err
	}
	v.asOf = list.AsOf
	return v.spendSections(monthsThrough(from, to), list.Items), nil
}

// spendSections lays sums of products out by currency.
func (v *view) spendSections(months []domain.Period, items []projections.Spend) []spendSection {
	byCurrency := map[domain.Currency][]projections.Spend{}
	var currencies []domain.Currency
	for _, s := range items {
		if byCurrency[s.Currency] == nil {
			currencies = append(currencies, s.Currency)
		}
		byCurrency[s.Currency] = append(byCurrency[s.Currency], s)
	}
	slices.Sort(currencies)
	var all []spendSection
	for _, c := range currencies {
		all = append(all, v.spendSection(c, months, byCurrency[c]))
	}
	return all
}

func (v *view) spendSection(currency domain.Currency, months []domain.Period, items []projections.Spend) spendSection {
	section := spendSection{Currency: currency}
	kinds := kindsOf(items)
	all := make([]series, len(kinds))
	for n, k := range kinds {
		all[n] = series{Name: v.groupName("product", k), Values: make([]float64, len(months)), Titles: make([]string, len(months))}
		section.Names = append(section.Names, all[n].Name)
	}
	columns := make([]string, len(months))
	section.Total = currency.Zero().String()
	for i, period := range months {
		row := spendMonth{Period: period, Amounts: make([]string, len(kinds))}
		row.Total = currency.Zero().String()
		for _, s := range items {
			if s.Period != period {
				continue
			}
			n := slices.IndexFunc(kinds, func(k projections.Spend) bool { return sameGroup(k, s) })
			row.Amounts[n], all[n].Values[i] = s.Amount, floatOf(s.Amount)
			all[n].Titles[i] = v.Month(period) + " · " + all[n].Name + ": " + v.Money(s.Amount, currency)
			row.Total = plus(row.Total, s.Amount)
		}
		columns[i] = v.shortMonth(period)
		section.Total = plus(section.Total, row.Total)
		section.Months = append(section.Months, row)
	}
	slices.Reverse(section.Months)
	section.Chart = stacked(v.T("spend.chart", currency, v.Month(months[0]), v.Month(months[len(months)-1])), columns, all, func(x float64, digits int) string {
		return v.Money(strconv.FormatFloat(x, 'f', digits, 64), currency)
	})
	return section
}

// kindsOf are the groups that sums are of: each once, in the order of the largest, which every month keeps.
func kindsOf(items []projections.Spend) []projections.Spend {
	sums := map[string]float64{}
	var kinds []projections.Spend
	for _, s := range items {
		if !slices.ContainsFunc(kinds, func(k projections.Spend) bool { return sameGroup(k, s) }) {
			kinds = append(kinds, s)
		}
		sums[s.Key] += floatOf(s.Amount)
	}
	slices.SortStableFunc(kinds, func(a, b projections.Spend) int {
		switch {
		case a.Rest != b.Rest && b.Rest, a.Rest == b.Rest && sums[a.Key] > sums[b.Key]:
			return -1
		case a.Rest != b.Rest, sums[a.Key] < sums[b.Key]:
			return 1
		}
		return 0
	})
	return kinds
}

func sameGroup(a, b projections.Spend) bool { return a.Rest == b.Rest && a.Key == b.Key }

// groupName is what people call a group of bill lines.
func (v *view) groupName(by string, s projections.Spend) string {
	switch {
	case s.Rest:
		return v.T("spend.rest")
	case s.Key == "":
		return v.T("spend.without")
	case by == "charge_mode":
		return v.Label("charge_mode", s.Key)
	case s.Label != "":
		return s.Label
	}
	return s.Key
}

// shortMonth is a month below a chart.
func (v *view) shortMonth(p domain.Period) string {
	t, err := time.Parse("2006-01", string(p))
	switch {
	case err != nil:
		return string(p)
	case v.Lang == "zh":
		return t.Format("2006年1月")
	}
	return t.Format("Jan 2006")
}
