package eventstore_test

import (
	"testing"
	"time"

	"orderledger/eventstore"
)

func TestThePositionBeforeATime(t *testing.T) {
	t.Parallel()
	m := newMirror(t)
	start := time.Date(2026, 11, 1, 8, 0, 0, 0, time.UTC)
	first := []int64{} // positions, a minute apart
	for i, n := range []int{1, 4, 2, 7, 1} {
		at := start.Add(time.Duration(i) * time.Minute)
		events := makeEvents(m.head.Position, n, 10, "before-")
		b := &eventstore.Batch{Base: m.head, Next: eventstore.Seal(m.head, events, at), Events: events}
		if _, err := m.log.Append(t.Context(), b); err != nil {
			t.Fatal(err)
		}
		first = append(first, m.head.Position+1)
		m.reload()
	}
	want := func(at time.Time, position int64) {
		t.Helper()
		if got, err := m.log.Before(t.Context(), at); got != position || err != nil {
			t.Errorf("before %s: %d, %v, want %d", at, got, err, position)
		}
	}
	want(time.Time{}, 0)
	for i, p := range first {
		at := start.Add(time.Duration(i) * time.Minute)
		want(at, p-1)
		want(at.Add(-time.Microsecond), p-1)
		if i+1 < len(first) {
			want(at.Add(time.Microsecond), first[i+1]-1)
		}
	}
	want(start.Add(time.Hour), m.head.Position)
}
