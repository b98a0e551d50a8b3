package console_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"orderledger/internal/auth"
	"orderledger/internal/schema"
)

// While the read models lag, no page answers before they have what the person did last; then its times are in the zone that
// was chosen, too.
func TestPagesWaitForWhatWasDoneLast(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	s.topUp(t, "100.00")
	id := s.place(t)
	s.do(t, "pay_order", `{"order_id":"`+id+`"}`)
	s.do(t, "report_fulfilment", `{"order_id":"`+id+`","state":"completed","resource_id":"host-1"}`)
	p := s.signIn(t, "", auth.Platform)
	p.get(t, "/orders/"+id+"?org_id=org-acme").has(t, "Asia/Shanghai")

	owner := s.db.Pool(t, schema.Owner)
	tx, err := owner.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback(t.Context()) }()
	if _, err := tx.Exec(t.Context(), `SELECT FROM projections FOR UPDATE`); err != nil {
		t.Fatal(err)
	}
	last := s.do(t, "change_settings", `{"org_id":"org-acme","time_zone":"Pacific/Auckland"}`).Last
	paths := []string{
		"/", "/orders", "/orders/" + id, "/orders/" + id + "/refund", "/orders/" + id + "/document", "/orders/download",
		"/orders/batch?act=pay&order_id=" + id, "/resources", "/resources/host-1", "/resources/host-1/close", "/resources/host-1/auto-renew",
		"/bills", "/bills/2026-01", "/bills/2026-01/lines", "/bills/2026-01/close", "/bills/download?period=2026-01",
		"/account", "/account/entries", "/account/vouchers", "/account/gifts", "/account/arrears", "/account/settings", "/account/top-up",
		"/find?q=" + id, "/ledger/events", "/ledger",
	}
	pages := make(chan string, len(paths))
	var asking sync.WaitGroup
	for _, path := range paths {
		asking.Go(func() {
			mark := "?"
			if strings.Contains(path, "?") {
				mark = "&"
			}
			r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, fmt.Sprintf("%s%s%sorg_id=org-acme&min_position=%d", p.URL, path, mark, last), nil)
			if err != nil {
				t.Error(err)
				return
			}
			response, err := p.http.Do(r)
			if err != nil {
				t.Error(err)
				return
			}
			defer response.Body.Close()
			body, err := io.ReadAll(response.Body)
			isPage := strings.HasPrefix(response.Header.Get("Content-Type"), "text/html")
			if err != nil || response.StatusCode != http.StatusOK || isPage && !strings.Contains(string(body), "Pacific/Auckland") {
				t.Errorf("%s: %s, %v; or it is not of the new zone", path, response.Status, err)
			}
			pages <- path
		})
	}
	for lag, waits := time.After(500*time.Millisecond), true; waits; { // there is no sign of who waits
		select {
		case path := <-pages:
			t.Errorf("%s does not wait", path)
		case <-lag:
			waits = false
		}
	}
	if err := tx.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	asking.Wait()
}

// A page waits for the read model that it shows, not only for the organisation's settings.
func TestPagesWaitForTheirOwnReadModel(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	p := s.signIn(t, "", auth.Platform)
	p.get(t, "/orders?org_id=org-acme")
	tx, err := s.db.Pool(t, schema.Owner).Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback(t.Context()) }()
	if _, err := tx.Exec(t.Context(), `SELECT FROM projections WHERE name = 'orders' FOR UPDATE`); err != nil {
		t.Fatal(err)
	}
	id := s.place(t)
	head, err := s.Log.Head(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	let := time.AfterFunc(500*time.Millisecond, func() { _ = tx.Rollback(context.WithoutCancel(t.Context())) })
	defer let.Stop()
	p.send(t, http.MethodGet, fmt.Sprintf("/orders?org_id=org-acme&min_position=%d", head.Position), nil).has(t, id)
}
