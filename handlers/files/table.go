package files

import (
	"fmt"
	"io"
	"regexp"
	"strings"
	"time"

	"orderledger/domain"
)

// Kind is what a column's raw values are, and so how cells are written.
type Kind string

// The kinds. Raw values are exact texts, "" for none.
const (
	Text   Kind = "text"
	ID     Kind = "id"
	Word   Kind = "word"   // codes that have labels, several separated by Between
	Amount Kind = "amount" // a decimal with the digits of its currency
	Number Kind = "number" // a decimal
	Time   Kind = "time"   // RFC 3339
	Month  Kind = "month"  // 2025-11

	// As bills of 25 fields are written: 2025/11/5 0:00:00 in Beijing, and a month by its first day.
	BillTime  Kind = "bill-time"
	BillMonth Kind = "bill-month"
)

// Between separates several values of one cell.
const Between = "; "

// Column is one column of a table.
type Column struct {
	// Code is its name in JSON lines, Heading in the others.
	Code, Heading string
	Kind          Kind
	// Words is the kind of label that its words have: "status", "order_type".
	Words string
}

// Format is what a table is written as.
type Format string

// The formats.
const (
	CSV   Format = "csv"
	XLSX  Format = "xlsx"
	JSONL Format = "jsonl"
)

// Formats are all formats.
var Formats = []Format{CSV, XLSX, JSONL}

// ContentType is the format's media type.
func (f Format) ContentType() string {
	switch f {
	case XLSX:
		return "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
	case JSONL:
		return "application/x-ndjson"
	}
	return "text/csv; charset=utf-8; header=present"
}

// Table writes a table row by row. CSV and JSON lines leave at once, XLSX, whose parts can't be written in order, when the
// table is ended; until then it lies in memory, and beyond 16 MB in a temporary file. One goroutine at a time.
type Table interface {
	// Row writes a row: one raw value for each column.
	Row(raw []string) error
	// Note writes a remark below the rows, for people or, in JSON lines, as {"note": …}.
	Note(text string) error
	// End writes what is not written yet.
	End() error
	// Close gives back what the table holds, ended or not.
	Close()
}

// NewTable begins a table. CSV and XLSX have words in lang and times in zone, for people; JSON lines have codes and exact
// texts, for programs, null for what is not there. No cell of CSV and XLSX is taken for a formula.
func NewTable(w io.Writer, f Format, columns []Column, lang string, zone *time.Location) (Table, error) {
	switch f {
	case CSV:
		return newCSV(w, columns, lang, zone)
	case XLSX:
		return newXLSX(w, columns, lang, zone)
	case JSONL:
		return newJSONL(w, columns), nil
	}
	return nil, fmt.Errorf("there is no format %q", f)
}

// decimal is how exact numbers are written. What isn't, in a column of numbers, is written as text.
var decimal = regexp.MustCompile(`^-?[0-9]+(\.[0-9]+)?$`)

// isNumber says whether a cell is a number.
func (c *Column) isNumber(raw string) bool {
	return (c.Kind == Amount || c.Kind == Number) && decimal.MatchString(raw)
}

// moment reads the time that a cell is, on the clock of its zone.
func (c *Column) moment(raw string, zone *time.Location) (time.Time, bool) {
	layout := time.RFC3339Nano
	switch c.Kind {
	case BillTime:
		zone = beijing
	case BillMonth:
		layout, zone = "2006-01", time.UTC
	case Time:
	default:
		return time.Time{}, false
	}
	t, err := time.Parse(layout, raw)
	return t.In(zone), err == nil
}

// text is a cell as people read it. Seconds are the least that is told: JSON lines have the rest.
func (c *Column) text(raw, lang string, zone *time.Location) string {
	if c.Kind == Word {
		words := strings.Split(raw, Between)
		for i, w := range words {
			words[i] = domain.LabelOf(c.Words, w, lang)
		}
		return strings.Join(words, Between)
	}
	t, ok := c.moment(raw, zone)
	switch {
	case !ok:
		return raw
	case c.Kind == BillTime:
		return fmt.Sprintf("%s %d:%s", t.Format("2006/1/2"), t.Hour(), t.Format("04:05")) // the hour as it is, without a zero
	case c.Kind == BillMonth:
		return t.Format("2006/1/2")
	}
	return t.Format(time.DateTime)
}

// heading names the zone of times, which a cell has no room for.
func (c *Column) heading(zone *time.Location) string {
	if c.Kind == Time {
		return c.Heading + " (" + zone.String() + ")"
	}
	return c.Heading
}

func headings(columns []Column, zone *time.Location) []string {
	all := make([]string, len(columns))
	for i := range columns {
		all[i] = columns[i].heading(zone)
	}
	return all
}
