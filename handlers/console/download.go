package console

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"

	"orderledger/handlers"
	"orderledger/handlers/files"
	"orderledger/internal/auth"
	"orderledger/projections"
)

var downloadPages = []page{
	{"GET /orders/download", auth.Read, (*view).downloadOrders},
	{"GET /orders/{order_id}/document", auth.Read, (*view).orderDocument},
	{"GET /bills/download", auth.Read, (*view).downloadBill},
}

// Bounds of what people take away.
const (
	downloadTime = 5 * time.Minute // from the first row to the last, also for who reads slowly
	downloadWait = 2 * time.Second // for one of the downloads that are under way to end
)

var (
	// downloadMost is how many rows a file has at most.
	downloadMost = 100_000
	// downloads are the files that are being written: each reads page after page, and a workbook takes memory.
	downloads = make(chan struct{}, 16)
)

// orderDocument is an order as a PDF, in the page's language and zone.
func (v *view) orderDocument() error {
	if err := v.reach(projections.Orders, projections.Orgs); err != nil {
		return err
	}
	zone := v.zone
	if v.AllOrgs() && v.Clock != clockUTC {
		zone = nil // the order's own
	}
	d, err := v.c.Server.OrderDocument(v.r.Context(), v.org, v.r.PathValue("order_id"), v.Lang, zone)
	if err != nil {
		return err
	}
	d.Send(v.w)
	return nil
}

// downloadOrders is the list of orders as a file: what the same address lists as a page, with the same columns.
func (v *view) downloadOrders() error {
	ask, err := v.ordersAsked()
	if err != nil {
		return err
	}
	if err := v.reach(projections.Orders); err != nil {
		return err
	}
	ask.Limit, ask.Count = projections.LimitMax, false
	columns := withCurrency(v.shownOrderColumns(), orderColumns)
	return v.download("orders", v.fileColumns(descriptions(columns)), func(cursor string) (handful, error) {
		ask.Cursor = cursor
		list, err := v.c.Server.Reader.Orders(v.r.Context(), v.org, ask)
		if err != nil {
			return handful{}, err
		}
		return rowsOf(list, rawRow(columns))
	})
}

// downloadBill is a list of bill lines as a file. The 25 fields of a bill, which it has without other columns, are
// written as bills write them, with times of Beijing; in JSON lines, which are for programs, all is exact.
func (v *view) downloadBill() error {
	ask, err := handlers.BillLinesAsked(v.r.URL.Query())
	if err != nil {
		return err
	}
	if err := v.reach(ask.BillLineModels()...); err != nil {
		return err
	}
	ask.Limit, ask.Count = projections.LimitMax, false
	columns := chosen(billColumns, columnCodes(v.r.URL.Query()["columns"]), billColumnsShown)
	inFile, row := v.fileColumns(descriptions(withCurrency(columns, billColumns))), rawRow(withCurrency(columns, billColumns))
	if codesOf(columns) == codesOf(chosen(billColumns, billColumnsShown, nil)) && v.format() != files.JSONL {
		inFile, row = files.BillColumns(v.Lang), files.BillRow
	}
	name := "bill"
	if len(ask.Periods) == 1 {
		name += "-" + ask.Periods[0]
	}
	return v.download(name, inFile, func(cursor string) (handful, error) {
		ask.Cursor = cursor
		list, err := v.c.Server.Reader.ListBillLines(v.r.Context(), v.org, ask)
		if err != nil {
			return handful{}, err
		}
		return rowsOf(list, row)
	})
}

// handful is a page of rows that a file is made of.
type handful struct {
	rows [][]string
	next *string
	asOf int64
}

func rowsOf[T any](list projections.List[json.RawMessage], row func(*T) []string) (handful, error) {
	h := handful{next: list.NextCursor, asOf: list.AsOf}
	for _, doc := range list.Items {
		var item T
		if err := json.Unmarshal(doc, &item); err != nil {
			return h, err
		}
		h.rows = append(h.rows, row(&item))
	}
	return h, nil
}

func rawRow[T any](columns []column[T]) func(*T) []string {
	return func(item *T) []string {
		row := make([]string, len(columns))
		for i, c := range columns {
			row[i] = c.Raw(item)
		}
		return row
	}
}

// withCurrency adds what a file's amounts are of, which a page has beside each of them.
func withCurrency[T any](columns, all []column[T]) []column[T] {
	is := func(code string) func(column[T]) bool { return func(c column[T]) bool { return c.Code == code } }
	if slices.ContainsFunc(columns, func(c column[T]) bool { return c.Kind == kindAmount }) && !slices.ContainsFunc(columns, is("currency")) {
		columns = append(slices.Clone(columns), all[slices.IndexFunc(all, is("currency"))])
	}
	return columns
}

// descriptions are columns as a file describes them, but for their headings.
func descriptions[T any](columns []column[T]) []files.Column {
	all := make([]files.Column, len(columns))
	for i, c := range columns {
		all[i] = files.Column{Code: c.Code, Kind: files.Kind(c.Kind), Words: c.Words}
	}
	return all
}

// fileColumns names columns in the page's language.
func (v *view) fileColumns(columns []files.Column) []files.Column {
	for i := range columns {
		columns[i].Heading = v.Label("field", columns[i].Code)
	}
	return columns
}

// format is what the address asks for, CSV unless it says.
func (v *view) format() files.Format {
	if f := v.Query("format"); f != "" {
		return files.Format(f)
	}
	return files.CSV
}

// download answers with a file: all pages of rows, one after the other, each as of when it is read. A failure in the
// middle breaks the connection, so that the browser does not take the part for the whole.
func (v *view) download(name string, columns []files.Column, read func(cursor string) (handful, error)) error {
	format := v.format()
	if !slices.Contains(files.Formats, format) {
		return &handlers.Problem{
			Type: "/docs#invalid_value", Title: "Invalid value", Status: http.StatusBadRequest, Code: "invalid_value",
			Field: "format", Detail: fmt.Sprintf("one of %v", files.Formats),
		}
	}
	select {
	case downloads <- struct{}{}:
		defer func() { <-downloads }()
	case <-v.r.Context().Done():
		return v.r.Context().Err()
	case <-time.After(downloadWait):
		return &handlers.Problem{
			Type: "/docs#busy", Title: "Busy", Status: http.StatusServiceUnavailable, Code: "busy",
			Detail: strconv.Itoa(cap(downloads)) + " files are being written",
		}
	}
	if v.org != projections.AllOrgs {
		name += "-" + v.org
	}
	out := &attachment{v: v, name: fmt.Sprintf("%s-%s.%s", name, v.now.In(v.zone).Format("20060102-1504"), format), kind: format.ContentType()}
	control := http.NewResponseController(v.w)
	_ = control.SetReadDeadline(time.Time{})                   // the request's would end a long answer
	_ = control.SetWriteDeadline(time.Now().Add(downloadTime)) // where it isn't supported there is none
	err := v.writeTable(out, format, columns, read)
	if err != nil && out.begun {
		panic(http.ErrAbortHandler)
	}
	return err
}

func (v *view) writeTable(out *attachment, format files.Format, columns []files.Column, read func(cursor string) (handful, error)) error {
	page, err := read("")
	if err != nil {
		return err
	}
	v.asOf = page.asOf
	table, err := files.NewTable(out, format, columns, v.Lang, v.zone)
	if err != nil {
		return err
	}
	defer table.Close()
	for left := downloadMost; ; {
		for _, row := range page.rows[:min(left, len(page.rows))] {
			if err := table.Row(row); err != nil {
				return err
			}
		}
		more := page.next != nil || len(page.rows) > left
		if left -= len(page.rows); left <= 0 || !more {
			if more {
				err = table.Note(v.T("download.cut", v.Number(downloadMost)))
			}
			break
		}
		if page, err = read(*page.next); err != nil {
			return err
		}
	}
	if err != nil {
		return err
	}
	return table.End()
}

// attachment is a file's way to the browser; its headers are sent with its first bytes, so that until then there can be
// a page that says what went wrong.
type attachment struct {
	v          *view
	name, kind string
	begun      bool
}

func (a *attachment) Write(b []byte) (int, error) {
	if !a.begun {
		a.begun = true
		h := a.v.w.Header()
		h.Set("Content-Type", a.kind)
		h.Set("Content-Disposition", `attachment; filename="`+a.name+`"`) // names are of letters, digits, _ and -
		h.Set("Content-Language", a.v.Lang)
		h.Set("Ledger-Position", strconv.FormatInt(a.v.asOf, 10))
	}
	return a.v.w.Write(b)
}
