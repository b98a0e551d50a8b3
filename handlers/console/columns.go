package console

// kind is how a column's values are shown in a page, and written in a file.
type kind string

// The kinds. Raw values are exact texts: decimals, RFC 3339 times, codes of words.
const (
	kindText   kind = "text"
	kindID     kind = "id"
	kindWord   kind = "word"   // a code that has a label
	kindAmount kind = "amount" // of the row's currency
	kindNumber kind = "number"
	kindTime   kind = "time"
	kindMonth  kind = "month"
)

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
