package console

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
)

// cell is a value of a row as a page shows it; markup writes it.
type cell struct {
	Code string
	Kind kind
	Raw  string
	// First is the first of several values, More how many others there are.
	First string
	More  int
	// At is a time's value, Words a word's kind of labels, Currency an amount's.
	At              time.Time
	Words, Currency string
}

// cellsOf makes the cells of a row.
func cellsOf[T any](columns []column[T], row *T, currency string) []cell {
	cells := make([]cell, len(columns))
	for i, c := range columns {
		raw := c.Raw(row)
		cells[i] = cell{Code: c.Code, Kind: c.Kind, Raw: raw, First: raw, Words: c.Words, Currency: currency}
		switch c.Kind {
		case kindTime:
			cells[i].At, _ = time.Parse(time.RFC3339, raw) // none is no time
		case kindText, kindID, kindWord:
			values := strings.Split(raw, between)
			cells[i].First, cells[i].More = values[0], len(values)-1
		}
	}
	return cells
}

// Right says whether the cell's value stands at the right, as numbers do.
func (c cell) Right() bool { return column[int]{Kind: c.Kind}.Right() }

// choosable is one of several things that a page can show; the part "columns" offers a table's columns.
type choosable struct {
	Code  string
	Shown bool
}

func choicesOf[T any](all, shown []column[T]) []choosable {
	choices := make([]choosable, len(all))
	for i, c := range all {
		choices[i] = choosable{c.Code, slices.ContainsFunc(shown, func(s column[T]) bool { return s.Code == c.Code })}
	}
	return choices
}

// codesOf are the codes of columns as an address has them.
func codesOf[T any](columns []column[T]) string {
	codes := make([]string, len(columns))
	for i, c := range columns {
		codes[i] = c.Code
	}
	return strings.Join(codes, ",")
}

// columnsOf are the columns that a page's table shows: those of the address, else those that the person chose last on
// this page, else the usual ones. What is chosen (keep=columns) is remembered until the usual ones are (keep=usual).
func columnsOf[T any](v *view, page string, all []column[T], usual []string) []column[T] {
	name := "ledger_columns_" + page
	asked := columnCodes(v.r.URL.Query()["columns"])
	kept := &http.Cookie{Name: name, Path: "/", MaxAge: 365 * 24 * 3600, HttpOnly: true, Secure: true, SameSite: http.SameSiteLaxMode}
	switch c, err := v.r.Cookie(name); {
	case v.Query("keep") == "usual":
		kept.MaxAge = -1
		http.SetCookie(v.w, kept)
		return chosen(all, usual, nil)
	case v.Query("keep") == "columns" && len(asked) > 0:
		kept.Value = strings.ReplaceAll(codesOf(chosen(all, asked, usual)), ",", ".") // cookies have no commas
		http.SetCookie(v.w, kept)
	case len(asked) == 0 && err == nil:
		asked = strings.Split(c.Value, ".")
	}
	return chosen(all, asked, usual)
}

// pair is a name and a value of an address's query.
type pair struct{ Name, Value string }

// Hidden is this page's query but for some names, for a form that changes those alone. Cursors are left out as Here
// leaves them out.
func (v *view) Hidden(but ...string) []pair {
	q := v.r.URL.Query()
	for _, name := range append(but, "cursor", "done", "keep") {
		q.Del(name)
	}
	var all []pair
	for _, name := range slices.Sorted(maps.Keys(q)) {
		for _, value := range q[name] {
			if value != "" {
				all = append(all, pair{name, value})
			}
		}
	}
	return all
}
