package webhooks_test

import (
	"net/http"
	"slices"
	"testing"
	"time"
)

// An endpoint that takes its time, and has much to get, gives its room up to those that wait: it has a turn of time, not of
// deliveries alone.
func TestATurnHasItsTime(t *testing.T) {
	t.Parallel()
	l := newLedger(t)
	slow := newReceiver(t, false)
	slow.reply(func(http.ResponseWriter, *http.Request) { time.Sleep(300 * time.Millisecond) }) // what it takes
	waiting := map[string]bool{}
	for range 9 { // one more than a host may have at once
		e, _ := l.endpoint(t, "org-acme", slow.URL)
		waiting[e.ID] = true
	}
	l.happen(t, "org-acme", slices.Repeat([]string{placed}, 40)...)
	l.work(t)
	had := map[string]int{}
	for len(waiting) > 0 {
		id := slow.next(t).id()
		id = id[len(id)-36:]
		had[id]++
		delete(waiting, id)
	}
	for id, n := range had {
		if n > 20 {
			t.Errorf("%s had %d deliveries before another had its first", id, n)
		}
	}
}
