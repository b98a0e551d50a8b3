package client_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"orderledger/client"
)

// through puts a proxy before the ledger.
func through(t testing.TB, via client.Via) (client.Via, *proxy) {
	t.Helper()
	switch v := via.(type) {
	case client.HTTP:
		p := newProxy(t, strings.TrimPrefix(v.URL, "http://"))
		v.URL = "http://" + p.addr()
		return v, p
	case client.NATS:
		at, err := url.Parse(v.URL)
		must(t, err)
		p := newProxy(t, at.Host)
		at.Host = p.addr()
		v.URL = at.String()
		return v, p
	}
	panic("another way")
}

// Connections are cut again and again while many orders are placed and paid: each command has one effect, and its caller
// hears of it.
func TestCutConnections(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, l *ledger, via client.Via) {
		via, p := through(t, via)
		ctx, c := patient(t), l.open(t, via)
		before := l.head(t)
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		var cutting sync.WaitGroup
		defer cutting.Wait()
		defer cancel()
		cutting.Go(func() {
			for range 10 {
				select {
				case <-time.After(100 * time.Millisecond):
					p.cut()
				case <-ctx.Done():
					return
				}
			}
		})
		const orders = 40
		var all sync.WaitGroup
		for i := range orders {
			all.Go(func() {
				for j := range 2 { // the second time as a service that was killed and does it again
					id := client.OrderID("shop", fmt.Sprint(i))
					o := purchase()
					o.OrderID = id
					placed, err := c.Place(ctx, o)
					if err != nil || placed.OrderID != id || j == 1 && !placed.Replayed {
						t.Errorf("order %d: %+v, %v", i, placed, err)
					}
					if paid, err := c.Pay(ctx, client.PayOrder{OrderID: id}); err != nil || paid.OrderID != id {
						t.Errorf("order %d: %+v, %v", i, paid, err)
					}
				}
			})
		}
		all.Wait()
		if p.cuts.Load() == 0 {
			t.Error("no connection was cut")
		}
		if made := l.head(t) - before; made != 3*orders { // placed, paid, charged
			t.Errorf("%d events, want %d", made, 3*orders)
		}
	})
}

// The ledger did what it was asked for, and the answer is lost: the same key tells.
func TestLostAnswer(t *testing.T) {
	t.Parallel()
	l := newLedger(t)
	via, p := through(t, l.http())
	c := l.open(t, via)
	before := l.head(t)
	p.answers.Store(0)
	restore := time.AfterFunc(300*time.Millisecond, func() { p.answers.Store(1 << 60) })
	defer restore.Stop()
	placed, err := c.Place(patient(t), purchase())
	if err != nil || p.cuts.Load() == 0 {
		t.Fatalf("%+v, %v, %d cuts", placed, err, p.cuts.Load())
	}
	if made := l.head(t) - before; made != 1 {
		t.Errorf("%d events", made)
	}
}

// between is a server in between that may answer for the ledger, and sees what is sent.
type between struct {
	*httptest.Server
	// first answers instead of the ledger, if it returns true.
	first func(w http.ResponseWriter, r *http.Request) bool
	mu    sync.Mutex
	sent  []string
	times []time.Time
}

func newBetween(t testing.TB, l *ledger, first func(http.ResponseWriter, *http.Request) bool) *between {
	t.Helper()
	at, err := url.Parse(l.url)
	must(t, err)
	b := &between{first: first}
	onward := httputil.NewSingleHostReverseProxy(at)
	onward.FlushInterval = -1
	transport := &http.Transport{}
	onward.Transport = transport
	b.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		raw, _ := io.ReadAll(r.Body)
		b.mu.Lock()
		b.sent, b.times = append(b.sent, r.Method+" "+r.URL.Path+" "+string(raw)), append(b.times, time.Now())
		b.mu.Unlock()
		if !b.first(w, r) {
			r.Body = io.NopCloser(strings.NewReader(string(raw)))
			onward.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(func() { b.CloseClientConnections(); b.Close(); transport.CloseIdleConnections() })
	return b
}

// What passes is tried again with the same bytes, and not before Retry-After.
func TestWhatPassesIsTriedAgain(t *testing.T) {
	t.Parallel()
	l := newLedger(t)
	var n atomic.Int64
	b := newBetween(t, l, func(w http.ResponseWriter, _ *http.Request) bool {
		code, status := "", 0
		switch n.Add(1) {
		case 1:
			code, status = "rate_limited", 429
			w.Header().Set("Retry-After", "1")
		case 2:
			code, status = "busy", 503
		case 3:
			code, status = "fenced", 503
		case 4:
			w.WriteHeader(http.StatusBadGateway) // by something that knows no codes
			return true
		case 5: // outcome_unknown of a line
			_, _ = io.WriteString(w, `{"line":1,"key":"k","outcome":"refused","code":"outcome_unknown","detail":"not known yet"}`+"\n")
			return true
		default:
			return false
		}
		w.Header().Set("Content-Type", "application/problem+json")
		w.WriteHeader(status)
		_, _ = fmt.Fprintf(w, `{"code":%q,"status":%d,"detail":"later"}`, code, status)
		return true
	})
	c := l.open(t, client.HTTP{URL: b.URL, Key: l.gpu})
	placed, err := c.Place(patient(t), purchase())
	must(t, err)
	if len(b.sent) != 6 || placed.Replayed {
		t.Errorf("%d requests, %+v", len(b.sent), placed)
	}
	for _, s := range b.sent {
		if s != b.sent[0] || !strings.Contains(s, placed.Key) {
			t.Errorf("sent %s\nand %s", b.sent[0], s)
		}
	}
	if waited := b.times[1].Sub(b.times[0]); waited < time.Second {
		t.Errorf("it waited %v, and was asked for a second", waited)
	}
}

// Nobody answers: the caller learns the key to ask with, when its context ends.
func TestNoAnswer(t *testing.T) {
	t.Parallel()
	for _, via := range []client.Via{
		client.HTTP{URL: "http://127.0.0.1:1", Key: "k"},
		client.NATS{URL: "nats://127.0.0.1:1", Service: "gpu"},
	} {
		c, err := client.New(via)
		must(t, err)
		t.Cleanup(c.Close)
		ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
		placed, err := c.Place(ctx, purchase())
		cancel()
		var none *client.NoAnswer
		if !errors.As(err, &none) || none.Key != placed.Key || placed.OrderID == "" || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%T: %+v, %v", via, placed, err)
		}
	}
}

// A client that is closed ends what is under way.
func TestClose(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, l *ledger, via client.Via) {
		c := l.open(t, via)
		placed, err := c.Place(patient(t), purchase())
		must(t, err)
		ended := make(chan error, 2)
		go func() {
			_, err := c.WaitPaid(patient(t), placed.OrderID)
			ended <- err
		}()
		started := make(chan struct{})
		go func() {
			var once sync.Once
			ended <- c.Subscribe(patient(t), client.Filter{}, client.PositionFile(t.TempDir()+"/p"), func(context.Context, client.Event) error {
				once.Do(func() { close(started) })
				return nil
			})
		}()
		<-started
		c.Close()
		for range 2 {
			if err := <-ended; !errors.Is(err, client.ErrClosed) {
				t.Error(err)
			}
		}
	})
}

// The key is refused before anything is asked for.
func TestWrongCredentials(t *testing.T) {
	t.Parallel()
	l := newLedger(t)
	c := l.open(t, client.HTTP{URL: l.url, Key: "nobody"})
	if _, err := c.Place(patient(t), purchase()); !client.IsRefused(err, "unauthenticated") {
		t.Error(err)
	}
	if err := c.Subscribe(patient(t), client.Filter{}, client.PositionFile(t.TempDir()+"/p"), nil); !client.IsRefused(err, "unauthenticated") {
		t.Error(err)
	}
	stranger := l.open(t, client.NATS{URL: l.natsURL, Service: "stranger"})
	if _, err := stranger.Place(patient(t), purchase()); !client.IsRefused(err, "unauthenticated") {
		t.Error(err)
	}
	for _, wrong := range []client.Via{client.HTTP{URL: "ftp://x"}, client.HTTP{}, client.NATS{URL: l.natsURL, Service: "GPU"}} {
		if _, err := client.New(wrong); err == nil {
			t.Errorf("%+v is taken", wrong)
		}
	}
}
