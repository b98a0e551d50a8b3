package webhooks_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"

	"orderledger/handlers/webhooks"
)

// names is a server of names that answers each question with the next address of its list, and with the last one from then on.
func names(t *testing.T, addresses ...string) *net.Resolver {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var asked atomic.Int64
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		packet := make([]byte, 1500)
		for {
			n, from, err := conn.ReadFrom(packet)
			if err != nil {
				return
			}
			var m dnsmessage.Message
			if m.Unpack(packet[:n]) != nil || len(m.Questions) != 1 {
				continue
			}
			q := m.Questions[0]
			m.Header = dnsmessage.Header{ID: m.ID, Response: true, RecursionAvailable: true}
			m.Additionals = nil
			head := dnsmessage.ResourceHeader{Name: q.Name, Class: q.Class}
			ip := netip.MustParseAddr(addresses[min(int(asked.Load()), len(addresses)-1)])
			switch {
			case ip.Is4() && q.Type == dnsmessage.TypeA:
				asked.Add(1)
				m.Answers = []dnsmessage.Resource{{Header: head, Body: &dnsmessage.AResource{A: ip.As4()}}}
			case !ip.Is4() && q.Type == dnsmessage.TypeAAAA:
				asked.Add(1)
				m.Answers = []dnsmessage.Resource{{Header: head, Body: &dnsmessage.AAAAResource{AAAA: ip.As16()}}}
			}
			if b, err := m.Pack(); err == nil {
				_, _ = conn.WriteTo(b, from)
			}
		}
	}()
	t.Cleanup(func() { _ = conn.Close(); <-ended })
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "udp", conn.LocalAddr().String())
	}}
}

// A name that leads to a public address when it is looked at, and then to this machine, leads nowhere: the address is
// checked as it is dialed. The same name works where private networks are allowed.
func TestRebinding(t *testing.T) {
	t.Parallel()
	r := newReceiver(t, true)
	port := r.URL[strings.LastIndexByte(r.URL, ':'):]
	for _, inside := range []string{"127.0.0.1", "::1", "::ffff:127.0.0.1", "169.254.169.254", "10.0.0.1"} {
		resolver := names(t, "93.184.215.14", inside)
		l := newLedger(t, r.trust, func(o *webhooks.SenderOptions) { o.AllowPrivate, o.Resolver = false, resolver })
		e, _ := l.endpoint(t, "org-acme", "https://example.com"+port)
		if found, err := resolver.LookupNetIP(t.Context(), "ip4", "example.com"); err != nil || found[0].String() != "93.184.215.14" {
			t.Fatalf("%v, %v", found, err)
		}
		d, err := l.Test(t.Context(), "org-acme", e.ID)
		if err != nil || d.StatusCode != 0 || d.Error != "the address is not a public one" {
			t.Errorf("%s: %+v, %v", inside, d, err)
		}
	}
	l := newLedger(t, r.trust, func(o *webhooks.SenderOptions) { o.Resolver = names(t, "127.0.0.1") })
	e, _ := l.endpoint(t, "org-acme", "https://example.com"+port)
	if d, err := l.Test(t.Context(), "org-acme", e.ID); err != nil || d.StatusCode != 200 {
		t.Errorf("%+v, %v", d, err)
	}
	if n := len(r.got); n != 1 {
		t.Errorf("%d requests arrived, want the last one alone", n)
	}
}

// The worker asks as the test does, and what was allowed when the endpoint was made may not be any more.
func TestNotAllowedAnyMore(t *testing.T) {
	t.Parallel()
	l, r := newLedger(t), newReceiver(t, false)
	e, _ := l.endpoint(t, "org-acme", r.URL)
	l.sender = webhooks.NewSender(webhooks.SenderOptions{})
	l.work(t)
	l.happen(t, "org-acme", placed)
	if e := l.until(t, e.ID, func(e webhooks.Endpoint) bool { return e.Attempts > 0 }); !strings.Contains(e.LastError, "https") || len(r.got) > 0 {
		t.Errorf("%+v, %d arrived", e, len(r.got))
	}
}

// What an endpoint answers is bounded, and not followed anywhere.
func TestOddAnswers(t *testing.T) {
	t.Parallel()
	l := newLedger(t, func(o *webhooks.SenderOptions) { o.Within = 2 * time.Second })
	inside, r := newReceiver(t, false), newReceiver(t, false)
	e, _ := l.endpoint(t, "org-acme", r.URL)
	for name, c := range map[string]struct {
		answer http.HandlerFunc
		status int
		fault  string
	}{
		"redirect": {func(w http.ResponseWriter, q *http.Request) {
			http.Redirect(w, q, inside.URL, http.StatusTemporaryRedirect)
		}, 307, "status 307"},
		"huge": {func(w http.ResponseWriter, _ *http.Request) {
			chunk := []byte(strings.Repeat("<x>", 1<<16))
			for range 100 {
				if _, err := w.Write(chunk); err != nil {
					return
				}
			}
		}, 200, ""},
		"huge header":  {func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("X", strings.Repeat("x", 1<<20)) }, 0, "the connection broke"},
		"not modified": {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotModified) }, 304, "status 304"},
		"never": {func(_ http.ResponseWriter, q *http.Request) {
			select {
			case <-q.Context().Done():
			case <-time.After(patience):
			}
		}, 0, "no answer in time"},
		"drips": {func(w http.ResponseWriter, q *http.Request) {
			for q.Context().Err() == nil {
				fmt.Fprint(w, "x")
				_ = http.NewResponseController(w).Flush()
				time.Sleep(20 * time.Millisecond)
			}
		}, 200, ""},
		"hangs up": {func(w http.ResponseWriter, _ *http.Request) {
			conn, _, err := http.NewResponseController(w).Hijack()
			if err == nil {
				_ = conn.Close()
			}
		}, 0, "the connection broke"},
	} {
		r.reply(c.answer)
		began := time.Now()
		d, err := l.Test(t.Context(), "org-acme", e.ID)
		if err != nil || d.StatusCode != c.status || !strings.HasPrefix(d.Error, c.fault) || (c.fault == "") != (d.Error == "") || len(d.Answer) > 1024 {
			t.Errorf("%s: %+v, %v", name, d, err)
		}
		if took := time.Since(began); took > 20*time.Second {
			t.Errorf("%s took %v", name, took)
		}
	}
	if len(inside.got) > 0 {
		t.Error("a redirect was followed")
	}
}

// Endpoints that take their time hold up themselves, and others of their host at most.
func TestSlowOnesHoldNobodyUp(t *testing.T) {
	t.Parallel()
	l := newLedger(t, func(o *webhooks.SenderOptions) { o.Within = patience })
	slow, fast := newReceiver(t, false), newReceiver(t, false)
	ending := make(chan struct{})
	slow.reply(func(http.ResponseWriter, *http.Request) { <-ending })
	defer close(ending)
	for range 15 {
		l.endpoint(t, "org-acme", slow.URL)
	}
	l.endpoint(t, "org-acme", strings.Replace(fast.URL, "127.0.0.1", "localhost", 1))
	l.happen(t, "org-acme", placed)
	l.work(t)
	for range 8 {
		slow.next(t)
	}
	want := []int64{1}
	for range 20 {
		want = append(want, l.happen(t, "org-acme", paid))
	}
	fast.want(t, want...)
	if n := len(slow.got); n > 0 {
		t.Errorf("%d more than 8 are under way on one host", n)
	}
}
