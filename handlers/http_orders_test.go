package handlers_test

import (
	"bytes"
	"encoding/json"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"orderledger/domain"
	"orderledger/handlers"
)

func itoa(n int64) string { return strconv.FormatInt(n, 10) }

func TestOrderOverHTTP(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	placed := a.want(t, 201, "", a.acme, "POST", "/v1/orders", orderBody, "Idempotency-Key: place")
	id := placed.text("order_id")
	if placed.Header.Get("Ledger-Position") != "1" || placed.text("payable_amount") != "28.86" || placed.Header.Get("ETag") != `"1"` {
		t.Fatalf("placed %v %s", placed.Header, placed.Body)
	}
	poor := a.want(t, 409, "insufficient_funds", a.acme, "POST", "/v1/orders/"+id+"/pay", "", "Idempotency-Key: pay")
	if poor.text("missing") != "28.86" || poor.text("currency") != "CNY" {
		t.Errorf("refused with %s", poor.Body)
	}
	up := a.want(t, 201, "", a.bank, "POST", "/v1/accounts/org-acme/top-ups", topUpBody, "Idempotency-Key: top-up")
	if up.text("entry.balance_after") != "100.00" || up.text("balances.0.cash") != "100.00" || up.number("as_of_position") != 2 {
		t.Errorf("topped up %s", up.Body)
	}
	paid := a.want(t, 200, "", a.acme, "POST", "/v1/orders/"+id+"/pay", "", "Idempotency-Key: pay")
	if paid.text("status") != "paid" || paid.Header.Get("Ledger-Position") != "4" || paid.number("position") != 3 {
		t.Errorf("paid %v %s", paid.Header, paid.Body)
	}
	a.want(t, 409, "order_not_unpaid", a.acme, "POST", "/v1/orders/"+id+"/cancel", `{"reason":"late"}`, "Idempotency-Key: cancel")

	if o := a.get(t, a.acme, "/v1/orders/"+id); o.text("status") != "paid" || o.number("as_of_position") < 4 || o.Header.Get("ETag") != `"2"` {
		t.Errorf("reads %v %s", o.Header, o.Body)
	}
	if l := a.get(t, a.acme, "/v1/orders", "status=paid,unpaid", "tag=team%3Dvision", "count=true"); l.text("items.0.order_id") != id || l.number("total") != 1 {
		t.Errorf("lists %s", l.Body)
	}
	if l := a.get(t, a.acme, "/v1/orders", "status=cancelled"); l.member("items.0") != nil || l.member("next_cursor") != nil {
		t.Errorf("lists %s", l.Body)
	}
	if e := a.get(t, a.acme, "/v1/orders/"+id+"/events"); e.text("items.0.type") != domain.TypeOrderPlaced || e.text("items.1.type") != domain.TypeOrderPaid {
		t.Errorf("history %s", e.Body)
	}
	if b := a.get(t, a.acme, "/v1/orders/"+id+"/bill-lines"); b.text("items.0.amount") != "28.86" {
		t.Errorf("bill lines %s", b.Body)
	}
	if r := a.get(t, a.acme, "/v1/resources/bsr-1/orders"); r.text("items.0.order_id") != id {
		t.Errorf("resource %s", r.Body)
	}
	if acc := a.get(t, a.acme, "/v1/accounts/org-acme"); acc.text("balances.0.cash") != "71.14" {
		t.Errorf("account %s", acc.Body)
	}
	if e := a.get(t, a.acme, "/v1/accounts/org-acme/entries"); e.text("items.0.amount") != "-28.86" || e.text("items.1.reference") != "bank-1" {
		t.Errorf("entries %s", e.Body)
	}
	month := paid.text("billing_period")
	if b := a.get(t, a.acme, "/v1/bills/"+month, "group_by=product"); b.text("totals.0.amount") != "28.86" || b.text("groups.0.key") != "gpu-instance" {
		t.Errorf("bill %s", b.Body)
	}
	if b := a.get(t, a.platform, "/v1/bill-lines", "org_id=org-acme", "period="+month); b.text("items.0.order_id") != id {
		t.Errorf("bill lines %s", b.Body)
	}
}

// The first answer again, byte for byte: at once, on a replica that never heard of it, and after its order has moved on.
func TestFirstAnswerAgain(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	id := "0198c2f0-0000-7000-8000-000000000001"
	withID := strings.Replace(orderBody, "{", `{"order_id":"`+id+`","personal":{"contact":"张三 <z@example.com>","phone":"1"},`, 1)
	type sent struct {
		method, path, body, idempotency string
		status                          int
	}
	commands := []sent{
		{"POST", "/v1/orders", withID, "k1", 201},
		{"POST", "/v1/accounts/org-acme/top-ups", topUpBody, "k2", 201},
		{"POST", "/v1/orders/" + id + "/pay", "", "k3", 200},
		{"PUT", "/v1/orgs/org-acme", `{"time_zone":"Europe/Berlin"}`, "k4", 200},
	}
	first := map[string]response{}
	for _, c := range commands {
		first[c.idempotency] = a.want(t, c.status, "", a.platform, c.method, c.path, forAcme(c.body, c.path), "Idempotency-Key: "+c.idempotency)
	}
	if p := first["k3"].text("personal.contact"); p != "张三 <z@example.com>" {
		t.Errorf("personal %q", p)
	}
	head := a.head(t)
	for name, replica := range map[string]*api{"same": a, "another": openAPI(t, a.db)} {
		for _, c := range commands {
			// org_id given or not, by another key, makes no difference.
			r := replica.want(t, c.status, "", replica.platform, c.method, c.path, forAcme(c.body, c.path), "Idempotency-Key: "+c.idempotency)
			if !bytes.Equal(r.Body, first[c.idempotency].Body) || r.Header.Get("Idempotency-Replayed") != "true" ||
				r.Header.Get("Ledger-Position") != first[c.idempotency].Header.Get("Ledger-Position") {
				t.Errorf("%s replica: %s %v\n%s, want\n%s", name, c.path, r.Header, r.Body, first[c.idempotency].Body)
			}
		}
	}
	line := `{"key":"k1","command":"place_order","body":` + strings.ReplaceAll(forAcme(withID, "/v1/orders"), "\n", " ") + `}`
	r := a.send(t, a.acme, "POST", "/v1/commands", line)
	if want := `{"line":1,"key":"k1","outcome":"replayed","position":1,"id":"` + id + `"}` + "\n"; string(r.Body) != want {
		t.Errorf("through the other channel %s, want %s", r.Body, want)
	}
	other := strings.Replace(withID, "28.86", "28.87", 1)
	a.want(t, 422, "key_reused", a.acme, "POST", "/v1/orders", other, "Idempotency-Key: k1")
	a.want(t, 422, "key_reused", a.acme, "POST", "/v1/orders", strings.Replace(withID, "张三", "李四", 1), "Idempotency-Key: k1")
	a.want(t, 422, "key_reused", a.acme, "POST", "/v1/orders/"+id+"/cancel", "", "Idempotency-Key: k1")
	if got := a.head(t); got != head {
		t.Errorf("the log ends at %d, want %d", got, head)
	}
}

// forAcme names the organisation in a body where the path does not.
func forAcme(body, path string) string {
	if strings.Contains(path, "org-acme") {
		return body
	}
	return strings.Replace(body, "{", `{"org_id":"org-acme",`, 1)
}

func TestPlatformKeyNamesTheOrderAlone(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	id := a.want(t, 201, "", a.acme, "POST", "/v1/orders", orderBody, "Idempotency-Key: place").text("order_id")
	a.want(t, 200, "", a.platform, "POST", "/v1/orders/"+id+"/cancel", `{"reason":"ours"}`, "Idempotency-Key: cancel")
	again := a.want(t, 200, "", a.acme, "POST", "/v1/orders/"+id+"/cancel", `{"reason":"ours","org_id":"org-acme"}`, "Idempotency-Key: cancel")
	if again.Header.Get("Idempotency-Replayed") != "true" {
		t.Errorf("the key is another's: %s", again.Body)
	}
	a.want(t, 400, "invalid_value", a.platform, "POST", "/v1/orders", orderBody, "Idempotency-Key: whose")
}

func TestIfMatch(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	id := a.want(t, 201, "", a.acme, "POST", "/v1/orders", orderBody, "Idempotency-Key: place").text("order_id")
	path := "/v1/orders/" + id + "/cancel"
	a.want(t, 412, "version_mismatch", a.acme, "POST", path, "", "Idempotency-Key: cancel", `If-Match: "7"`)
	a.want(t, 400, "invalid_value", a.acme, "POST", path, "", "Idempotency-Key: cancel", `If-Match: seven`)
	a.want(t, 200, "", a.acme, "POST", path, "", "Idempotency-Key: cancel", `If-Match: "1"`)
	a.want(t, 200, "", a.acme, "POST", path, "", "Idempotency-Key: cancel", `If-Match: "1"`) // again, after it has moved on
	a.want(t, 409, "order_not_unpaid", a.acme, "POST", path, "", "Idempotency-Key: other", `If-Match: "1"`)
}

func TestReadsWait(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	for i := range 20 {
		placed := a.want(t, 201, "", a.acme, "POST", "/v1/orders", orderBody, "Idempotency-Key: p"+itoa(int64(i)))
		at := placed.Header.Get("Ledger-Position")
		read := a.want(t, 200, "", a.acme, "GET", "/v1/orders/"+placed.text("order_id")+"?min_position="+at, "")
		if asked, _ := strconv.ParseInt(at, 10, 64); read.number("as_of_position") < asked {
			t.Errorf("as of %s, want %s or later", read.Body, at)
		}
	}
	start := time.Now()
	late := a.want(t, 503, "position_not_reached", a.acme, "GET", "/v1/orders?min_position=1000000", "")
	if took := time.Since(start); took < 4*time.Second || took > 8*time.Second || late.Header.Get("Retry-After") == "" {
		t.Errorf("after %s: %v", took, late.Header)
	}
}

func TestTimersExpire(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	run := handlers.NewTimers(a.Executor, a.reader).Run
	go run(t.Context())
	a.want(t, 200, "", a.acme, "PUT", "/v1/orgs/org-acme", `{"pay_before_seconds":1}`, "Idempotency-Key: soon")
	id := a.want(t, 201, "", a.acme, "POST", "/v1/orders", orderBody, "Idempotency-Key: place").text("order_id")
	a.get(t, a.acme, "/v1/orders/"+id)
	reached := a.want(t, 200, "", a.acme, "GET", "/v1/events?min_position=3", "") // it waits for the third event
	if reached.text("items.2.type") != domain.TypeOrderExpired || reached.text("items.2.actor") != "timer" ||
		reached.text("items.2.command_key") != "ledger:expire:"+id {
		t.Errorf("the log has %s", reached.Body)
	}
	a.want(t, 409, "order_not_unpaid", a.acme, "POST", "/v1/orders/"+id+"/pay", "", "Idempotency-Key: pay")
}

// Ids of resources are other systems': what stands in an address is decoded once, slashes and dots included.
func TestResourceIDsOfAnyCharacters(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	for i, id := range []string{"a/b", "..", ".", "a b+c", "100%25", "云主机/甲?x=1#2;&", `"quoted"\`, "//", strings.Repeat("字", 128)} {
		body := strings.Replace(orderBody, `"bsr-1"`, string(quoted(id)), 1)
		placed := a.want(t, 201, "", a.acme, "POST", "/v1/orders", body, "Idempotency-Key: "+itoa(int64(i))).text("order_id")
		path := "/v1/resources/" + strings.ReplaceAll(url.PathEscape(id), ".", "%2E")
		if r := a.get(t, a.acme, path+"/orders"); r.text("items.0.order_id") != placed || r.text("items.0.lines.0.resource_id") != id {
			t.Errorf("the orders of %q are %s", id, r.Body)
		}
		a.want(t, 404, "not_found", a.acme, "GET", path, "") // nothing was provisioned yet
		a.want(t, 404, "not_found", a.acme, "PUT", path+"/auto-renew", `{"enabled":true}`, "Idempotency-Key: renew")
	}
}

func quoted(s string) []byte {
	text, _ := json.Marshal(s)
	return text
}
