package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
)

// A service sends a command that can't be read; it is found, mended and sent again.
func TestServiceAndPoisonByHand(t *testing.T) {
	t.Parallel()
	dir := newData(t)
	startDev(t, dir, "--no-demo", "--http", "127.0.0.1:0")
	if out := must(t, "service", "create", "gpu", "--org", "org-acme", "--role", "finance", "--data", dir); out != "gpu publishes to ledger.commands.gpu.*\n" {
		t.Errorf("create: %s", out)
	}
	must(t, "service", "create", "gpu", "--org", "org-acme", "--role", "finance", "--if-missing", "--data", dir)
	if o := ledger(t, "service", "create", "gpu", "--org", "org-other", "--role", "finance", "--if-missing", "--data", dir); o.code != exitConflict {
		t.Errorf("another one of that name: exit %d", o.code)
	}
	if o := ledger(t, "service", "create", "gpu", "--data", dir); o.code != exitConflict {
		t.Errorf("made twice: exit %d", o.code)
	}
	if out := must(t, "service", "permissions", "gpu", "--data", dir); !strings.Contains(out, `"ledger.events.org-acme.>"`) {
		t.Errorf("permissions: %s", out)
	}
	url, err := os.ReadFile(filepath.Join(dir, "nats.url"))
	if err != nil {
		t.Fatal(err)
	}
	nc, err := nats.Connect(strings.TrimSpace(string(url)))
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	results, err := nc.SubscribeSync("ledger.results.gpu.>")
	if err != nil {
		t.Fatal(err)
	}
	want := func(text string) {
		t.Helper()
		m, err := results.NextMsg(20 * time.Second)
		if err != nil || !strings.Contains(string(m.Data), text) {
			t.Fatalf("the result %v, %v, wants %s", m, err, text)
		}
	}
	m := nats.NewMsg("ledger.commands.gpu.top_up")
	m.Header.Set("Ledger-Key", "top-1")
	m.Data = []byte(`{"amount":"5.00","currency":"CNY"`)
	if _, err := nc.RequestMsg(m, 5*time.Second); err != nil {
		t.Fatal(err)
	}
	want(`"outcome":"invalid","code":"malformed"`)
	if out := must(t, "poison", "list", "--data", dir); !strings.Contains(out, "ledger.commands.gpu.top_up") || !strings.Contains(out, "malformed") {
		t.Errorf("list: %s", out)
	}
	if out := must(t, "poison", "show", "1", "--data", dir); out != `{"amount":"5.00","currency":"CNY"`+"\n" {
		t.Errorf("show: %s", out)
	}
	mended := filepath.Join(t.TempDir(), "body.json")
	if err := os.WriteFile(mended, []byte(`{"amount":"5.00","currency":"CNY","reference":"r1"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	must(t, "poison", "retry", "1", "--body", mended, "--data", dir)
	want(`"outcome":"accepted"`)
	if o := ledger(t, "poison", "show", "1", "--data", dir); o.code != exitNotFound {
		t.Errorf("sent again, it is still there: exit %d", o.code)
	}
	must(t, "service", "revoke", "gpu", "--data", dir)
	if out := must(t, "service", "list", "--json", "--data", dir); !strings.Contains(out, `"revoked_at": "20`) && !strings.Contains(out, `"revoked_at":"20`) {
		t.Errorf("list: %s", out)
	}
}
