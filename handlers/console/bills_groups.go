package console

import (
	"cmp"
	"slices"
	"strings"

	"orderledger/projections"
)

// groupsShown are how many groups of a bill are told apart, barsShown how many of them are drawn.
const (
	groupsShown = 50
	barsShown   = 12
)

// groupSection is a bill by groups in one currency: a chart of the largest, and the table of all.
type groupSection struct {
	Total billTotal
	Chart *chart
	Rows  []groupRow
}

// groupRow is a group; Share is its part of the month, "" where that says nothing.
type groupRow struct {
	projections.Spend
	Name, Share string
	Change      *change
	// Lines is the address of its lines; "" where no filter finds them.
	LinesAt string
}

// section lays the groups of one currency out: those of this month by amount, the rest last. Groups that the month
// before alone has stand there with nothing.
func (d *billData) section(total billTotal, items []projections.Spend) groupSection {
	section := groupSection{Total: total}
	find := func(s projections.Spend, in []groupRow) int {
		return slices.IndexFunc(in, func(r groupRow) bool { return sameGroup(r.Spend, s) })
	}
	none := total.Currency.Zero().String()
	for _, s := range items {
		if s.Currency != total.Currency {
			continue
		}
		i := find(s, section.Rows)
		if i < 0 {
			i = len(section.Rows)
			empty := s
			empty.BillSum = projections.BillSum{Currency: s.Currency, Amount: none, Cash: none, Gift: none, Voucher: none}
			section.Rows = append(section.Rows, groupRow{Spend: empty, Name: d.groupName(d.By, s), LinesAt: d.linesOf(s)})
		}
		row := &section.Rows[i]
		switch s.Period {
		case d.Previous:
			row.Change = &change{Before: s.Amount}
		case d.Period:
			row.BillSum = s.BillSum
		}
	}
	for i := range section.Rows {
		row := &section.Rows[i]
		row.Share = share(row.Amount, total.Amount)
		if row.Change != nil {
			row.Change = changeOf(row.Amount, row.Change.Before)
		}
	}
	slices.SortStableFunc(section.Rows, func(a, b groupRow) int {
		if a.Rest != b.Rest {
			return cmp.Compare(rank(a.Rest), rank(b.Rest))
		}
		return exact(b.Amount).Cmp(exact(a.Amount))
	})
	var bars []bar
	for _, row := range section.Rows[:min(len(section.Rows), barsShown)] {
		bars = append(bars, bar{Name: row.Name, Text: d.Money(row.Amount, row.Currency), Value: floatOf(row.Amount), Rest: row.Rest})
	}
	label := d.T("bills.by."+d.By) + " · " + d.Month(d.Period) + " · " + string(total.Currency)
	section.Chart = barsAcross(label, bars)
	return section
}

func rank(last bool) int {
	if last {
		return 1
	}
	return 0
}

// filterOf are the names of the filters that find a group's lines.
var filterOf = map[string]string{
	"product": "product", "region": "region", "project": "project_id", "consumer": "consumer_id", "charge_mode": "charge_mode", "tag": "tag",
}

// linesOf is the address of a group's lines. Filters have no word for none, and take a comma for the end of a value.
func (d *billData) linesOf(s projections.Spend) string {
	value := s.Key
	if d.By == "tag" {
		value = d.Tag + "=" + s.Key
	}
	if s.Rest || s.Key == "" || strings.Contains(value, ",") {
		return ""
	}
	return d.To("/bills/"+string(d.Period)+"/lines", filterOf[d.By], value)
}
