package files

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
)

type jsonTable struct {
	w       *bufio.Writer
	columns []Column
	line    bytes.Buffer
}

func newJSONL(w io.Writer, columns []Column) Table {
	return &jsonTable{w: bufio.NewWriter(w), columns: columns}
}

// Row writes the members in the order of the columns, which a map would not keep.
func (t *jsonTable) Row(raw []string) error {
	t.line.Reset()
	for i := range t.columns {
		t.line.WriteByte("{,"[min(i, 1)])
		t.member(t.columns[i].Code, raw[i])
	}
	t.line.WriteString("}\n")
	_, err := t.w.Write(t.line.Bytes())
	return err
}

func (t *jsonTable) member(name, value string) {
	t.text(name)
	t.line.WriteByte(':')
	if value == "" {
		t.line.WriteString("null")
		return
	}
	t.text(value)
}

func (t *jsonTable) text(s string) {
	enc := json.NewEncoder(&t.line)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(s)                 // a text can always be written
	t.line.Truncate(t.line.Len() - 1) // the encoder ends the line
}

func (t *jsonTable) Note(text string) error {
	t.line.Reset()
	t.line.WriteByte('{')
	t.member("note", text)
	t.line.WriteString("}\n")
	_, err := t.w.Write(t.line.Bytes())
	return err
}

func (t *jsonTable) End() error { return t.w.Flush() }

func (t *jsonTable) Close() {}
