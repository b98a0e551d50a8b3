package files

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/xuri/excelize/v2"
)

// Bounds of a sheet that other programs set.
const (
	xlsxCellMax   = 32767 // UTF-16 units of a text
	xlsxDigitsMax = 15    // of a number; it is a text beyond, which keeps them all
)

type xlsxTable struct {
	w       io.Writer
	file    *excelize.File
	stream  *excelize.StreamWriter
	columns []Column
	lang    string
	zone    *time.Location
	rows    int
	styles  map[string]int // by number format
	cells   []any
}

func newXLSX(w io.Writer, columns []Column, lang string, zone *time.Location) (Table, error) {
	t := &xlsxTable{w: w, file: excelize.NewFile(), columns: columns, lang: lang, zone: zone, styles: map[string]int{}, cells: make([]any, len(columns))}
	if err := t.begin(); err != nil {
		t.Close()
		return nil, fmt.Errorf("begin a workbook: %w", err)
	}
	return t, nil
}

// begin writes the head: it stands still when one scrolls, and columns are as wide as what they have by their kind.
func (t *xlsxTable) begin() (err error) {
	if t.stream, err = t.file.NewStreamWriter("Sheet1"); err != nil {
		return err
	}
	head, err := t.file.NewStyle(&excelize.Style{
		Font:      &excelize.Font{Bold: true},
		Fill:      excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{"E8ECF1"}},
		Alignment: &excelize.Alignment{Vertical: "center"},
	})
	if err != nil {
		return err
	}
	names := headings(t.columns, t.zone)
	for i := range t.columns {
		width := max(t.columns[i].width(), float64(shownWidth(names[i])+2))
		if err := t.stream.SetColWidth(i+1, i+1, width); err != nil {
			return err
		}
		t.cells[i] = excelize.Cell{StyleID: head, Value: xlsxText(names[i])}
	}
	if err := t.stream.SetPanes(&excelize.Panes{Freeze: true, YSplit: 1, TopLeftCell: "A2", ActivePane: "bottomLeft"}); err != nil {
		return err
	}
	return t.write(t.cells)
}

func (t *xlsxTable) Row(raw []string) (err error) {
	for i := range t.columns {
		if t.cells[i], err = t.cell(&t.columns[i], raw[i]); err != nil {
			return err
		}
	}
	return t.write(t.cells)
}

// cell is a number, a time or a text; nothing for none.
func (t *xlsxTable) cell(c *Column, raw string) (any, error) {
	if raw == "" {
		return nil, nil
	}
	if at, ok := c.moment(raw, t.zone); ok {
		// A sheet's times have no zone: what the clock showed is written as if it were in UTC.
		_, offset := at.Zone()
		return t.styled(c.timeFormat(), at.Add(time.Duration(offset)*time.Second).UTC().Truncate(time.Second))
	}
	if c.isNumber(raw) && significantDigits(raw) <= xlsxDigitsMax {
		n, err := strconv.ParseFloat(raw, 64)
		if err != nil {
			return nil, err
		}
		if c.Kind == Number {
			return n, nil
		}
		_, fraction, _ := strings.Cut(raw, ".")
		return t.styled(amountFormat(len(fraction)), n)
	}
	return t.styled("@", xlsxText(c.text(raw, t.lang, t.zone)))
}

func significantDigits(number string) int {
	return len(strings.ReplaceAll(strings.Trim(number, "-.0"), ".", ""))
}

// amountFormat shows an amount with as many digits as its currency has.
func amountFormat(digits int) string {
	if digits == 0 {
		return "#,##0"
	}
	return "#,##0." + strings.Repeat("0", digits)
}

func (c *Column) timeFormat() string {
	switch c.Kind {
	case BillTime:
		return "yyyy/m/d h:mm:ss"
	case BillMonth:
		return "yyyy/m/d"
	}
	return "yyyy-mm-dd hh:mm:ss"
}

// styled is a value with a number format; "@" is text, which stays text when somebody edits it.
func (t *xlsxTable) styled(format string, value any) (any, error) {
	style, known := t.styles[format]
	if !known {
		var err error
		if style, err = t.file.NewStyle(&excelize.Style{CustomNumFmt: &format}); err != nil {
			return nil, err
		}
		t.styles[format] = style
	}
	return excelize.Cell{StyleID: style, Value: value}, nil
}

func (t *xlsxTable) write(cells []any) error {
	t.rows++
	return t.stream.SetRow("A"+strconv.Itoa(t.rows), cells)
}

func (t *xlsxTable) Note(text string) error { return t.write([]any{xlsxText(text)}) }

func (t *xlsxTable) End() error {
	if err := t.stream.Flush(); err != nil {
		return err
	}
	_, err := t.file.WriteTo(t.w)
	return err
}

// Close removes the temporary file of a large table.
func (t *xlsxTable) Close() { _ = t.file.Close() }

// xlsxText is a text that fits into a cell, says where it was cut, and starts no formula.
func xlsxText(text string) string {
	text = guarded(text)
	if len(text) <= xlsxCellMax || len(utf16.Encode([]rune(text))) <= xlsxCellMax {
		return text
	}
	units := 0
	for i, r := range text {
		if units += utf16.RuneLen(r); units >= xlsxCellMax {
			return text[:i] + "…"
		}
	}
	return text
}

// width is how wide a column of the kind is, in characters.
func (c *Column) width() float64 {
	switch c.Kind {
	case ID:
		return 38
	case Time, BillTime:
		return 20
	case Amount, Number, Month, BillMonth:
		return 14
	}
	return 18
}

// shownWidth is how wide a text is, in characters of which Chinese ones take two.
func shownWidth(text string) int {
	width := utf8.RuneCountInString(text)
	for _, r := range text {
		if r >= 0x2E80 {
			width++
		}
	}
	return width
}
