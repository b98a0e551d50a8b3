package projections

import (
	"encoding/base64"
	"encoding/json"
	"errors"
)

// ErrBadCursor: the cursor is not one that this list gave out.
var ErrBadCursor = errors.New("the cursor does not belong to this list; leave it out to begin anew")

// encodeCursor makes the opaque cursor after a row: which list it belongs to, and the row's sort key.
// kind has a version in it, so that a cursor from before a change of keys is refused, not misread.
func encodeCursor(kind string, key ...string) *string {
	text, _ := json.Marshal(append([]string{kind}, key...)) // strings always encode
	s := base64.RawURLEncoding.EncodeToString(text)
	return &s
}

// decodeCursor reads a cursor of that kind with so many keys.
func decodeCursor(cursor, kind string, keys int) ([]string, error) {
	text, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil {
		return nil, ErrBadCursor
	}
	var parts []string
	if json.Unmarshal(text, &parts) != nil || len(parts) != keys+1 || parts[0] != kind {
		return nil, ErrBadCursor
	}
	return parts[1:], nil
}

// page bounds a limit to what lists take; 0 is the default.
func page(limit int) int {
	if limit <= 0 {
		return 50
	}
	return min(limit, LimitMax)
}
