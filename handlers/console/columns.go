package console

import (
	"maps"
	"slices"
	"strings"
	"time"

	"orderledger/domain"
)

// kind is how a column's values are shown in a page, and written in a file.
type kind string

// The kinds. Raw values are exact texts: decimals, RFC 3339 times, codes of words. Ids, texts and words may be several.
const (
	kindText   kind = "text"
	kindID     kind = "id"
	kindWord   kind = "word"   // a code that has a label
	kindAmount kind = "amount" // of the row's currency
	kindNumber kind = "number"
	kindTime   kind = "time"
	kindMonth  kind = "month"
)

// between separates several values of one cell.
const between = "; "

// column is one that a list of T can show, and a file of it can have. Its heading is the label "field" of its code.
type column[T any] struct {
	Code string
	Kind kind
	// Words is the kind of label that a word has: "status", "order_type".
	Words string
	// Raw is the value of a row; "" is none.
	Raw func(*T) string
}

// Right says whether the column's values stand at the right, as numbers do.
func (c column[T]) Right() bool { return c.Kind == kindAmount || c.Kind == kindNumber }

// Labels are the names, in a language, of the words that a cell has.
func (c column[T]) Labels(raw, lang string) string {
	words := strings.Split(raw, between)
	for i, w := range words {
		words[i] = domain.LabelOf(c.Words, w, lang)
	}
	return strings.Join(words, between)
}

// chosen are the columns of some codes, each once, in the order of the list of all; codes that there aren't are passed
// over. Without any it is those that are shown unless others are chosen.
func chosen[T any](all []column[T], codes, otherwise []string) []column[T] {
	var some []column[T]
	for _, c := range all {
		if slices.Contains(codes, c.Code) {
			some = append(some, c)
		}
	}
	if len(some) == 0 && len(otherwise) > 0 {
		return chosen(all, otherwise, nil)
	}
	return some
}

// columnCodes reads the codes of columns, which are separated by commas or given one by one.
func columnCodes(values []string) []string {
	var codes []string
	for _, v := range values {
		codes = append(codes, strings.Split(v, ",")...)
	}
	return codes
}

// rawTime is a time as files have it, "" for none.
func rawTime(t *time.Time) string {
	if t == nil || t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

// pairs are names and their values as one text, by name.
func pairs(m map[string]string) string {
	var all []string
	for _, name := range slices.Sorted(maps.Keys(m)) {
		all = append(all, name+"="+m[name])
	}
	return strings.Join(all, between)
}
