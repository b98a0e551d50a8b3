package console

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"orderledger/domain"
)

// changesShown bounds the differences that are shown of one event.
const changesShown = 100

// fieldChange is a field of a state that an event changed.
type fieldChange struct {
	// Path is the field's place: paid.cash, lines[0].resource_id.
	Path string
	// Before and After are "" where there was, or is, nothing.
	Before, After string
}

// Field is the last name of the path, which may have a label.
func (c fieldChange) Field() string {
	name := c.Path[strings.LastIndexByte(c.Path, '.')+1:]
	name, _, _ = strings.Cut(name, "[")
	return name
}

// FieldLabel is the name of a field, where it has one.
func (v *view) FieldLabel(c fieldChange) string {
	name := c.Field()
	if label := v.Label("field", name); label != name {
		return label
	}
	return ""
}

// bookkeeping are the fields that every event changes.
var bookkeeping = map[string]bool{"version": true, "position": true, "updated_at": true, "occurred_at": true}

// flatState has the fields of a state's JSON by path.
type flatState map[string]string

// changesFrom lists what differs from the state before, by path.
func (now flatState) changesFrom(before flatState) []fieldChange {
	paths := map[string]bool{}
	for path := range before {
		paths[path] = true
	}
	for path := range now {
		paths[path] = true
	}
	var all []fieldChange
	for path := range paths {
		if before[path] != now[path] && !bookkeeping[path] {
			all = append(all, fieldChange{path, before[path], now[path]})
		}
	}
	slices.SortFunc(all, func(a, b fieldChange) int { return comparePaths(a.Path, b.Path) })
	return all
}

// comparePaths sorts fields of the state itself before those of its parts, and numbers as numbers.
func comparePaths(a, b string) int {
	if x, y := strings.ContainsAny(a, ".["), strings.ContainsAny(b, ".["); x != y {
		if y {
			return -1
		}
		return 1
	}
	return strings.Compare(padNumbers(a), padNumbers(b))
}

// padNumbers writes the numbers of a path's lists with four digits, which sorts them.
func padNumbers(path string) string {
	parts := strings.Split(path, "[")
	for i := 1; i < len(parts); i++ {
		parts[i] = strings.Repeat("0", max(0, 4-strings.IndexByte(parts[i], ']'))) + parts[i]
	}
	return strings.Join(parts, "[")
}

// flat takes a state apart; s may be nil.
func flat(s domain.State) (flatState, error) {
	flat := flatState{}
	if s == nil {
		return flat, nil
	}
	text, err := domain.EncodeState(s)
	if err != nil {
		return nil, err
	}
	var tree any
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&tree); err != nil {
		return nil, fmt.Errorf("read a state's JSON: %w", err)
	}
	flatten(flat, "", tree)
	return flat, nil
}

func flatten(flat flatState, path string, v any) {
	switch v := v.(type) {
	case map[string]any:
		for name, member := range v {
			flatten(flat, strings.TrimPrefix(path+"."+name, "."), member)
		}
	case []any:
		for i, item := range v {
			flatten(flat, fmt.Sprintf("%s[%d]", path, i), item)
		}
	case nil:
	default:
		flat[path] = fmt.Sprint(v)
	}
}
