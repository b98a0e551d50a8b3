package importfile

import (
	"crypto/sha256"
	"encoding/binary"
	"time"

	"github.com/google/uuid"
)

// Shanghai has had no daylight saving since 1991, so a fixed offset serves, and
// no time zone database is needed.
var Shanghai = time.FixedZone("", 8*60*60)

// OrderID is a UUID of version 7 whose time is at and whose random bits are
// taken from the name's SHA-256: the same order has the same id in every run.
func OrderID(at time.Time, name string) string {
	digest := sha256.Sum256([]byte(name))
	var id uuid.UUID
	copy(id[:], digest[:])
	var millis [8]byte
	binary.BigEndian.PutUint64(millis[:], uint64(at.UnixMilli()))
	copy(id[:6], millis[2:])
	id[6] = id[6]&0x0f | 0x70
	id[8] = id[8]&0x3f | 0x80
	return id.String()
}

// AddMonths is the same day n months on, or that month's last day where it is
// shorter; AddDate would spill into the month after.
func AddMonths(t time.Time, n int) time.Time {
	moved := t.AddDate(0, n, 0)
	if moved.Day() != t.Day() {
		moved = moved.AddDate(0, 0, -moved.Day())
	}
	return moved
}
