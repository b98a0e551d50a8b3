package webhooks_test

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"orderledger/handlers/webhooks"
	"orderledger/internal/schema"
)

const (
	placed = "order.placed.v1"
	paid   = "order.paid.v1"
	topUp  = "account.topped_up.v1"
)

// What arrives is signed, says what the log has, and is one organisation's, of the types that it asked for, in order.
func TestDelivered(t *testing.T) {
	t.Parallel()
	r := newReceiver(t, true)
	l := newLedger(t, r.trust)
	l.happen(t, "org-acme", placed) // before the endpoint is there
	e, secret := l.endpoint(t, "org-acme", r.URL+"/hook?a=b", "order.paid", "account.*")
	l.happen(t, "org-acme", placed, paid)
	l.work(t)
	l.happen(t, "org-other", paid)
	l.happen(t, "org-acme", topUp, placed, paid)

	var got []delivery
	for range 3 {
		got = append(got, r.next(t))
	}
	for i, want := range []int64{3, 5, 7} {
		d := got[i]
		if err := verify(secret, d.header, d.body); err != nil || d.message.Position != want || d.message.OrgID != "org-acme" {
			t.Errorf("%d: %s, %v", want, d.body, err)
		}
	}
	events, err := l.log.Read(t.Context(), 6, 1)
	if err != nil {
		t.Fatal(err)
	}
	var body map[string]json.RawMessage
	if err := json.Unmarshal(got[2].body, &body); err != nil {
		t.Fatal(err)
	}
	if event := events[0]; string(body["data"]) != string(event.Payload) || string(body["type"]) != `"`+paid+`"` || string(body["stream"]) != `"order-7"` ||
		string(body["timestamp"]) != `"`+event.OccurredAt.Format("2006-01-02T15:04:05.000000Z")+`"` {
		t.Errorf("%s is not the event %+v", got[2].body, event)
	}
	if h := got[0].header; h.Get("content-type") != "application/json" || h.Get("ledger-replay") != "" || strings.Contains(h.Get("webhook-id"), ".") {
		t.Error(h)
	}
	if verify(strings.Replace(secret, "whsec_", "whsec_AAAA", 1), got[0].header, got[0].body) == nil {
		t.Error("another secret fits too")
	}
	l.until(t, e.ID, func(e webhooks.Endpoint) bool { return e.Position == 7 && e.FailingSince == nil })
	log, err := l.Deliveries(t.Context(), "org-acme", e.ID, 0, 10)
	if err != nil || len(log) != 3 || log[0].Position != 7 || log[0].StatusCode != 200 || log[0].MessageID != got[2].id() || log[0].Attempt != 1 {
		t.Errorf("%+v, %v", log, err)
	}
}

// An endpoint that is down for the whole of a run gets everything afterwards, in order, and once.
func TestDownForTheWholeRun(t *testing.T) {
	t.Parallel()
	l, r := newLedger(t), newReceiver(t, false)
	e, _ := l.endpoint(t, "org-acme", r.URL)
	r.status(http.StatusServiceUnavailable)
	_, stop := l.work(t)
	want := []int64{}
	for i := range 20 {
		position := l.happen(t, "org-acme", placed, paid, topUp)
		if want = append(want, position-2, position-1, position); i == 10 { // another process goes on
			l.until(t, e.ID, func(e webhooks.Endpoint) bool { return e.Attempts > 0 })
			stop()
			l.work(t)
		}
	}
	down := l.until(t, e.ID, func(e webhooks.Endpoint) bool { return e.Attempts >= 1 })
	if down.FailingSince == nil || down.NextAttemptAt == nil || down.LastError != "status 503" || down.Position != 0 {
		t.Errorf("%+v", down)
	}
	l.later(time.Minute)
	again := l.until(t, e.ID, func(e webhooks.Endpoint) bool { return e.Attempts > down.Attempts })
	if !again.FailingSince.Equal(*down.FailingSince) {
		t.Errorf("it fails since %v, then since %v", down.FailingSince, again.FailingSince)
	}
	first := r.next(t)
	for len(r.got) > 0 {
		if d := <-r.got; d.id() != first.id() || d.message.Position != want[0] || string(d.body) != string(first.body) {
			t.Errorf("%s came before %s was delivered", d.body, first.body)
		}
	}
	r.status(http.StatusNoContent)
	if d, err := l.Test(t.Context(), "org-acme", e.ID); err != nil || d.StatusCode != 204 || d.Error != "" { // tried again at once
		t.Fatalf("%+v, %v", d, err)
	}
	if d := r.next(t); d.message.Type != webhooks.Ping || d.message.Position != 0 {
		t.Errorf("%s is no ping", d.body)
	}
	r.want(t, want...)
	l.until(t, e.ID, func(e webhooks.Endpoint) bool {
		return e.Position == want[len(want)-1] && e.Attempts == 0 && e.FailingSince == nil && e.LastError == ""
	})
	if len(r.got) > 0 {
		t.Errorf("%s came twice", (<-r.got).body)
	}
}

// One works, whatever the number; the next one goes on when its connection breaks in the middle of a delivery, and what it
// can't know is sent again under the same id.
func TestAnotherGoesOn(t *testing.T) {
	t.Parallel()
	l, r := newLedger(t), newReceiver(t, false)
	e, _ := l.endpoint(t, "org-acme", r.URL)
	l.work(t)
	l.work(t)
	l.happen(t, "org-acme", placed, paid)
	r.want(t, 1, 2)

	held := make(chan struct{})
	r.reply(func(_ http.ResponseWriter, q *http.Request) {
		select {
		case <-held:
		case <-q.Context().Done():
		}
	})
	l.happen(t, "org-acme", topUp, placed)
	first := r.next(t)
	conn, err := pgx.Connect(t.Context(), l.db.SuperURL)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	const kill = `SELECT count(pg_terminate_backend(pid)) FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 1
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`
	var killed int
	if err := conn.QueryRow(t.Context(), kill).Scan(&killed); err != nil || killed != 1 {
		t.Fatalf("%d held the lock, %v", killed, err)
	}
	second := r.next(t)
	if second.id() != first.id() || string(second.body) != string(first.body) || first.message.Position != 3 {
		t.Errorf("%s %s came after %s %s", second.id(), second.body, first.id(), first.body)
	}
	close(held)
	r.want(t, 4)
	l.until(t, e.ID, func(e webhooks.Endpoint) bool { return e.Position == 4 })
	if len(r.got) > 0 {
		t.Errorf("%s came again", (<-r.got).body)
	}
}

// A worker that ends waits a moment for what is under way, so that a new version is no reason for duplicates.
func TestStopsInOrder(t *testing.T) {
	t.Parallel()
	l, r := newLedger(t), newReceiver(t, false)
	l.endpoint(t, "org-acme", r.URL)
	ending := make(chan struct{})
	r.reply(func(http.ResponseWriter, *http.Request) { <-ending })
	_, stop := l.work(t)
	l.happen(t, "org-acme", placed, paid)
	r.want(t, 1)
	go func() { time.Sleep(100 * time.Millisecond); close(ending) }()
	stop()
	l.work(t)
	r.want(t, 2)
}

func TestGone(t *testing.T) {
	t.Parallel()
	l, r := newLedger(t), newReceiver(t, false)
	e, _ := l.endpoint(t, "org-acme", r.URL)
	r.status(http.StatusGone)
	l.work(t)
	l.happen(t, "org-acme", placed, paid)
	r.want(t, 1)
	gone := l.until(t, e.ID, func(e webhooks.Endpoint) bool { return e.State == webhooks.Disabled })
	if n, err := l.Disabled(t.Context(), "org-acme"); err != nil || n != 1 || gone.Reason != webhooks.ReasonGone || gone.NextAttemptAt != nil {
		t.Errorf("%+v, %d disabled, %v", gone, n, err)
	}
	l.happen(t, "org-acme", topUp)
	r.status(http.StatusOK)
	active := webhooks.Active
	if e, err := l.Change(t.Context(), "org-acme", e.ID, webhooks.Change{State: &active}); err != nil || e.State != active || e.Reason != "" {
		t.Fatalf("%+v, %v", e, err)
	}
	r.want(t, 1, 2, 3)
}

// After three days the endpoint is disabled; the clock is the test's.
func TestGivenUpAfterThreeDays(t *testing.T) {
	t.Parallel()
	l, r := newLedger(t), newReceiver(t, false)
	e, _ := l.endpoint(t, "org-acme", r.URL)
	r.status(http.StatusInternalServerError)
	l.work(t)
	l.happen(t, "org-acme", placed)
	for attempts := 1; ; attempts++ {
		now := l.until(t, e.ID, func(e webhooks.Endpoint) bool { return e.Attempts == attempts || e.State == webhooks.Disabled })
		if now.State == webhooks.Disabled {
			if attempts < 8 || now.Reason != webhooks.ReasonFailing || now.Attempts != attempts {
				t.Errorf("after %d attempts: %+v", attempts, now)
			}
			break
		}
		if over := l.now().Sub(*now.FailingSince); over >= webhooks.GiveUpAfter {
			t.Fatalf("it is tried after %v", over)
		}
		l.later(now.NextAttemptAt.Sub(l.now()))
		if attempts > 5 { // most of the time in large steps
			l.later(20 * time.Hour)
		}
	}
	log, err := l.Deliveries(t.Context(), "", e.ID, 0, 100)
	if err != nil || log[0].StatusCode != 500 || log[0].Error != "status 500" || log[0].Attempt != len(log) {
		t.Errorf("%+v, %v", log, err)
	}
}

// A replay sends the events after a position again, under the ids that they had, and marks them.
func TestReplay(t *testing.T) {
	t.Parallel()
	l, r := newLedger(t), newReceiver(t, false)
	l.happen(t, "org-acme", placed, paid)
	e, _ := l.endpoint(t, "org-acme", r.URL)
	l.work(t)
	l.happen(t, "org-acme", topUp, paid)
	third, fourth := r.next(t), r.next(t)
	l.until(t, e.ID, func(e webhooks.Endpoint) bool { return e.Position == 4 })
	if _, err := l.Replay(t.Context(), "org-acme", e.ID, 5); err == nil {
		t.Error("it goes on beyond the log")
	}
	if again, err := l.Replay(t.Context(), "org-acme", e.ID, 1); err != nil || again.Position != 1 || again.ReplayTo != 4 {
		t.Fatalf("%+v, %v", again, err)
	}
	ids := []string{}
	for _, want := range []int64{2, 3, 4} {
		d := r.next(t)
		if ids = append(ids, d.id()); d.message.Position != want || d.header.Get("ledger-replay") != "true" {
			t.Errorf("%s, %v", d.body, d.header)
		}
	}
	if !slices.Equal(ids[1:], []string{third.id(), fourth.id()}) {
		t.Errorf("%v came again as %v", []string{third.id(), fourth.id()}, ids[1:])
	}
	l.happen(t, "org-acme", paid)
	if d := r.next(t); d.message.Position != 5 || d.header.Get("ledger-replay") != "" {
		t.Errorf("%s, %v", d.body, d.header)
	}
	l.until(t, e.ID, func(e webhooks.Endpoint) bool { return e.Position == 5 && e.ReplayTo == 0 })
	log, err := l.Deliveries(t.Context(), "", e.ID, 0, 100)
	if err != nil || len(log) != 6 || log[0].Replay || !log[1].Replay || log[5].Replay {
		t.Errorf("%+v, %v", log, err)
	}
}

// A replay that is asked for while something fails or is under way is not lost.
func TestReplayDuringADelivery(t *testing.T) {
	t.Parallel()
	l, r := newLedger(t), newReceiver(t, false)
	e, _ := l.endpoint(t, "org-acme", r.URL)
	held := make(chan struct{})
	l.work(t)
	l.happen(t, "org-acme", placed, paid)
	r.want(t, 1, 2)
	l.until(t, e.ID, func(e webhooks.Endpoint) bool { return e.Position == 2 })
	r.reply(func(http.ResponseWriter, *http.Request) { <-held })
	l.happen(t, "org-acme", topUp)
	r.want(t, 3)
	if _, err := l.Replay(t.Context(), "", e.ID, 0); err != nil {
		t.Fatal(err)
	}
	close(held)
	r.want(t, 1, 2, 3)
}

// For a day after a rotation both secrets sign.
func TestRotation(t *testing.T) {
	t.Parallel()
	l, r := newLedger(t), newReceiver(t, false)
	e, old := l.endpoint(t, "org-acme", r.URL)
	l.work(t)
	rotated, fresh, err := l.Rotate(t.Context(), "org-acme", e.ID)
	if err != nil || rotated.PreviousUntil == nil || fresh == old {
		t.Fatalf("%+v, %v", rotated, err)
	}
	l.happen(t, "org-acme", placed)
	d := r.next(t)
	for _, secret := range []string{old, fresh} {
		if err := verify(secret, d.header, d.body); err != nil {
			t.Error(err)
		}
	}
	if n := len(strings.Fields(d.header.Get("webhook-signature"))); n != 2 {
		t.Errorf("%d signatures", n)
	}
	l.later(webhooks.RotationOverlap + time.Minute)
	l.happen(t, "org-acme", placed)
	d = r.next(t)
	if n := len(strings.Fields(d.header.Get("webhook-signature"))); n != 1 {
		t.Errorf("%d signatures a day later", n)
	}
}

// Paused, an endpoint gets nothing; made active again it gets it all. Deleted, it is not there.
func TestPausedAndDeleted(t *testing.T) {
	t.Parallel()
	l, r := newLedger(t), newReceiver(t, false)
	e, _ := l.endpoint(t, "org-acme", r.URL)
	other := newReceiver(t, false)
	l.endpoint(t, "org-acme", other.URL)
	l.work(t)
	l.happen(t, "org-acme", placed)
	r.want(t, 1)
	other.want(t, 1)
	state := webhooks.Paused
	if _, err := l.Change(t.Context(), "org-acme", e.ID, webhooks.Change{State: &state}); err != nil {
		t.Fatal(err)
	}
	l.happen(t, "org-acme", paid)
	other.want(t, 2)
	if d, err := l.Test(t.Context(), "org-acme", e.ID); err != nil || d.StatusCode != 200 {
		t.Fatalf("%+v, %v", d, err)
	}
	if d := r.next(t); d.message.Type != webhooks.Ping {
		t.Errorf("%s came while it was paused", d.body)
	}
	state = webhooks.Active
	if _, err := l.Change(t.Context(), "org-acme", e.ID, webhooks.Change{State: &state}); err != nil {
		t.Fatal(err)
	}
	r.want(t, 2)
	if err := l.Delete(t.Context(), "org-other", e.ID); err != webhooks.ErrNotFound { //nolint:errorlint // that very one
		t.Errorf("another organisation deletes it: %v", err)
	}
	if err := l.Delete(t.Context(), "org-acme", e.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Get(t.Context(), "", e.ID); err != webhooks.ErrNotFound { //nolint:errorlint // that very one
		t.Error(err)
	}
	l.happen(t, "org-acme", topUp)
	other.want(t, 3)
}

// One organisation has so many endpoints, however many are asked for at once, and none that can't be.
func TestBounds(t *testing.T) {
	t.Parallel()
	l := newLedger(t)
	results := make(chan error)
	for range webhooks.EndpointsMax + 5 {
		go func() {
			_, _, err := l.Create(context.Background(), webhooks.New{OrgID: "org-acme", URL: "https://hooks.example/"}, "test")
			results <- err
		}()
	}
	refused := 0
	for range webhooks.EndpointsMax + 5 {
		if err := <-results; err == webhooks.ErrTooMany { //nolint:errorlint // that very one
			refused++
		} else if err != nil {
			t.Error(err)
		}
	}
	if refused != 5 {
		t.Errorf("%d are refused", refused)
	}
	for _, types := range [][]string{{"order"}, {"order.paid.v99"}, {"*"}, {""}, slices.Repeat([]string{placed}, 101)} {
		if _, _, err := l.Create(t.Context(), webhooks.New{OrgID: "org-b", URL: "https://hooks.example/", Types: types}, "test"); err == nil {
			t.Errorf("%q may be asked for", types)
		}
	}
}

// The log of deliveries is bounded by age and by number.
func TestOldDeliveriesGo(t *testing.T) {
	t.Parallel()
	l, r := newLedger(t), newReceiver(t, false)
	e, _ := l.endpoint(t, "org-acme", r.URL)
	pool := l.db.Pool(t, schema.App)
	const fill = `
INSERT INTO webhook_deliveries (endpoint_id, org_id, position, message_id, type, attempt, replay, at, duration_ms, status_code, error, answer)
SELECT $1, 'org-acme', n, '', '', 1, false, now() - CASE WHEN n <= 7000 THEN interval '31 days' ELSE interval '1 day' END, 1, 200, '', ''
FROM generate_series(1, 18000) AS n`
	if _, err := pool.Exec(t.Context(), fill, e.ID); err != nil {
		t.Fatal(err)
	}
	count := func() (n int) {
		if err := pool.QueryRow(t.Context(), `SELECT count(*) FROM webhook_deliveries`).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	l.work(t)
	for end := time.Now().Add(patience); count() != 11_000; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%d are left", count())
		}
	}
	l.happen(t, "org-acme", slices.Repeat([]string{paid}, 500)...)
	last := r.positions(t, 500)[499]
	l.until(t, e.ID, func(e webhooks.Endpoint) bool { return e.Position == last })
	if n := count(); n != 10_000 {
		t.Errorf("%d are left", n)
	}
}

// What nothing is for is not looked through again and again: the position goes on without a delivery.
func TestPositionsGoOn(t *testing.T) {
	t.Parallel()
	l, r := newLedger(t), newReceiver(t, false)
	e, _ := l.endpoint(t, "org-acme", r.URL, "order.paid")
	_, stop := l.work(t)
	l.happen(t, "org-acme", paid)
	r.want(t, 1)
	last := l.happen(t, "org-other", slices.Repeat([]string{paid}, 50)...)
	l.happen(t, "org-acme", paid)
	r.want(t, last+1)
	l.happen(t, "org-acme", placed, topUp)
	stop() // which writes how far it is
	if now := l.until(t, e.ID, func(webhooks.Endpoint) bool { return true }); now.Position < last+1 {
		t.Errorf("%+v", now)
	}
	l.work(t)
	l.happen(t, "org-acme", paid)
	r.want(t, last+4)
	log, err := l.Deliveries(t.Context(), "", e.ID, 0, 10)
	if err != nil || len(log) < 2 {
		t.Errorf("%+v, %v", log, err)
	}
}

// While a delivery is under way the row may come on, by what nothing was for: that is no reason to deliver again.
func TestPositionComesOnMeanwhile(t *testing.T) {
	t.Parallel()
	l, r := newLedger(t), newReceiver(t, false)
	e, _ := l.endpoint(t, "org-acme", r.URL)
	l.happen(t, "org-other", paid, paid, paid)
	pool := l.db.Pool(t, schema.App)
	var code atomic.Int64
	code.Store(500)
	r.reply(func(w http.ResponseWriter, _ *http.Request) {
		if _, err := pool.Exec(context.Background(), `UPDATE webhook_endpoints SET position = position + 1 WHERE position < 3`); err != nil {
			t.Error(err)
		}
		w.WriteHeader(int(code.Load()))
	})
	l.happen(t, "org-acme", placed, paid)
	l.work(t)
	r.want(t, 4)
	l.until(t, e.ID, func(e webhooks.Endpoint) bool { return e.Attempts == 1 && e.Position == 1 })
	code.Store(200)
	l.later(time.Minute)
	r.want(t, 4, 5)
	l.until(t, e.ID, func(e webhooks.Endpoint) bool { return e.Position == 5 })
	if len(r.got) > 0 {
		t.Errorf("%s came again", (<-r.got).body)
	}
}

// Another address is tried at once.
func TestAnotherAddress(t *testing.T) {
	t.Parallel()
	l, r, better := newLedger(t), newReceiver(t, false), newReceiver(t, false)
	e, _ := l.endpoint(t, "org-acme", r.URL)
	r.reply(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "3600")
		w.WriteHeader(http.StatusTooManyRequests)
	})
	l.work(t)
	l.happen(t, "org-acme", placed)
	failing := l.until(t, e.ID, func(e webhooks.Endpoint) bool { return e.Attempts == 1 })
	if pause := failing.NextAttemptAt.Sub(*failing.FailingSince); pause != time.Hour {
		t.Errorf("it is tried again after %v", pause)
	}
	if now, err := l.Change(t.Context(), "", e.ID, webhooks.Change{URL: &better.URL}); err != nil || now.NextAttemptAt != nil || now.FailingSince != nil {
		t.Fatalf("%+v, %v", now, err)
	}
	better.want(t, 1)
}
