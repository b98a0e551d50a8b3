package console_test

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"orderledger/handlers/console"
	"orderledger/handlers/intake"
	"orderledger/internal/auth"
	"orderledger/internal/browser"
	"orderledger/internal/testkit"
)

// withQueue is a system with a broker, a service of org-acme and one of all organisations.
func withQueue(t *testing.T) (*system, jetstream.JetStream, *nats.Conn) {
	t.Helper()
	nc, err := nats.Connect(testkit.NATS(t).URL())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	js, err := jetstream.New(nc)
	if err == nil {
		err = intake.EnsureStreams(t.Context(), js, 1)
	}
	if err != nil {
		t.Fatal(err)
	}
	s := newSystem(t, func(o *console.Options) { o.Queue = js })
	for name, org := range map[string]string{"gpu": "org-acme", "bank": "", "store": "org-beta"} {
		if _, err := s.services.Create(t.Context(), name, org, auth.Service, "key:ops"); err != nil {
			t.Fatal(err)
		}
	}
	return s, js, nc
}

// putAside puts a command of the service gpu among those that could not be read.
func putAside(t *testing.T, js jetstream.JetStream, key, body string) {
	t.Helper()
	m := nats.NewMsg("ledger.poison.gpu")
	m.Data = []byte(body)
	for name, value := range map[string]string{
		"Ledger-Key": key, "correlation_id": "c-1", intake.HeaderPoisonCode: "malformed", intake.HeaderPoisonReason: "<b>the body ends</b> too early",
		intake.HeaderPoisonSubject: "ledger.commands.gpu.place_order", intake.HeaderPoisonSequence: "7",
	} {
		m.Header.Set(name, value)
	}
	if _, err := js.PublishMsg(t.Context(), m); err != nil {
		t.Fatal(err)
	}
}

func TestServicesAreThePlatforms(t *testing.T) {
	t.Parallel()
	s, js, nc := withQueue(t)
	p := s.signIn(t, "", auth.Platform)
	p.get(t, "/services").has(t, `href="/services/gpu"`, "bank", "store", "All organisations", "Every command could be read.")
	of := p.get(t, "/services?org_id=org-acme")
	of.has(t, "gpu", "bank")
	of.lacks(t, "/services/store")
	p.get(t, "/services/gpu").has(t, "ledger.commands.gpu.*", "ledger.events.org-acme.&gt;", "Active")
	if err := s.services.Revoke(t.Context(), "gpu"); err != nil {
		t.Fatal(err)
	}
	p.get(t, "/services/gpu").has(t, "Revoked at")
	for _, path := range []string{"/services/none", "/services/poison/1", "/services/poison/x", "/services/poison/0"} {
		if got := p.get(t, path); got.StatusCode != http.StatusNotFound {
			t.Errorf("%s: %s", path, got.Status)
		}
	}
	putAside(t, js, "k", "{")
	admin := s.signIn(t, "org-acme", auth.OrgAdmin)
	admin.get(t, "/").lacks(t, `href="/services"`)
	for _, path := range []string{"/services", "/services/gpu", "/services/poison/1"} {
		if got := admin.get(t, path); got.StatusCode != http.StatusForbidden {
			t.Errorf("%s: %s", path, got.Status)
		}
	}
	if got := admin.post(t, "/services/poison/1", url.Values{"command_key": {"k"}, "body": {"{}"}}); got.StatusCode != http.StatusForbidden {
		t.Errorf("an organisation's key sends it again: %s", got.Status)
	}
	nc.Close()
	p.get(t, "/services").has(t, "bank", "The broker can’t be asked now.")
	if got := p.get(t, "/services/poison/1"); got.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("without a broker: %s", got.Status)
	}
}

func TestWhatCouldNotBeReadIsMendedAndSentAgain(t *testing.T) {
	t.Parallel()
	s, js, _ := withQueue(t)
	putAside(t, js, "", "{\n\"order_type\":\n")
	putAside(t, js, "whole", "\xff\x00")
	for i := range 60 {
		putAside(t, js, fmt.Sprint("more-", i), "{")
	}
	p := s.signIn(t, "", auth.Platform)
	list := p.get(t, "/services")
	list.has(t, `href="/services/poison/1"`, `href="/services/poison/50"`, "There are more", "&lt;b&gt;the body ends")
	list.lacks(t, `href="/services/poison/51"`)
	p.get(t, "/services/poison/1").has(t, "malformed", "&lt;b&gt;the body ends", "ledger.commands.gpu.place_order", `href="/services/gpu"`, "&#34;order_type&#34;:\n</textarea>")

	refused := p.post(t, "/services/poison/1", url.Values{"command_key": {" "}, "body": {"{\r\n}"}})
	refused.has(t, "key_missing", "{\r\n}")
	if refused.StatusCode != http.StatusBadRequest {
		t.Error(refused.Status)
	}
	p.post(t, "/services/poison/1", url.Values{"command_key": {"k-1"}, "body": {"{\r\n\"order_type\":\"purchase\"}"}}).has(t, "The command was sent again.")
	p.get(t, "/services/poison/2").has(t, "The body is not text")
	p.post(t, "/services/poison/2", url.Values{"command_key": {"whole"}}).has(t, "The command was sent again.")
	stream, err := js.Stream(t.Context(), intake.CommandsStream)
	if err != nil {
		t.Fatal(err)
	}
	for number, want := range map[uint64][2]string{1: {"k-1", "{\n\"order_type\":\"purchase\"}"}, 2: {"whole", "\xff\x00"}} {
		m, err := stream.GetMsg(t.Context(), number)
		if err != nil {
			t.Fatal(err)
		}
		if m.Subject != "ledger.commands.gpu.place_order" || m.Header.Get("Ledger-Key") != want[0] || string(m.Data) != want[1] || m.Header.Get("correlation_id") != "c-1" {
			t.Errorf("sent again: %s %v %q", m.Subject, m.Header, m.Data)
		}
	}
	if gone := p.get(t, "/services/poison/1"); gone.StatusCode != http.StatusNotFound {
		t.Errorf("what was sent again is there still: %s", gone.Status)
	}
}

func TestServicesInABrowser(t *testing.T) {
	t.Parallel()
	browser.Need(t)
	s, js, _ := withQueue(t)
	putAside(t, js, "", `{"order_type":"purchase","lines":[`+strings.Repeat("0,", 400))
	p := s.browse(t, "", auth.Platform)
	for _, c := range []struct {
		lang, theme string
		width       int64
	}{{"en", "light", 1280}, {"zh", "dark", 390}} {
		p.Prefer("lang", c.lang)
		p.Prefer("theme", c.theme)
		p.Size(c.width, 900)
		for _, path := range []string{"/services", "/services/gpu", "/services/poison/1"} {
			p.Go(path)
			p.Fits()
			p.Audit()
		}
	}
	p.Prefer("lang", "en")
	p.Fill("command_key", "mended")
	p.Fill("body", `{"order_type":"purchase"}`)
	p.FollowOn("main button.primary")
	p.Has("The command was sent again.", "Every command could be read.")
	if _, err := intake.GetPoison(context.Background(), js, 1); err == nil {
		t.Error("it is put aside still")
	}
}
