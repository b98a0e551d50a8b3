package webhooks_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"orderledger/eventstore"
	"orderledger/handlers/webhooks"
	"orderledger/internal/schema"
	"orderledger/internal/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

// patience bounds every wait, on a machine that is busy with other things.
const patience = time.Minute

// ledger is a log and its endpoints.
type ledger struct {
	db     *testkit.DB
	log    *eventstore.Log
	watch  *eventstore.Watch
	reads  *eventstore.Log
	sender *webhooks.Sender
	*webhooks.Store
	ahead atomic.Int64 // of the clock
}

func newLedger(t *testing.T, change ...func(*webhooks.SenderOptions)) *ledger {
	t.Helper()
	l := &ledger{db: testkit.Database(t)}
	pool := l.db.Pool(t, schema.App)
	l.log = eventstore.NewLog(pool)
	l.watch = eventstore.NewWatch(l.log)
	t.Cleanup(l.watch.Close)
	l.reads = eventstore.NewLog(l.db.Pool(t, schema.Reader))
	o := webhooks.SenderOptions{AllowPrivate: true}
	for _, f := range change {
		f(&o)
	}
	l.sender = webhooks.NewSender(o)
	t.Cleanup(l.sender.Close)
	l.Store = webhooks.NewStore(pool, l.sender, l.now)
	return l
}

func (l *ledger) now() time.Time { return time.Now().Add(time.Duration(l.ahead.Load())) }

func (l *ledger) later(d time.Duration) { l.ahead.Add(int64(d)) }

// work starts a worker with connections of its own; stop ends it in order.
func (l *ledger) work(t *testing.T) (w *webhooks.Worker, stop func()) {
	t.Helper()
	pool, err := schema.Pool(t.Context(), l.db.URL, schema.App, 8)
	if err != nil {
		t.Fatal(err)
	}
	log := eventstore.NewLog(pool)
	w = webhooks.NewWorker(webhooks.WorkerOptions{
		Pool: pool, Log: log, Reads: l.reads, Feed: eventstore.NewFeed(log, l.watch, nil), Sender: l.sender, Now: l.now,
	})
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { defer close(ended); _ = w.Run(ctx) }()
	stop = sync.OnceFunc(func() { cancel(); <-ended; pool.Close() })
	t.Cleanup(stop)
	return w, stop
}

// happen appends events of an organisation, and returns the last one's position.
func (l *ledger) happen(t *testing.T, org string, types ...string) int64 {
	t.Helper()
	head, err := l.log.Head(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now().UTC().Truncate(time.Microsecond)
	events := make([]eventstore.Event, len(types))
	for i, kind := range types {
		n := head.Position + int64(i) + 1
		events[i] = eventstore.Event{
			Stream: "order-" + strconv.FormatInt(n, 10), Version: 1, Type: kind, OrgID: org, Actor: "test", OccurredAt: now,
			Payload: []byte(fmt.Sprintf(`{"note":"<%d> & 订单"}`, n)),
		}
	}
	batch := &eventstore.Batch{Base: head, Next: eventstore.Seal(head, events, now), Events: events}
	if _, err := l.log.Append(t.Context(), batch); err != nil {
		t.Fatal(err)
	}
	return batch.Next.Position
}

func (l *ledger) endpoint(t *testing.T, org, url string, types ...string) (webhooks.Endpoint, string) {
	t.Helper()
	e, secret, err := l.Create(t.Context(), webhooks.New{OrgID: org, URL: url, Types: types}, "test")
	if err != nil {
		t.Fatal(err)
	}
	return e, secret
}

// until waits for an endpoint to be as it should.
func (l *ledger) until(t *testing.T, id string, ok func(webhooks.Endpoint) bool) webhooks.Endpoint {
	t.Helper()
	var e webhooks.Endpoint
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		var err error
		if e, err = l.Get(t.Context(), "", id); err != nil {
			t.Fatal(err)
		}
		if ok(e) {
			return e
		}
	}
	t.Fatalf("the endpoint stays as %+v", e)
	return e
}

// delivery is what arrived.
type delivery struct {
	header  http.Header
	body    []byte
	message webhooks.Message
}

func (d delivery) id() string { return d.header.Get("webhook-id") }

// receiver is an endpoint's server.
type receiver struct {
	*httptest.Server
	got    chan delivery
	answer atomic.Value // of http.HandlerFunc, after the delivery was read
}

func newReceiver(t *testing.T, tls bool) *receiver {
	t.Helper()
	r := &receiver{got: make(chan delivery, 10_000)}
	r.reply(func(http.ResponseWriter, *http.Request) {})
	r.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		body, _ := io.ReadAll(q.Body)
		d := delivery{header: q.Header, body: body}
		if err := json.Unmarshal(body, &d.message); err != nil {
			t.Errorf("body %s: %v", body, err)
		}
		r.got <- d
		r.answer.Load().(http.HandlerFunc)(w, q)
	}))
	if tls {
		r.StartTLS()
	} else {
		r.Start()
	}
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) reply(f http.HandlerFunc) { r.answer.Store(f) }

func (r *receiver) status(code int) {
	r.reply(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) })
}

func (r *receiver) next(t *testing.T) delivery {
	t.Helper()
	select {
	case d := <-r.got:
		return d
	case <-time.After(patience):
		t.Fatal("nothing arrived")
		return delivery{}
	}
}

// positions takes so many deliveries.
func (r *receiver) positions(t *testing.T, n int) []int64 {
	t.Helper()
	var all []int64
	for range n {
		all = append(all, r.next(t).message.Position)
	}
	return all
}

func (r *receiver) want(t *testing.T, positions ...int64) {
	t.Helper()
	if got := r.positions(t, len(positions)); !slices.Equal(got, positions) {
		t.Errorf("arrived %v, want %v", got, positions)
	}
}

// trust lets a sender believe the receiver's certificate, as that of example.com, too.
func (r *receiver) trust(o *webhooks.SenderOptions) {
	o.RootCAs = x509.NewCertPool()
	o.RootCAs.AddCert(r.Certificate())
}

// verify does what a receiver does, by the words of Standard Webhooks: the signed content is the id, the timestamp and the
// body, joined by full stops; the key is the secret's base64 after its prefix; the header has any number of signatures, each
// a version, a comma and base64, separated by spaces; and the timestamp is of now.
func verify(secret string, h http.Header, body []byte) error {
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
	if err != nil || !strings.HasPrefix(secret, "whsec_") || len(key) < 24 || len(key) > 64 {
		return fmt.Errorf("secret of %d bytes, %w", len(key), err)
	}
	seconds, err := strconv.ParseInt(h.Get("webhook-timestamp"), 10, 64)
	if age := time.Since(time.Unix(seconds, 0)); err != nil || age > 5*time.Minute || age < -5*time.Minute {
		return fmt.Errorf("timestamp %q", h.Get("webhook-timestamp"))
	}
	mac := hmac.New(sha256.New, key)
	fmt.Fprintf(mac, "%s.%s.%s", h.Get("webhook-id"), h.Get("webhook-timestamp"), body)
	for s := range strings.SplitSeq(h.Get("webhook-signature"), " ") {
		version, text, _ := strings.Cut(s, ",")
		sum, err := base64.StdEncoding.DecodeString(text)
		if version == "v1" && err == nil && hmac.Equal(sum, mac.Sum(nil)) {
			return nil
		}
	}
	return fmt.Errorf("no signature of %q fits", h.Get("webhook-signature"))
}
