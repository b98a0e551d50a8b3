package eventstore_test

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"orderledger/eventstore"
	"orderledger/internal/schema"
	"orderledger/internal/testkit"
)

// browsable is a log of 60 events: of org-a, but for each tenth, which is org-b's. Each organisation has one long stream;
// each fifth event is of type rare.v1.
func browsable(t *testing.T) *eventstore.Log {
	t.Helper()
	db := testkit.Database(t)
	log := eventstore.NewLog(db.Pool(t, schema.App))
	head, err := log.Head(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	b := batchAfter(head, 60, "")
	versions := map[string]int64{}
	for i := range b.Events {
		e := &b.Events[i]
		e.OrgID, e.Type = "org-a", "common.v1"
		if (i+1)%10 == 0 {
			e.OrgID = "org-b"
		}
		if (i+1)%5 == 0 {
			e.Type = "rare.v1"
		}
		e.Stream = "account-" + e.OrgID
		versions[e.Stream]++
		e.Version = versions[e.Stream]
	}
	b.Next = eventstore.Seal(b.Base, b.Events, time.Now().UTC().Truncate(time.Microsecond))
	if _, err := log.Append(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	return eventstore.NewLog(db.Pool(t, schema.Reader))
}

func TestBrowsingTheLog(t *testing.T) {
	t.Parallel()
	log := browsable(t)
	const far = 1 << 20
	rare := []string{"rare.v1"}
	for name, c := range map[string]struct {
		org          string
		look         eventstore.Browse
		want         string
		next, looked int64
	}{
		"the newest":                {"*", eventstore.Browse{NewestFirst: true, Span: far, Limit: 3}, "60 59 58", 57, 3},
		"on from there":             {"*", eventstore.Browse{NewestFirst: true, From: 2, Span: far, Limit: 3}, "2 1", 0, 2},
		"from the first":            {"*", eventstore.Browse{Span: far, Limit: 2}, "1 2", 3, 2},
		"to the last":               {"*", eventstore.Browse{From: 59, Span: far, Limit: 5}, "59 60", 0, 2},
		"beyond the end":            {"*", eventstore.Browse{From: 61, Span: far, Limit: 5}, "", 0, 0},
		"beyond it, back":           {"*", eventstore.Browse{From: 900, NewestFirst: true, Span: far, Limit: 1}, "60", 59, 1},
		"the largest number":        {"*", eventstore.Browse{From: math.MaxInt64, Span: far, Limit: 1}, "", 0, 0},
		"one type":                  {"*", eventstore.Browse{Types: rare, NewestFirst: true, From: 52, Span: far, Limit: 3}, "50 45 40", 39, 13},
		"no more than the span":     {"*", eventstore.Browse{Types: rare, NewestFirst: true, From: 54, Span: 10, Limit: 3}, "50 45", 44, 10},
		"the span forwards":         {"*", eventstore.Browse{Types: rare, From: 46, Span: 4, Limit: 3}, "", 50, 4},
		"one organisation's":        {"org-b", eventstore.Browse{NewestFirst: true, Span: 25, Limit: 50}, "60 50 40", 35, 25},
		"a stream":                  {"org-b", eventstore.Browse{Stream: "account-org-b", NewestFirst: true, Span: far, Limit: 2}, "60 50", 4, 2},
		"a stream from a version":   {"*", eventstore.Browse{Stream: "account-org-b", From: 2, Span: far, Limit: 2}, "20 30", 4, 2},
		"a type in a stream":        {"org-a", eventstore.Browse{Stream: "account-org-a", Types: rare, Span: 5, Limit: 9}, "5", 6, 5},
		"another's stream":          {"org-b", eventstore.Browse{Stream: "account-org-a", NewestFirst: true, Span: far, Limit: 9}, "", 0, 0},
		"a stream that there isn't": {"*", eventstore.Browse{Stream: "order-none", Span: far, Limit: 9}, "", 0, 0},
		"nobody's":                  {"org-c", eventstore.Browse{Span: far, Limit: 9}, "", 0, 60},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := log.BrowseFor(t.Context(), c.org, c.look)
			if err != nil {
				t.Fatal(err)
			}
			var positions []string
			for i := range got.Events {
				positions = append(positions, fmt.Sprint(got.Events[i].Position))
			}
			if p := strings.Join(positions, " "); p != c.want || got.Next != c.next || got.Looked != c.looked || got.Head != 60 {
				t.Errorf("found %q, next %d, looked at %d of %d; want %q, %d, %d", p, got.Next, got.Looked, got.Head, c.want, c.next, c.looked)
			}
		})
	}
}
