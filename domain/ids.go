package domain

import (
	"crypto/sha256"
	"strconv"
	"strings"

	"github.com/google/uuid"
)

// derivedID is the id of an order or a grant that a command makes by itself. It is a function of what the id stands
// for, as the rules have no randomness: a UUID of version 8, which callers can't give to orders of their own.
func derivedID(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	id := uuid.UUID(sum[:16])
	id[6] = id[6]&0x0f | 0x80
	id[8] = id[8]&0x3f | 0x80
	return id.String()
}

func numbered(n int64) string { return strconv.FormatInt(n, 10) }
