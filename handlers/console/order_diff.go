package console

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
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

// stateChanges lists what differs between two states, by path; before may be nil.
func stateChanges(before, after domain.State) ([]fieldChange, error) {
	old, err := flatState(before)
	if err != nil {
		return nil, err
	}
	now, err := flatState(after)
	if err != nil {
		return nil, err
	}
	paths := map[string]bool{}
	for path := range old {
		paths[path] = true
	}
	for path := range now {
		paths[path] = true
	}
	var all []fieldChange
	for _, path := range slices.SortedFunc(maps.Keys(paths), comparePaths) {
		if old[path] != now[path] && !bookkeeping[path] {
			all = append(all, fieldChange{path, old[path], now[path]})
		}
	}
	return all, nil
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

// flatState has the fields of a state's JSON by path.
func flatState(s domain.State) (map[string]string, error) {
	flat := map[string]string{}
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

func flatten(flat map[string]string, path string, v any) {
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
