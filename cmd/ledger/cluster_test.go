package main

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"orderledger/eventstore"
	"orderledger/handlers/intake"
	"orderledger/internal/testkit"
)

// served is a ledger of `ledger serve` processes, with a service "gpu" of org-e2e that has money to spend.
type served struct {
	env []string
	nc  *nats.Conn
	js  jetstream.JetStream
}

// newServed makes the ledger for a broker's URL. replicas is of its streams.
func newServed(t *testing.T, natsURL string, replicas int) *served {
	t.Helper()
	db := testkit.Postgres(t)
	s := &served{env: []string{
		"LEDGER_DATABASE_URL=" + db.URL("ledger"), "LEDGER_NATS_URL=" + natsURL, "LEDGER_NATS_SYNCED=true",
		fmt.Sprint("LEDGER_NATS_REPLICAS=", replicas),
	}}
	mustIn(t, s.env, "migrate")
	mustIn(t, s.env, "service", "create", "gpu", "--org", "org-e2e")
	mustIn(t, s.env, "service", "create", "bank", "--role", "platform")
	s.nc, s.js = connectForEver(t, natsURL)
	return s
}

// connectForEver connects as the program does it: it goes on with whatever server it finds.
func connectForEver(t *testing.T, natsURL string) (*nats.Conn, jetstream.JetStream) {
	t.Helper()
	nc, err := nats.Connect(natsURL, nats.MaxReconnects(-1), nats.ReconnectWait(50*time.Millisecond))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	return nc, js
}

// launch starts one more process and returns when it is ready.
func (s *served) launch(t *testing.T) *running {
	t.Helper()
	addr := freeAddr(t)
	p := launch(t, s.env, "serve", "--http", addr)
	t.Cleanup(func() {
		if t.Failed() {
			p.signal(syscall.SIGQUIT) // tells where its goroutines are
			<-p.ended
			t.Logf("a process said:\n%s", p.output)
		}
	})
	p.await(t, func() bool {
		resp, err := http.Get("http://" + addr + "/readyz")
		if err != nil {
			return false
		}
		resp.Body.Close()
		return resp.StatusCode == http.StatusOK
	})
	for _, path := range probePaths(t, "Deployment ledger") {
		answers(t, "http://"+addr+path)
	}
	return p
}

// send publishes a command until the broker has acknowledged it; nobody knows what became of the attempts before.
func (s *served) send(ctx context.Context, service, command, key string, body object) error {
	m := nats.NewMsg("ledger.commands." + service + "." + command)
	m.Header.Set("Ledger-Key", key)
	m.Data, _ = json.Marshal(body)
	var err error
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline) && ctx.Err() == nil; {
		attempt, cancel := context.WithTimeout(ctx, 2*time.Second)
		_, err = s.js.PublishMsg(attempt, m)
		cancel()
		if err == nil {
			return nil
		}
		time.Sleep(50 * time.Millisecond) // as a client does
	}
	return fmt.Errorf("the broker took no %s for a minute: %w", key, err)
}

// outcomeOf is the last result of a service's command, "" without one.
func (s *served) outcomeOf(t *testing.T, service, key string) string {
	t.Helper()
	subject := "ledger.results." + service + "." + base64.RawURLEncoding.EncodeToString([]byte(key))
	var answer struct{ Outcome, Code, Detail string }
	err := s.ask(t, func(ctx context.Context) error {
		results, err := s.js.Stream(ctx, intake.ResultsStream)
		if err != nil {
			return err
		}
		m, err := results.GetLastMsgForSubject(ctx, subject)
		if err != nil {
			return err
		}
		return json.Unmarshal(m.Data, &answer)
	})
	if err != nil {
		return err.Error()
	}
	return strings.TrimSpace(answer.Outcome + " " + answer.Code + " " + answer.Detail)
}

// ask asks the broker until it answers: while servers come and go some questions are not heard.
func (s *served) ask(t *testing.T, question func(context.Context) error) (err error) {
	t.Helper()
	for range 10 {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		err = question(ctx)
		cancel()
		if err == nil {
			return nil
		}
		time.Sleep(100 * time.Millisecond)
	}
	return err
}

// endow waits for the intake's streams and gives the organisation money, over NATS too.
func (s *served) endow(t *testing.T) {
	t.Helper()
	s.await(t, "the streams are made", func() bool {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := s.js.Consumer(ctx, intake.CommandsStream, "intake")
		return err == nil
	})
	body := object{"org_id": "org-e2e", "amount": "1000000.00", "currency": "CNY", "reference": "bank-1"}
	if err := s.send(t.Context(), "bank", "top_up", "top-up", body); err != nil {
		t.Fatal(err)
	}
	s.await(t, "there is money", func() bool { return s.state(t, intake.ResultsStream).LastSeq > 0 })
	if o := s.outcomeOf(t, "bank", "top-up"); o != "accepted" {
		t.Fatalf("the money: %s", o)
	}
}

func (s *served) state(t *testing.T, stream string) (state jetstream.StreamState) {
	t.Helper()
	return s.info(t, stream).State
}

func (s *served) info(t *testing.T, stream string) (info *jetstream.StreamInfo) {
	t.Helper()
	err := s.ask(t, func(ctx context.Context) error {
		found, err := s.js.Stream(ctx, stream)
		if err == nil {
			info = found.CachedInfo()
		}
		return err
	})
	if err != nil {
		t.Fatalf("stream %s: %v", stream, err)
	}
	return info
}

func (s *served) await(t *testing.T, what string, so func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !so(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not within a minute: %s", what)
		}
	}
}

// load is services that place, pay and provision orders, one after another each, until they are told to end.
type load struct {
	s      *served
	ending atomic.Bool
	all    sync.WaitGroup
	mu     sync.Mutex
	acked  []string // keys of commands that the broker took
	orders []string
}

const (
	// ahead is how many commands may wait, more or less: a slow machine has no longer queue, only a slower one.
	ahead = 100
	// pace bounds the load where the machine is fast.
	pace = 50 * time.Millisecond
	// enough is how many events and results say that it goes on.
	enough = 100
)

func startLoad(t *testing.T, s *served, services int) *load {
	l := &load{s: s}
	for i := range services {
		l.all.Go(func() {
			for n := 0; !l.ending.Load(); n++ {
				if err := l.order(t, fmt.Sprintf("%d-%d", i, n)); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	t.Cleanup(l.end)
	return l
}

func (l *load) order(t *testing.T, name string) error {
	id := uuid.Must(uuid.NewV7()).String()
	order := smallOrder(1)
	order["order_id"] = id
	order["lines"].([]object)[0]["resource_id"] = "vm-" + name // each its own
	for time.Sleep(pace); !l.ending.Load() && l.s.waiting() > ahead; time.Sleep(pace) {
	}
	for _, c := range []struct {
		key, command string
		body         object
	}{
		{"place-" + name, "place_order", order},
		{"pay-" + name, "pay_order", object{"order_id": id}},
		{"start-" + name, "report_fulfilment", object{"order_id": id, "state": "started"}},
		{"done-" + name, "report_fulfilment", object{"order_id": id, "state": "completed"}},
	} {
		if err := l.s.send(t.Context(), "gpu", c.command, c.key, c.body); err != nil {
			return err
		}
		l.mu.Lock()
		l.acked = append(l.acked, c.key)
		l.mu.Unlock()
	}
	l.mu.Lock()
	l.orders = append(l.orders, id)
	l.mu.Unlock()
	return nil
}

// waiting is how many commands wait, 0 while the broker does not say.
func (s *served) waiting() uint64 {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	stream, err := s.js.Stream(ctx, intake.CommandsStream)
	if err != nil {
		return 0
	}
	return stream.CachedInfo().State.Msgs
}

// end lets each service finish its order.
func (l *load) end() {
	l.ending.Store(true)
	l.all.Wait()
}

// settled ends the load and checks that nothing of it was lost: each command that was acknowledged has its outcome, each
// order was paid and provisioned once, and the mirror is the log.
func (l *load) settled(t *testing.T) {
	t.Helper()
	l.end()
	t.Logf("%d orders, %d commands", len(l.orders), len(l.acked))
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(l.s.queue())
		}
	})
	l.s.await(t, "all commands are carried out", func() bool { return l.s.state(t, intake.CommandsStream).Msgs == 0 })
	outcomes := map[string]string{}
	l.s.each(t, intake.ResultsStream, func(m jetstream.Msg) {
		var answer struct{ Key, Outcome, Code, Detail string }
		if err := json.Unmarshal(m.Data(), &answer); err != nil {
			t.Fatal(err)
		}
		outcomes[answer.Key] = strings.TrimSpace(answer.Outcome + " " + answer.Code + " " + answer.Detail)
	})
	for _, key := range l.acked {
		if o := outcomes[key]; o != "accepted" && o != "replayed" {
			t.Errorf("%s: %q", key, o)
		}
	}
	if out := mustIn(t, l.s.env, "verify"); !strings.Contains(out, "clean") {
		t.Errorf("verify:\n%s", out)
	}
	lives := map[string]string{}
	for _, e := range l.s.mirrored(t) {
		if id, is := strings.CutPrefix(e.Stream, "order-"); is {
			lives[id] += e.Type + " "
		}
	}
	for _, id := range l.orders {
		if life := lives[id]; life != "order.placed.v1 order.paid.v1 order.fulfilment_started.v1 order.completed.v1 " {
			t.Errorf("order %s: %s", id, life)
		}
	}
}

// mirrored reads all that is on the stream, and checks that it is one chain from the first event on.
func (s *served) mirrored(t *testing.T) []eventstore.Event {
	t.Helper()
	var all []eventstore.Event
	var before eventstore.Hash
	s.each(t, eventstore.StreamName, func(m jetstream.Msg) {
		e, err := eventstore.ReadMessage(m.Headers(), m.Data())
		if err != nil {
			t.Fatal(err)
		}
		if e.Position != int64(len(all))+1 || e.ChainHash(before) != e.Hash {
			t.Fatalf("event %d follows %d", e.Position, len(all))
		}
		all, before = append(all, e), e.Hash
	})
	return all
}

// each reads a stream from its first message to the last that is there now.
func (s *served) each(t *testing.T, stream string, visit func(jetstream.Msg)) {
	t.Helper()
	last := s.state(t, stream).LastSeq
	c, err := s.js.OrderedConsumer(t.Context(), stream, jetstream.OrderedConsumerConfig{})
	if err != nil {
		t.Fatal(err)
	}
	messages, err := c.Messages()
	if err != nil {
		t.Fatal(err)
	}
	defer messages.Stop()
	for at := uint64(0); at < last; {
		m, err := messages.Next(jetstream.NextMaxWait(time.Minute))
		if err != nil {
			t.Fatal(err)
		}
		meta, err := m.Metadata()
		if err != nil {
			t.Fatal(err)
		}
		at = meta.Sequence.Stream
		visit(m)
	}
}

// TestEachBrokerKilledUnderLoad has three NATS servers keep every stream, and kills one after another under load, those
// that lead among them, each started again before the next. Services go on, and nothing is lost or done twice.
func TestEachBrokerKilledUnderLoad(t *testing.T) {
	t.Parallel()
	cluster := startBrokers(t)
	s := newServed(t, cluster.url(), 3)
	s.launch(t)
	s.launch(t)
	s.endow(t)
	cluster.whole(t, s)
	made := s.info(t, eventstore.StreamName)
	if out := mustIn(t, s.env, "status"); !strings.Contains(out, "LEDGER_COMMANDS on 3 servers\n") {
		t.Errorf("status:\n%s", out)
	}
	l := startLoad(t, s, 4)
	spared := map[int]bool{0: true, 1: true, 2: true}
	kill := func(at int) {
		began := time.Now()
		cluster.running[at].kill()
		delete(spared, at)
		s.goesOn(t, fmt.Sprintf("without nats-%d", at+1))
		t.Logf("nats-%d killed; on after %s", at+1, time.Since(began).Round(time.Millisecond))
		cluster.start(t, at)
		cluster.whole(t, s)
		t.Logf("all three after %s", time.Since(began).Round(time.Millisecond))
	}
	kill(cluster.leader(t, s, eventstore.StreamName, ""))
	kill(cluster.leader(t, s, intake.CommandsStream, ""))
	kill(cluster.leader(t, s, intake.CommandsStream, "intake"))
	for at := range spared {
		kill(at)
	}
	l.settled(t)
	if is := s.info(t, eventstore.StreamName); !is.Created.Equal(made.Created) {
		t.Error("the mirror was made anew")
	}
}

// queue is what the broker says of the commands that wait, for whoever has to find out why they do.
func (s *served) queue() string {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	stream, err := s.js.Stream(ctx, intake.CommandsStream)
	if err != nil {
		return err.Error()
	}
	said := fmt.Sprintf("%+v", stream.CachedInfo().State)
	if c, err := stream.Consumer(ctx, "intake"); err != nil {
		said += "\n" + err.Error()
	} else {
		said += fmt.Sprintf("\n%+v", *c.CachedInfo())
	}
	for n := stream.CachedInfo().State.FirstSeq; n < stream.CachedInfo().State.FirstSeq+3; n++ {
		if m, err := stream.GetMsg(ctx, n); err == nil {
			said += fmt.Sprintf("\n%d %s %v", n, m.Subject, m.Header)
		}
	}
	return said
}

// goesOn waits until commands come to their outcomes and events onto the mirror.
func (s *served) goesOn(t *testing.T, how string) {
	t.Helper()
	events, results := s.state(t, eventstore.StreamName).LastSeq, s.state(t, intake.ResultsStream).LastSeq
	s.await(t, "it goes on "+how, func() bool {
		return s.state(t, eventstore.StreamName).LastSeq >= events+enough && s.state(t, intake.ResultsStream).LastSeq >= results+enough
	})
}

// TestActiveIntakeIsKilled has two processes on one NATS server, of which one carries out the services' commands. It is
// killed under load: the other goes on, and each order is paid and provisioned once, in the order of its commands.
func TestActiveIntakeIsKilled(t *testing.T) {
	t.Parallel()
	s := newServed(t, testkit.NATS(t).URL(), 1)
	active := s.launch(t)
	s.endow(t) // so the first process is the active one
	pinned := s.pinned(t)
	second := s.launch(t)
	l := startLoad(t, s, 4)
	s.goesOn(t, "with both")
	if now := s.pinned(t); now != pinned { // the first stood still for so long that it lost its claim
		active, pinned = second, now
	}
	active.kill()
	s.goesOn(t, "with the other")
	s.await(t, "another one is active", func() bool { return s.pinned(t) != pinned })
	l.settled(t)
}

// pinned names the active intake.
func (s *served) pinned(t *testing.T) (id string) {
	t.Helper()
	err := s.ask(t, func(ctx context.Context) error {
		c, err := s.js.Consumer(ctx, intake.CommandsStream, "intake")
		if err != nil {
			return err
		}
		if groups := c.CachedInfo().PriorityGroups; len(groups) > 0 {
			id = groups[0].PinnedClientID
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return id
}
