package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

// The process is killed while an endpoint takes its time over an event: after the next start that event comes again, the
// same byte for byte under the same id, and then what follows, in order. Nothing goes to this machine unless it is allowed.
func TestWebhooksOverAKill(t *testing.T) {
	t.Parallel()
	type arrival struct {
		id   string
		body string
	}
	got, held := make(chan arrival, 100), make(chan struct{})
	receiver := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got <- arrival{r.Header.Get("webhook-id"), string(body)}
		select {
		case <-held:
		case <-r.Context().Done():
		}
	}))
	defer receiver.Close()
	next := func() (a arrival) {
		select {
		case a = <-got:
		case <-time.After(2 * time.Minute):
			t.Fatal("nothing arrived")
		}
		return a
	}

	dir := t.TempDir()
	d := startDev(t, dir, "--no-demo", "--http", "127.0.0.1:0")
	hook := object{"org_id": "org-e2e", "url": receiver.URL, "types": []string{"account.topped_up"}}
	if err := d.client(t).Command(t.Context(), http.MethodPost, "/v1/webhooks", "hook", hook, nil); err == nil {
		t.Error("an endpoint on this machine is allowed")
	}
	d.stop(t)

	d = startDev(t, dir, "--no-demo", "--http", "127.0.0.1:0", "--webhooks-allow-private")
	topUp := func(n int) {
		body := object{"amount": "1.00", "currency": "CNY", "reference": fmt.Sprint("r-", n)}
		if err := d.client(t).Command(t.Context(), http.MethodPost, "/v1/accounts/org-e2e/top-ups", fmt.Sprint("up-", n), body, nil); err != nil {
			t.Fatal(err)
		}
	}
	if err := d.client(t).Command(t.Context(), http.MethodPost, "/v1/webhooks", "hook", hook, nil); err != nil {
		t.Fatal(err)
	}
	topUp(1)
	topUp(2)
	first := next()
	address := d.file(t, httpAddrFile)
	d.kill()
	close(held)
	d = launchDev(t, dir, "--no-demo", "--http", address, "--webhooks-allow-private") // the file with the address is there from before
	d.await(t, func() bool {
		resp, err := http.Get("http://" + address + "/readyz")
		if err != nil {
			return false
		}
		resp.Body.Close()
		return resp.StatusCode == http.StatusOK
	})
	topUp(3)
	if again := next(); again != first {
		t.Errorf("%+v came again as %+v", first, again)
	}
	for last := int64(0); ; {
		var m struct {
			Type     string
			Position int64
		}
		a := next()
		if err := json.Unmarshal([]byte(a.body), &m); err != nil || m.Type != "account.topped_up.v1" || m.Position <= last || a.id == first.id {
			t.Errorf("%+v, %v", a, err)
		}
		if last > 0 {
			break
		}
		last = m.Position
	}
	d.stop(t)
}
