package console_test

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"orderledger/handlers/console"
	"orderledger/internal/auth"
	"orderledger/internal/schema"
	"orderledger/internal/testkit"
	"orderledger/projections"
)

// super runs SQL that nobody who works on a ledger may run.
func (s *system) super(t *testing.T, sql string, args ...any) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), s.db.SuperURL)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(t.Context()))
	if _, err := conn.Exec(t.Context(), sql, args...); err != nil {
		t.Fatal(err)
	}
}

// until opens a page again and again until it has a text.
func (p *person) until(t *testing.T, path, text string) seen {
	t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for {
		page := p.get(t, path)
		if strings.Contains(page.Body, text) {
			return page
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s never had %q:\n%s", path, text, page.Body)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func TestLedgerPageTellsHowItFares(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	s.place(t)
	s.do(t, "place_order", strings.ReplaceAll(placed, "org-acme", "org-beta"))
	s.super(t, `INSERT INTO projections (name, version, position, hash, state) VALUES ('rebuild.orders', 1, 1, decode(repeat('00', 32), 'hex'), 'building')`)
	s.super(t, `UPDATE projections SET state = 'stopped', error = 'event 2 of org-beta is odd' WHERE name = 'vouchers'`)
	head, err := s.Log.Head(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	platform, viewer := s.signIn(t, "", auth.Platform), s.signIn(t, "org-acme", auth.Viewer)
	page := platform.send(t, http.MethodGet, "/ledger", nil)
	page.has(t, head.Hash.String(), "Bill lines", "Stopped", "event 2 of org-beta is odd", "There is no broker", "Verify now", "Being made anew",
		`<progress id="rebuild-orders" max="2" value="1">`, `hx-trigger="every 2s"`, "org-beta")
	page = viewer.send(t, http.MethodGet, "/ledger", nil)
	page.has(t, head.Hash.String(), "Stopped", "No month has been closed")
	page.lacks(t, "org-beta", "Verify now")
	for path, want := range map[string]int{"/ledger/verify": 403, "/ledger/verifications/x": 403} {
		method := http.MethodGet
		if path == "/ledger/verify" {
			method = http.MethodPost
		}
		if got := viewer.send(t, method, path, url.Values{}); got.StatusCode != want {
			t.Errorf("%s: %s", path, got.Status)
		}
	}
	s.super(t, `DELETE FROM projections WHERE state = 'building'`)
	s.super(t, `UPDATE projections SET state = 'running', error = NULL`)
	platform.get(t, "/ledger").lacks(t, "hx-trigger", "Being made anew")
}

// placed is the body of an order.
const placed = `{"order_type":"purchase","org_id":"org-acme","project_id":"default","consumer_id":"user-7","currency":"CNY",
"lines":[{"product_code":"gpu-instance","product_name":"GPU instance","resource_type":"cloud-host","count":"1","charge_mode":"month","quantity":"1","unit":"month","unit_price":"28.86"}]}`

func TestVerificationFromThePage(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	s.place(t)
	s.topUp(t, "100")
	platform := s.signIn(t, "", auth.Platform)
	platform.get(t, "/ledger").has(t, "Nothing has been verified")
	platform.post(t, "/ledger/verify", url.Values{}).has(t, "The verification has begun")
	page := platform.until(t, "/ledger", "All is clean")
	link := regexp.MustCompile(`/ledger/verifications/[0-9a-f-]{36}`).FindString(page.Body)
	platform.get(t, link).has(t, "All is clean", "hash_chain", "Read model: Bill lines", " checks<")
	platform.get(t, "/ledger/verifications/"+strings.Repeat("0", 8)+"-0000-0000-0000-000000000000").has(t, "not_found")

	s.super(t, `UPDATE accounts SET cash = cash + 1`)
	platform.post(t, "/ledger/verify", url.Values{})
	page = platform.until(t, "/ledger", "Faults were found")
	link = regexp.MustCompile(`/ledger/verifications/[0-9a-f-]{36}`).FindString(page.Body)
	platform.get(t, link).has(t, "Wrong", "read_model_accounts")
}

func TestOneVerificationAtATime(t *testing.T) {
	t.Parallel()
	pool := testkit.Database(t).Pool(t, schema.App)
	said, last := make(chan struct{}), make(chan struct{})
	run := func(ctx context.Context, progress func(string, int64, int64)) (projections.Report, error) {
		progress("hash_chain", 7, 90)
		select {
		case <-last:
			return projections.Report{}, fmt.Errorf("the mirror can't be asked")
		case <-said:
			<-ctx.Done()
			return projections.Report{}, ctx.Err()
		case <-ctx.Done():
			return projections.Report{}, ctx.Err()
		}
	}
	here, there := console.NewVerifications(pool, run), console.NewVerifications(pool, run) // two processes
	defer there.Close()
	s := newSystem(t, func(o *console.Options) { o.Verifications = here })
	other := newSystem(t, func(o *console.Options) { o.Verifications = there })
	one, two := s.signIn(t, "", auth.Platform), other.signIn(t, "", auth.Platform)
	one.post(t, "/ledger/verify", url.Values{}).has(t, "The verification has begun")
	two.post(t, "/ledger/verify", url.Values{}).has(t, "under way already")
	page := two.until(t, "/ledger", "Chain of hashes")
	page.has(t, `max="90" value="7"`, `hx-trigger="every 2s"`, "Look again")
	page.lacks(t, "Verify now")

	here.Close() // as when its server ends
	two.get(t, "/ledger").has(t, "Not finished", "Verify now")
	two.post(t, "/ledger/verify", url.Values{}).has(t, "The verification has begun")
	close(last)
	page = two.until(t, "/ledger", "Not finished")
	link := regexp.MustCompile(`/ledger/verifications/[0-9a-f-]{36}`).FindString(page.Body)
	two.until(t, link, "the mirror can&#39;t be asked")

	if _, err := pool.Exec(t.Context(), `INSERT INTO verifications (verification_id, started_by, seen_at) VALUES ('x', 'key:a', clock_timestamp() - interval '2 minutes')`); err != nil {
		t.Fatal(err)
	}
	two.get(t, "/ledger").has(t, "Broken off", "Verify now")
}

func TestEventsAreBrowsed(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	for i := range 60 {
		s.place(t, fmt.Sprintf(`{"trade_no":"T-%d"}`, i))
	}
	id := s.place(t, `{"trade_no":"<script>alert(1)</script>"}`)
	s.do(t, "place_order", strings.ReplaceAll(placed, "org-acme", "org-beta"))
	s.do(t, "cancel_order", `{"order_id":"`+id+`","org_id":"org-acme","reason":"not needed"}`)
	acme, platform := s.signIn(t, "org-acme", auth.Viewer), s.signIn(t, "", auth.Platform)

	page := acme.get(t, "/ledger/events")
	page.has(t, "/ledger/events/63", "Older events", "from=12")
	page.lacks(t, "/ledger/events/62\"", "<script>alert", "org-beta", "/ledger/events/12\"")
	acme.get(t, "/ledger/events?from=12").has(t, "/ledger/events/12\"", "/ledger/events/1\"", "First page", "Looked at 12 places")
	acme.get(t, "/ledger/events?order=oldest&from=61").has(t, "/ledger/events/61\"", "/ledger/events/63\"")
	acme.get(t, "/ledger/events?type=order.cancelled.v1").has(t, "/ledger/events/63\"", "order-"+id)
	acme.get(t, "/ledger/events?type=order.cancelled.v1").lacks(t, "/ledger/events/61\"")
	stream := acme.get(t, "/ledger/events?stream=order-"+id+"&order=oldest")
	stream.has(t, "/ledger/events/61\"", "/ledger/events/63\"", "From version")
	stream.lacks(t, "/ledger/events/60\"")
	platform.get(t, "/ledger/events").has(t, "/ledger/events/62\"", "org-beta")
	beta := platform.get(t, "/ledger/events?org_id=org-beta")
	beta.has(t, "/ledger/events/62?org_id=org-beta\"", "Looked at 63 places")
	beta.lacks(t, "/ledger/events/63")
	for _, path := range []string{"/ledger/events?from=-1", "/ledger/events?from=x", "/ledger/events?type=none"} {
		if got := acme.get(t, path); got.StatusCode != 400 || !strings.Contains(got.Body, "invalid_value") {
			t.Errorf("%s: %s", path, got.Status)
		}
	}
	acme.get(t, "/ledger/events?from=90").has(t, "/ledger/events/63\"")
	acme.get(t, "/ledger/events?from=90&order=oldest").has(t, "No events here")
}

func TestAnEventInFull(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	s.topUp(t, "100")
	id := s.place(t, `{"lines":[{"product_code":"p","product_name":"<b>产品</b>","resource_type":"cloud-host","count":"1","charge_mode":"month","quantity":"1","unit":"month","unit_price":"28.86"}]}`)
	s.do(t, "place_order", strings.ReplaceAll(placed, "org-acme", "org-beta"))
	s.do(t, "pay_order", `{"order_id":"`+id+`","org_id":"org-acme"}`)
	head, err := s.Log.Head(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	acme, platform := s.signIn(t, "org-acme", auth.Viewer), s.signIn(t, "", auth.Platform)
	page := acme.get(t, "/ledger/events/2")
	page.has(t, "Order placed", "/orders/"+id, "order-"+id, "The hash is that of the event before", "&lt;b&gt;产品&lt;/b&gt;", "next in the stream", "/ledger/events/1\"",
		"/ledger/events/4\"", "/v1/events?after=1&amp;limit=1", "payload_sha256", "/ledger/commands/2")
	page.lacks(t, "/ledger/events/3\"", "<b>产品")
	for _, path := range []string{"/ledger/events/3", "/ledger/events/99", "/ledger/events/0", "/ledger/events/x", "/ledger/commands/3"} {
		if got := acme.get(t, path); got.StatusCode != 404 {
			t.Errorf("%s: %s", path, got.Status)
		}
	}
	platform.get(t, "/ledger/events/3").has(t, "org-beta")

	// What paid the order is one command with several events; each leads to it.
	events, err := s.Log.Read(t.Context(), 3, 10)
	if err != nil || len(events) < 2 {
		t.Fatal(len(events), err)
	}
	page = acme.get(t, fmt.Sprint("/ledger/commands/", head.Position))
	if page.Request.URL.Path != "/ledger/commands/4" {
		t.Errorf("the last event leads to %s", page.Request.URL)
	}
	page.has(t, "pay_order", fmt.Sprintf("It made %d events", len(events)), fmt.Sprintf("/ledger/events/%d", head.Position), events[0].Fingerprint.String())
	page.lacks(t, "/ledger/events/2\"")

	s.super(t, `SET session_replication_role = replica; UPDATE events SET payload = '{"changed":true}' WHERE position = 2`)
	acme.get(t, "/ledger/events/2").has(t, "verify the ledger")
	s.signIn(t, "org-acme", auth.Viewer).send(t, http.MethodGet, "/ledger/events/2", nil).has(t, `&#34;changed&#34;: true`)
}
