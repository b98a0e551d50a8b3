package files

import (
	"encoding/csv"
	"io"
	"time"
)

type csvTable struct {
	w       *csv.Writer
	columns []Column
	lang    string
	zone    *time.Location
	cells   []string
}

// newCSV begins with a mark of byte order: without it a common spreadsheet reads UTF-8 as the system's old encoding, and
// Chinese as noise.
func newCSV(w io.Writer, columns []Column, lang string, zone *time.Location) (Table, error) {
	if _, err := io.WriteString(w, "\ufeff"); err != nil {
		return nil, err
	}
	t := &csvTable{csv.NewWriter(w), columns, lang, zone, make([]string, len(columns))}
	for i, h := range headings(columns, zone) {
		t.cells[i] = guardedEverywhere(h)
	}
	return t, t.w.Write(t.cells)
}

func (t *csvTable) Row(raw []string) error {
	for i := range t.columns {
		c := &t.columns[i]
		if t.cells[i] = raw[i]; !c.isNumber(raw[i]) {
			t.cells[i] = guardedEverywhere(c.text(raw[i], t.lang, t.zone))
		}
	}
	return t.w.Write(t.cells)
}

func (t *csvTable) Note(text string) error { return t.w.Write([]string{guardedEverywhere(text)}) }

func (t *csvTable) End() error {
	t.w.Flush()
	return t.w.Error()
}

func (t *csvTable) Close() {}
