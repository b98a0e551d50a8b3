package console

import (
	"encoding/json"
	"strings"

	"orderledger/domain"
	"orderledger/handlers"
	"orderledger/projections"
)

// billLinesData is a page of a month's bill lines.
type billLinesData struct {
	*view
	Period  domain.Period
	Columns []column[billLine]
	Offered []choosable
	Rows    []billRow
	Cursor  *string
	// Problem is what is wrong with a filter; there are no lines then.
	Problem *handlers.Problem
	Chips   []lineChip
	// Picks are the filters that have a list of words to choose from.
	Picks []pick
}

// billRow is a bill line with its cells.
type billRow struct {
	*billLine
	Cells []cell
}

// lineChip is a filter that holds; Without is the address of the page without it.
type lineChip struct{ Name, Label, Value, Without string }

// pick is a filter with words to choose from.
type pick struct {
	Name  string
	Words []string
}

var billPicks = []pick{
	{"order_type", domain.Codes("order_type")}, {"charge_mode", domain.Codes("charge_mode")}, {"charge_group", domain.Codes("charge_group")},
}

// BillFilters are the filters that are typed.
func (billLinesData) BillFilters() []string {
	return []string{"product", "region", "project_id", "consumer_id", "business_group", "resource_id", "resource_name", "order_id", "tag", "min_amount", "max_amount"}
}

// billLinesAsked reads which of a month's lines the address asks for: the filters of GET /v1/bill-lines.
func (v *view) billLinesAsked(period domain.Period) (projections.BillLineQuery, error) {
	values := v.r.URL.Query()
	values.Set("period", string(period))
	values.Del("count")
	return handlers.BillLinesAsked(values)
}

// shownBillColumns are the columns that the table shows, and its download has. Over all organisations, whose a line is
// stands among them.
func (v *view) shownBillColumns() []column[billLine] {
	usual := billColumnsShown
	if v.AllOrgs() {
		usual = append([]string{"org_id"}, usual...)
	}
	return columnsOf(v, "bills", billColumns, usual)
}

func (v *view) billLinesPage() error {
	period, err := v.periodAsked()
	if err != nil {
		return err
	}
	data := billLinesData{view: v, Period: period, Columns: v.shownBillColumns(), Picks: billPicks}
	data.Offered = choicesOf(billColumns, data.Columns)
	data.Chips = data.chips()
	ask, err := v.billLinesAsked(period)
	if err != nil {
		data.Problem = handlers.ProblemOf(err)
		v.status = data.Problem.Status
		return v.show("bill_lines", data)
	}
	if err := v.reach(ask.BillLineModels()...); err != nil {
		return err
	}
	list, err := v.c.Server.Reader.ListBillLines(v.r.Context(), v.org, ask)
	if err != nil {
		return err
	}
	v.asOf, data.Cursor = list.AsOf, list.NextCursor
	for _, doc := range list.Items {
		line := new(billLine)
		if err := json.Unmarshal(doc, line); err != nil {
			return err
		}
		data.Rows = append(data.Rows, billRow{line, cellsOf(data.Columns, line, string(line.Currency))})
	}
	return v.show("bill_lines", data)
}

// chips are the filters that hold, each with the way to take it off.
func (d *billLinesData) chips() []lineChip {
	var all []lineChip
	for _, p := range d.Picks {
		if value := d.Query(p.Name); value != "" {
			all = append(all, lineChip{p.Name, d.Label("field", p.Name), d.labelsOf(p.Name, value), d.Here(p.Name, "")})
		}
	}
	for _, name := range d.BillFilters() {
		if value := d.Query(name); value != "" {
			all = append(all, lineChip{name, d.FilterName(name), value, d.Here(name, "")})
		}
	}
	if d.Query("hide_zero") == "true" {
		all = append(all, lineChip{"hide_zero", d.T("bills.hide_zero"), "", d.Here("hide_zero", "")})
	}
	return all
}

// labelsOf names the words that a filter asks for.
func (d *billLinesData) labelsOf(kind, values string) string {
	words := strings.Split(values, ",")
	for i, w := range words {
		words[i] = d.Label(kind, w)
	}
	return strings.Join(words, ", ")
}

// Download is the address of the lines as a file: what is filtered, with the columns that are shown.
func (d billLinesData) Download(format string) string {
	q := d.r.URL.Query()
	for _, name := range []string{"cursor", "done", "keep"} {
		q.Del(name)
	}
	q.Set("period", string(d.Period))
	q.Set("format", format)
	q.Set("columns", codesOf(d.Columns))
	return "/bills/download?" + q.Encode()
}

// FilterName is what a filter is called.
func (d billLinesData) FilterName(name string) string {
	if name == "tag" || name == "min_amount" || name == "max_amount" {
		return d.T("bills.filter." + name)
	}
	return d.Label("field", name)
}
