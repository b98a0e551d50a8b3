package main

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"
)

// jsonFlag lets a command answer programs.
func jsonFlag(c *cobra.Command) { c.Flags().Bool("json", false, "print JSON, for programs") }

func wantsJSON(c *cobra.Command) bool {
	yes, _ := c.Flags().GetBool("json") // false where there is no such flag
	return yes
}

// printJSON prints a value on lines of its own.
func printJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(v)
}

// table prints rows in columns under a heading. It keeps them until flush, to know how wide they are.
type table struct {
	w    io.Writer
	rows [][]string
}

func newTable(w io.Writer, heading ...string) *table {
	t := &table{w: w}
	if len(heading) > 0 {
		t.row(heading...)
	}
	return t
}

func (t *table) row(cells ...string) { t.rows = append(t.rows, cells) }

const columnGap = 2

// flush aligns by the cells of a terminal, of which a Chinese character takes two. The last column has no padding.
func (t *table) flush() error {
	var widths []int
	for _, cells := range t.rows {
		for i, cell := range cells {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], widthOf(cell))
		}
	}
	var b bytes.Buffer
	for _, cells := range t.rows {
		for i, cell := range cells {
			b.WriteString(cell)
			if i < len(cells)-1 {
				b.WriteString(strings.Repeat(" ", widths[i]-widthOf(cell)+columnGap))
			}
		}
		b.WriteByte('\n')
	}
	t.rows = nil
	_, err := t.w.Write(b.Bytes())
	return err
}

// pick prints the fields of an object that are there, a line each.
func pick(w io.Writer, object map[string]any, names ...string) error {
	t := newTable(w)
	for _, name := range names {
		if text := text(object[name]); text != "" {
			t.row(name, text)
		}
	}
	return t.flush()
}

// text is a JSON value as a cell of a table; null is empty. Control characters, which could move a terminal's
// cursor, never come out of the API's texts, but of a server that is none of ours they might.
func text(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return strings.Map(func(r rune) rune {
			if r < ' ' || r == 0x7f {
				return -1
			}
			return r
		}, v)
	case json.Number:
		return v.String()
	}
	raw, _ := json.Marshal(v) // what came from JSON goes back to it
	return string(raw)
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}
