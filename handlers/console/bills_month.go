package console

import (
	"encoding/json"
	"slices"
	"strings"

	"orderledger/domain"
	"orderledger/internal/auth"
	"orderledger/projections"
)

// billData is a month's bill.
type billData struct {
	*view
	Period, Previous, Next domain.Period
	// Future: the month after this one has not begun.
	Future bool
	Bill   projections.Bill
	Totals []billTotal
	// By is what the groups are of; of tag:KEY it is "tag", and Tag is the key. Tags are keys to choose from.
	By, Tag     string
	Tags        []string
	Sections    []groupSection
	Corrections []billLine
	// Closable: the person may close the month now.
	Closable bool
}

// billTotal is what a month came to in one currency; Change compares it with the month before, nil where that has none.
type billTotal struct {
	projections.BillSum
	Change *change
}

// correctionsShown bounds the lines that a bill shows as set right later.
const correctionsShown = 50

// GroupBys are what a bill can be grouped by, in the order of the tabs.
func (billData) GroupBys() []string {
	return []string{"product", "region", "project", "consumer", "charge_mode", "tag"}
}

// periodAsked is the month in the address.
func (v *view) periodAsked() (domain.Period, error) {
	period, ok := domain.ParsePeriod(v.r.PathValue("period"))
	if !ok {
		return "", wrongMonth()
	}
	return period, nil
}

func (v *view) billPage() error {
	period, err := v.periodAsked()
	if err != nil {
		return err
	}
	if err := v.reach(projections.BillLines, projections.Orgs); err != nil {
		return err
	}
	data := billData{view: v, Period: period, Previous: monthsBefore(period, 1), Next: period.Next(), By: v.Query("group_by")}
	if data.Bill, err = v.c.Server.Reader.Bill(v.r.Context(), v.org, period, ""); err != nil {
		return err
	}
	v.asOf = data.Bill.AsOf
	if err := data.choose(); err != nil {
		return err
	}
	if err := data.compare(); err != nil {
		return err
	}
	this, err := v.thisMonth()
	if err != nil {
		return err
	}
	data.Future = data.Next > this
	data.Closable = v.May(auth.ClosePeriod) && !v.AllOrgs() && data.Bill.State == "open" && period < this
	for _, doc := range data.Bill.Corrections[:min(len(data.Bill.Corrections), correctionsShown)] {
		var line billLine
		if err := json.Unmarshal(doc, &line); err != nil {
			return err
		}
		data.Corrections = append(data.Corrections, line)
	}
	return v.show("bill", data)
}

// choose reads what the bill is grouped by. Keys of tags are offered from the lines posted last; one of them is taken
// where none is named.
func (d *billData) choose() error {
	if key, ok := strings.CutPrefix(d.By, "tag:"); ok {
		d.By, d.Tag = "tag", key
	} else if d.By == "tag" {
		d.Tag = d.Query("tag")
	}
	if !slices.Contains(d.GroupBys(), d.By) {
		d.By = "product"
	}
	if d.By != "tag" {
		return nil
	}
	list, err := d.c.Server.Reader.ListBillLines(d.r.Context(), d.org, projections.BillLineQuery{Filter: projections.Filter{Periods: []string{string(d.Period)}}})
	if err != nil {
		return err
	}
	for _, doc := range list.Items {
		var line struct{ Tags map[string]string }
		if err := json.Unmarshal(doc, &line); err != nil {
			return err
		}
		for key := range line.Tags {
			if !slices.Contains(d.Tags, key) {
				d.Tags = append(d.Tags, key)
			}
		}
	}
	slices.Sort(d.Tags)
	if d.Tag == "" && len(d.Tags) > 0 {
		d.Tag = d.Tags[0]
	}
	return nil
}

// GroupBy is what the bill is grouped by, as the API says it; "" while no tag is known.
func (d *billData) GroupBy() string {
	switch {
	case d.By != "tag":
		return d.By
	case d.Tag == "":
		return ""
	}
	return "tag:" + d.Tag
}

// compare sets the month beside the one before, whole and by groups.
func (d *billData) compare() error {
	q := projections.SpendQuery{From: d.Previous, To: d.Period}
	whole, err := d.c.Server.Reader.Spend(d.r.Context(), d.org, q)
	if err != nil {
		return err
	}
	for _, sum := range d.Bill.Totals {
		total := billTotal{BillSum: sum}
		for _, s := range whole.Items {
			if s.Period == d.Previous && s.Currency == sum.Currency {
				total.Change = changeOf(sum.Amount, s.Amount)
			}
		}
		d.Totals = append(d.Totals, total)
	}
	if q.GroupBy, q.Most = d.GroupBy(), groupsShown; q.GroupBy == "" {
		return nil
	}
	groups, err := d.c.Server.Reader.Spend(d.r.Context(), d.org, q)
	if err != nil {
		return err
	}
	for _, total := range d.Totals {
		d.Sections = append(d.Sections, d.section(total, groups.Items))
	}
	return nil
}

// SealedLines is how many lines the month was sealed with.
func (d billData) SealedLines() string { return rawNumber(d.Bill.Closed.Lines) }
