package eventstore_test

import (
	"fmt"
	"testing"
	"time"

	"orderledger/eventstore"
)

// appendStream adds n events to one stream.
func (m *mirror) appendStream(stream string, afterVersion int64, n int) {
	m.t.Helper()
	b := batchAfter(m.head, n, stream)
	for i := range b.Events {
		b.Events[i].Stream, b.Events[i].Version = stream, afterVersion+int64(i)+1
	}
	b.Next = eventstore.Seal(b.Base, b.Events, b.Next.RecordedAt)
	if _, err := m.log.Append(m.t.Context(), b); err != nil {
		m.t.Fatal(err)
	}
	m.head = b.Next
}

func TestLoadIsStateAndTail(t *testing.T) {
	t.Parallel()
	m := newMirror(t)
	m.appendStream("account-a", 0, 5)
	m.appendStream("account-b", 0, 2)
	m.appendStream("account-a", 5, 2)
	save := func(version int64, rules int, state string) {
		t.Helper()
		if err := m.log.SaveState(t.Context(), eventstore.SavedState{Stream: "account-a", OrgID: "a", Version: version, Rules: rules, State: []byte(state)}); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		save  func()
		rules int
		want  string
	}{
		{func() {}, 1, "state  at 0, tail 1 to 7"},
		{func() { save(3, 1, "three") }, 1, "state three at 3, tail 4 to 7"},
		{func() { save(2, 1, "older") }, 1, "state three at 3, tail 4 to 7"}, // a slower replica comes late
		{func() {}, 2, "state  at 0, tail 1 to 7"},                           // other rules
		{func() { save(2, 2, "two") }, 2, "state two at 2, tail 3 to 7"},     // they replace it, though older
		{func() { save(7, 2, "seven") }, 2, "state seven at 7, tail none"},
	} {
		c.save()
		all, err := m.log.Load(t.Context(), []string{"account-a", "account-b", "account-none"}, c.rules)
		if err != nil {
			t.Fatal(err)
		}
		if got := describe(all["account-a"]); got != c.want {
			t.Errorf("loaded %s, want %s", got, c.want)
		}
		if got := describe(all["account-b"]); got != "state  at 0, tail 1 to 2" || all["account-none"] != nil {
			t.Errorf("the others loaded %s, %v", got, all["account-none"])
		}
	}
	states, err := m.log.SavedStates(t.Context(), "", 10)
	if err != nil || len(states) != 1 || string(states[0].State) != "seven" || states[0].Rules != 2 {
		t.Errorf("saved states %+v, %v", states, err)
	}
}

func describe(l *eventstore.Loaded) string {
	tail := "none"
	if n := len(l.Tail); n > 0 {
		tail = fmt.Sprint(l.Tail[0].Version, " to ", l.Tail[n-1].Version)
		for i := range l.Tail {
			if l.Tail[i].Version != l.Tail[0].Version+int64(i) || len(l.Tail[i].Payload) == 0 || l.Tail[i].Position == 0 {
				tail = fmt.Sprintf("%+v", l.Tail)
			}
		}
	}
	return fmt.Sprintf("state %s at %d, tail %s", l.Saved.State, l.Saved.Version, tail)
}

func TestReadStreamStopsAtAPosition(t *testing.T) {
	t.Parallel()
	m := newMirror(t)
	m.appendStream("account-a", 0, 3) // 1 to 3
	m.appendStream("account-b", 0, 1) // 4
	m.appendStream("account-a", 3, 2) // 5 to 6
	for _, c := range []struct {
		after, upTo int64
		limit       int
		want        string
	}{
		{0, 100, 100, "[1 2 3 5 6]"}, {0, 5, 100, "[1 2 3 5]"}, {3, 100, 100, "[5 6]"}, {0, 100, 2, "[1 2]"}, {5, 100, 100, "[]"},
	} {
		events, err := m.log.ReadStream(t.Context(), "account-a", c.after, c.upTo, c.limit)
		positions := []int64{}
		for _, e := range events {
			positions = append(positions, e.Position)
		}
		if got := fmt.Sprint(positions); err != nil || got != c.want {
			t.Errorf("after version %d up to %d: %s, %v, want %s", c.after, c.upTo, got, err, c.want)
		}
	}
	firsts, err := m.log.ReadFirst(t.Context(), []string{"account-b", "account-none", "account-a"})
	if err != nil || len(firsts) != 2 {
		t.Errorf("%d first events, %v", len(firsts), err)
	}
}

func TestClockIsTheDatabases(t *testing.T) {
	t.Parallel()
	m := newMirror(t)
	there, err := m.log.Clock(t.Context())
	if off := time.Since(there); err != nil || off < -time.Second || off > 10*time.Second {
		t.Errorf("the database says %s, %v", there, err)
	}
}
