package intake_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"orderledger/eventstore"
	"orderledger/handlers"
	"orderledger/handlers/intake"
	"orderledger/internal/auth"
	"orderledger/internal/schema"
	"orderledger/internal/testkit"
)

// ledger is a database and a broker, with a service "gpu" of org-acme and a service "bank" of the platform.
type ledger struct {
	*queue
	db      *testkit.DB
	log     *eventstore.Log
	results chan *nats.Msg
}

func newLedger(t *testing.T) *ledger {
	t.Helper()
	l := &ledger{queue: newQueue(t), db: testkit.Database(t), results: make(chan *nats.Msg, 20_000)}
	pool := l.db.Pool(t, schema.App)
	l.log = eventstore.NewLog(pool)
	services := auth.NewServices(pool)
	for _, s := range []struct {
		name, org string
		role      auth.Role
	}{{"gpu", "org-acme", auth.Service}, {"bank", "", auth.Platform}} {
		if _, err := services.Create(t.Context(), s.name, s.org, s.role, "test"); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := l.nc.ChanSubscribe("ledger.results.>", l.results); err != nil {
		t.Fatal(err)
	}
	if err := l.nc.Flush(); err != nil {
		t.Fatal(err)
	}
	return l
}

// run starts an intake with an executor and connections of its own; stop ends it in order, cut as if it were killed.
func (l *ledger) run(t *testing.T, adjust ...func(*intake.Options)) (stop, cut func()) {
	t.Helper()
	pool := l.db.Pool(t, schema.App)
	e, err := handlers.NewExecutor(t.Context(), eventstore.NewLog(pool), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	nc, _ := l.connect(t)
	o := intake.Options{Executor: e, Services: auth.NewServices(pool), Pool: pool, NATS: nc}
	for _, f := range adjust {
		f(&o)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { defer close(ended); _ = intake.New(o).Run(ctx) }()
	stop = func() { cancel(); <-ended; e.Close() }
	t.Cleanup(stop)
	return stop, nc.Close
}

// send publishes a command and returns its sequence.
func (l *ledger) send(t *testing.T, service, command, key string, body any) uint64 {
	t.Helper()
	raw, ok := body.(string)
	if !ok {
		b, err := json.Marshal(body)
		if err != nil {
			t.Fatal(err)
		}
		raw = string(b)
	}
	m := nats.NewMsg("ledger.commands." + service + "." + command)
	m.Data = []byte(raw)
	if key != "" {
		m.Header.Set("Ledger-Key", key)
	}
	ack, err := l.js.PublishMsg(t.Context(), m)
	if err != nil {
		t.Fatal(err)
	}
	return ack.Sequence
}

type outcome struct {
	Line, Sequence    uint64
	Key, Outcome      string
	Position          int64
	ID, Code, Detail  string
	subject, position string
}

// result waits for the next result.
func (l *ledger) result(t *testing.T) outcome {
	t.Helper()
	select {
	case m := <-l.results:
		var o outcome
		if err := json.Unmarshal(m.Data, &o); err != nil {
			t.Fatalf("%s: %v", m.Data, err)
		}
		if m.Header.Get("Ledger-Key") != o.Key || o.Line != o.Sequence {
			t.Errorf("result %s with headers %v", m.Data, m.Header)
		}
		o.subject, o.position = m.Subject, m.Header.Get("Ledger-Position")
		return o
	case <-time.After(30 * time.Second):
		t.Fatal("no result came")
		return outcome{}
	}
}

func (l *ledger) want(t *testing.T, key, what string) outcome {
	t.Helper()
	o := l.result(t)
	if o.Key != key || o.Outcome != what && o.Code != what {
		t.Fatalf("got %+v, want %s for %s", o, what, key)
	}
	return o
}

func (l *ledger) head(t *testing.T) int64 {
	t.Helper()
	h, err := l.log.Head(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return h.Position
}

type object = map[string]any

func newID() string { return uuid.Must(uuid.NewV7()).String() }

func purchase(id string) object {
	return object{
		"order_id": id, "order_type": "purchase", "project_id": "default", "consumer_id": "user-7", "currency": "CNY",
		"lines": []object{{
			"product_code": "gpu-instance", "product_name": "GPU instance", "resource_type": "cloud-host", "count": "1",
			"charge_mode": "month", "quantity": "1", "unit": "month", "unit_price": "28.86",
		}},
	}
}

func (l *ledger) endow(t *testing.T) {
	t.Helper()
	l.send(t, "bank", "top_up", "endow", object{"org_id": "org-acme", "amount": "100000.00", "currency": "CNY", "reference": "r1"})
	l.want(t, "endow", "accepted")
}

func TestPlacePayFulfil(t *testing.T) {
	t.Parallel()
	l := newLedger(t)
	id := newID()
	l.send(t, "bank", "top_up", "top", object{"org_id": "org-acme", "amount": "100.00", "currency": "CNY", "reference": "r1"})
	n := l.send(t, "gpu", "place_order", "place", purchase(id))
	l.send(t, "gpu", "pay_order", "pay", object{"order_id": id})
	l.send(t, "gpu", "report_fulfilment", "start", object{"order_id": id, "state": "started"})
	l.send(t, "gpu", "report_fulfilment", "done", object{"order_id": id, "state": "completed", "resource_id": "vm-1"})
	l.run(t) // all wait in the queue, and are carried out in order
	all := map[string]outcome{}
	for len(all) < 5 {
		o := l.result(t)
		if all[o.Key] = o; o.Outcome != "accepted" {
			t.Errorf("got %+v", o)
		}
	}
	o := all["place"]
	if o.ID != id || o.Position != 2 || o.position != "2" || o.Sequence != n || o.subject != "ledger.results.gpu.cGxhY2U" {
		t.Errorf("placed: %+v", o)
	}
	if !(all["place"].Position < all["pay"].Position && all["pay"].Position < all["start"].Position && all["start"].Position < all["done"].Position) {
		t.Errorf("out of order: %+v", all)
	}
	l.emptied(t)
}

func TestSameCommandAHundredTimes(t *testing.T) {
	t.Parallel()
	l := newLedger(t)
	stop, _ := l.run(t)
	body := purchase(newID())
	for range 50 {
		l.send(t, "gpu", "place_order", "place", body)
	}
	accepted := 0
	count := func(n int) {
		for range n {
			if o := l.result(t); o.Outcome == "accepted" {
				accepted++
			} else if o.Outcome != "replayed" || o.Position != 1 {
				t.Errorf("got %+v, want the first answer", o)
			}
		}
	}
	count(50)
	stop() // whoever comes next remembers no keys
	l.run(t)
	for range 50 {
		l.send(t, "gpu", "place_order", "place", body)
	}
	count(50)
	if head := l.head(t); accepted != 1 || head != 1 {
		t.Errorf("%d were accepted, the log is at %d", accepted, head)
	}
	other := purchase(newID())
	l.send(t, "gpu", "place_order", "place", other)
	l.want(t, "place", "key_reused")
}

func TestEarlyCommandsWait(t *testing.T) {
	t.Parallel()
	l := newLedger(t)
	l.run(t)
	l.endow(t)
	id := newID()
	l.send(t, "gpu", "report_fulfilment", "done", object{"order_id": id, "state": "completed", "resource_id": "vm-1"})
	l.send(t, "gpu", "place_order", "place", purchase(id))
	l.want(t, "place", "accepted")
	l.send(t, "gpu", "pay_order", "pay", object{"order_id": id})
	l.want(t, "pay", "accepted")
	l.want(t, "done", "accepted")
	l.emptied(t)
}

func TestEarlyCommandIsRefusedAtItsDeadline(t *testing.T) {
	t.Parallel()
	l := newLedger(t)
	l.run(t, func(o *intake.Options) { o.ParkFor = 500 * time.Millisecond })
	id, start := newID(), time.Now()
	l.send(t, "gpu", "pay_order", "pay", object{"order_id": id})
	o := l.want(t, "pay", "not_found")
	if took := time.Since(start); took < 500*time.Millisecond || took > 5*time.Second || !strings.Contains(o.Detail, "waited until") {
		t.Errorf("refused after %s: %+v", took, o)
	}
	l.send(t, "gpu", "place_order", "place", purchase(id))
	l.want(t, "place", "accepted")
	l.send(t, "gpu", "pay_order", "pay", object{"order_id": id}) // sent anew, it is decided anew
	l.want(t, "pay", "insufficient_funds")
}

func TestRefusalIsRepeated(t *testing.T) {
	t.Parallel()
	l := newLedger(t)
	id := newID()
	stop, _ := l.run(t)
	l.send(t, "gpu", "place_order", "place", purchase(id))
	l.want(t, "place", "accepted")
	stop()
	// As if it had been killed after it wrote the refusal down, before its result and acknowledgement.
	n := l.send(t, "gpu", "pay_order", "pay", object{"order_id": id})
	consumer, err := l.js.Consumer(t.Context(), intake.CommandsStream, "intake")
	if err != nil {
		t.Fatal(err)
	}
	batch, err := consumer.Fetch(1, jetstream.FetchPriorityGroup("intake"))
	if err != nil {
		t.Fatal(err)
	}
	if m := <-batch.Messages(); m == nil {
		t.Fatal("nothing was fetched", batch.Error())
	}
	stream, err := l.js.Stream(t.Context(), intake.CommandsStream)
	if err != nil {
		t.Fatal(err)
	}
	const q = `
INSERT INTO intake_refusals (stream_created, sequence, service, command_key, org_id, code, detail)
VALUES ($1, $2, 'gpu', 'pay', 'org-acme', 'insufficient_funds', 'as it was then')`
	if _, err := l.db.Pool(t, schema.App).Exec(t.Context(), q, stream.CachedInfo().Created, int64(n)); err != nil {
		t.Fatal(err)
	}
	l.run(t)
	if o := l.want(t, "pay", "insufficient_funds"); o.Detail != "as it was then" || o.Sequence != n {
		t.Errorf("repeated as %+v", o)
	}
	l.endow(t)
	l.send(t, "gpu", "pay_order", "pay", object{"order_id": id})
	l.want(t, "pay", "accepted")
}

func TestServicesAreWhoTheirSubjectSays(t *testing.T) {
	t.Parallel()
	l := newLedger(t)
	l.run(t)
	body := purchase(newID())
	body["service"], body["actor"] = "bank", "key:somebody"
	l.send(t, "gpu", "place_order", "place", body)
	l.want(t, "place", "accepted")
	events, err := l.log.Read(t.Context(), 0, 1)
	if err != nil || events[0].Actor != "service:gpu" || events[0].OrgID != "org-acme" {
		t.Errorf("the event is by %s for %s, %v", events[0].Actor, events[0].OrgID, err)
	}
	l.send(t, "gpu", "top_up", "rich", object{"org_id": "org-acme", "amount": "1.00", "currency": "CNY", "reference": "x"})
	l.want(t, "rich", "not_allowed")
	other := purchase(newID())
	other["org_id"] = "org-other"
	l.send(t, "gpu", "place_order", "other", other)
	l.want(t, "other", "not_found")
	l.send(t, "nobody", "place_order", "who", purchase(newID()))
	if o := l.want(t, "who", "unauthenticated"); o.subject != "ledger.results.nobody.d2hv" {
		t.Errorf("told %s", o.subject)
	}
	if head := l.head(t); head != 1 {
		t.Errorf("the log is at %d, want 1", head)
	}
}

func TestPoison(t *testing.T) {
	t.Parallel()
	l := newLedger(t)
	l.run(t)
	l.send(t, "gpu", "place_order", "bad", `{"order_type":`)
	l.want(t, "bad", "malformed")
	l.send(t, "gpu", "place_order", "", purchase(newID()))
	l.send(t, "gpu", "make_coffee", "coffee", object{})
	l.want(t, "coffee", "malformed")
	l.send(t, "gpu", "place_order", "large", `{"x":"`+strings.Repeat("x", 512<<10)+`"}`)
	l.want(t, "large", "too_large")
	l.send(t, "GPU", "place_order", "upper", purchase(newID()))
	l.want(t, "upper", "malformed")
	l.send(t, "gpu", "place_order", "wrong", object{"order_type": "gift"}) // read, and answered: no poison
	if o := l.want(t, "wrong", "invalid"); o.Code != "invalid_value" && o.Code != "unknown_field" {
		t.Errorf("got %+v", o)
	}
	l.emptied(t)
	var all []intake.Poison
	err := intake.EachPoison(t.Context(), l.js, "", func(p intake.Poison) error { all = append(all, p); return nil })
	if err != nil || len(all) != 5 {
		t.Fatalf("%d were put aside, %v", len(all), err)
	}
	for i, want := range []string{"malformed", "key_missing", "malformed", "too_large", "malformed"} {
		if all[i].Code != want || all[i].Reason == "" {
			t.Errorf("put aside: %+v, want %s", all[i], want)
		}
	}
	keyless := all[1] // mended with a key, it is carried out
	keyless.Key = "mended"
	if err := intake.RetryPoison(t.Context(), l.js, keyless); err != nil {
		t.Fatal(err)
	}
	l.want(t, "mended", "accepted")
	if _, err := intake.GetPoison(t.Context(), l.js, keyless.Sequence); err == nil {
		t.Error("what was sent again is still there")
	}
	if p, err := intake.GetPoison(t.Context(), l.js, all[0].Sequence); err != nil || p.Body != `{"order_type":` || p.Key != "bad" {
		t.Errorf("%+v, %v", p, err)
	}
}

func TestOnePoisonAmongManyAndAKill(t *testing.T) {
	t.Parallel()
	l := newLedger(t)
	_, cut := l.run(t)
	const many = 10_000
	for i := range many {
		m := nats.NewMsg("ledger.commands.gpu.place_order")
		m.Header.Set("Ledger-Key", fmt.Sprint("k", i))
		body := purchase(newID())
		m.Data, _ = json.Marshal(body)
		if i == many/2 {
			m.Data = m.Data[:40]
		}
		if _, err := l.js.PublishMsgAsync(m); err != nil {
			t.Fatal(err)
		}
		if i%2000 == 1999 {
			<-l.js.PublishAsyncComplete()
		}
	}
	seen := map[string]string{}
	for len(seen) < many {
		o := l.result(t)
		if before := seen[o.Key]; before != "" && o.Outcome == "accepted" {
			t.Errorf("%s was %s and then accepted", o.Key, before)
		}
		seen[o.Key] = o.Outcome
		if len(seen) == many/4 { // the connection is lost between commits and acknowledgements; another takes over
			cut()
			l.run(t)
		}
	}
	if head := l.head(t); head != many-1 {
		t.Errorf("the log is at %d, want %d", head, many-1)
	}
	if seen[fmt.Sprint("k", many/2)] != "invalid" {
		t.Errorf("the poison was %s", seen[fmt.Sprint("k", many/2)])
	}
	l.emptied(t)
}
