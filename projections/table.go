package projections

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// table is how rows of one table are written, from values in PostgreSQL's text form.
type table struct {
	name    string
	key     string // columns of the primary key
	columns []columnDef
	names   string // of all columns, separated by commas
	upsert  string
	// sumUp makes a table of sums out of its parts, of which a rebuild writes several for each key; "" for other tables.
	sumUp string
}

type columnDef struct {
	name string
	// null: "" stands for NULL.
	null bool
}

// newTable describes a table: its key, and all columns as "name type", with a ? after a type that may be
// NULL. Rows are written with one statement of as many arrays as there are columns. With a + after a type, the table is
// one of sums: of rows with one key that column is added up, and the others are taken from the row of the highest position.
func newTable(name, key, columns string) *table {
	t := &table{name: name, key: key}
	var names, values, arrays, changes, sums []string
	summing := false
	for i, text := range strings.Split(columns, ",") {
		column, kind, _ := strings.Cut(strings.TrimSpace(text), " ")
		kind, null := strings.CutSuffix(kind, "?")
		kind, adds := strings.CutSuffix(kind, "+")
		value, sum := "v."+column, "(array_agg("+column+" ORDER BY position DESC))[1]"
		if null {
			value = "nullif(" + value + ", '')"
		}
		if adds {
			sum, summing = "sum("+column+")", true
		}
		if slices.Contains(strings.Split(key, ", "), column) {
			sum = column
		}
		t.columns = append(t.columns, columnDef{column, null})
		names, values, sums = append(names, column), append(values, value+"::"+kind), append(sums, sum)
		arrays = append(arrays, "$"+strconv.Itoa(i+1)+"::text[]")
		changes = append(changes, column+" = excluded."+column)
	}
	t.names = strings.Join(names, ", ")
	if summing {
		t.sumUp = "INSERT INTO rebuild." + name + " (" + t.names + ")\nSELECT " + strings.Join(sums, ", ") +
			"\nFROM rebuild." + t.parts() + "\nGROUP BY " + key
	}
	t.upsert = "INSERT INTO " + name + " (" + t.names + ")\nSELECT " + strings.Join(values, ", ") +
		"\nFROM unnest(" + strings.Join(arrays, ", ") + ") AS v (" + t.names + ")" +
		"\nON CONFLICT (" + key + ") DO UPDATE SET " + strings.Join(changes, ", ")
	return t
}

// parts is the table beside a table of sums in which a rebuild keeps what is to be added up.
func (t *table) parts() string { return t.name + "_parts" }

// sink takes rows: an upsert of a page, or a bulk copy.
type sink interface {
	// add takes a row, a value for each column in order.
	add(t *table, values ...string)
}

// upserts collects a page's rows by column. No key may be added twice.
type upserts map[*table][][]string

func (u upserts) add(t *table, values ...string) {
	columns := u[t]
	if columns == nil {
		columns = make([][]string, len(t.columns))
		u[t] = columns
	}
	for i, v := range values {
		columns[i] = append(columns[i], v)
	}
}

func (u upserts) queue(b *pgx.Batch) {
	for t, columns := range u {
		args := make([]any, len(columns))
		for i := range columns {
			args[i] = columns[i]
		}
		b.Queue(t.upsert, args...)
	}
}

// copies collects rows as the text form of COPY.
type copies map[*table][]byte

func (c copies) add(t *table, values ...string) {
	b := c[t]
	for i, v := range values {
		if i > 0 {
			b = append(b, '\t')
		}
		if v == "" && t.columns[i].null {
			b = append(b, `\N`...)
			continue
		}
		for j := 0; j < len(v); j++ {
			switch v[j] {
			case '\\', '\t', '\n', '\r':
				b = append(b, '\\')
			}
			b = append(b, v[j])
		}
	}
	c[t] = append(b, '\n')
}

func timeText(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.999999Z") }

func timeOrNull(t *time.Time) string {
	if t == nil {
		return ""
	}
	return timeText(*t)
}

func textOrNull(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

func flag(is bool) string { return strconv.FormatBool(is) }

func number(n int64) string { return strconv.FormatInt(n, 10) }

// sortedKeys lists a map's keys in order, so that the same input always makes the same text or rows.
func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }
