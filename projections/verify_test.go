package projections_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"orderledger/domain"
	"orderledger/eventstore"
	"orderledger/handlers"
	"orderledger/internal/schema"
	"orderledger/internal/testkit"
	"orderledger/projections"
)

// verified is a ledger with a history: 1 a top-up, 2 an order, 3 and 4 its payment, then traffic; read models
// at the head; and a saved state.
func verified(t *testing.T) *ledger {
	t.Helper()
	l := newLedger(t)
	l.must(t, "top-up", topUp("org-acme", "100.00", "CNY", "bank"))
	o := order("org-acme", "30")
	l.must(t, "place", o)
	l.must(t, "pay", domain.PayOrder{OrderID: o.OrderID, OrgID: "org-acme"})
	l.traffic(t, 7, 64)
	state := domain.Evolve(nil, domain.AccountToppedUp{OrgID: "org-acme", Balance: domain.Balance{
		Currency: "CNY", Frozen: amount("0.00"),
		Funds: domain.Funds{Cash: amount("100.00"), Gift: amount("0.00"), Voucher: amount("0.00")},
	}}, metaOfFirst(t, l.log))
	saved, err := domain.EncodeState(state)
	if err != nil {
		t.Fatal(err)
	}
	if err := l.log.SaveState(t.Context(), eventstore.SavedState{Stream: "account-org-acme", OrgID: "org-acme", Version: 1, Rules: domain.RulesVersion, State: saved}); err != nil {
		t.Fatal(err)
	}
	w := newWorker(t, l.db, 500)
	stop := runWorker(w)
	waitFor(t, projections.NewReader(l.db.Pool(t, schema.Reader), w), l.head(t))
	stop()
	return l
}

func metaOfFirst(t *testing.T, log *eventstore.Log) domain.Meta {
	t.Helper()
	events, err := log.Read(t.Context(), 0, 1)
	if err != nil {
		t.Fatal(err)
	}
	e := events[0]
	return domain.Meta{Position: e.Position, Version: e.Version, OccurredAt: e.OccurredAt, RecordedAt: e.RecordedAt, Actor: e.Actor}
}

func (l *ledger) verify(t *testing.T, nc *nats.Conn) projections.Report {
	t.Helper()
	v := projections.Verification{App: l.db.Pool(t, schema.App), Owner: l.db.Pool(t, schema.Owner), Projector: l.db.Pool(t, schema.Projector), NATS: nc}
	report, err := v.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return report
}

// tamper does what only a superuser can.
func (l *ledger) tamper(t *testing.T, statements ...string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), l.db.SuperURL)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	for _, sql := range append([]string{`SET session_replication_role = replica`}, statements...) {
		if _, err := conn.Exec(t.Context(), sql); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
	}
}

// wantFault wants just the named checks to fail, each with its text in the detail.
func wantFault(t *testing.T, r projections.Report, want map[string]string) {
	t.Helper()
	for _, c := range r.Checks {
		text, faulty := want[c.Name]
		if c.OK == faulty || !strings.Contains(c.Detail, text) {
			t.Errorf("%s: ok %t, %d checked, %q, want %q", c.Name, c.OK, c.Checked, c.Detail, text)
		}
		delete(want, c.Name)
	}
	if len(want) > 0 {
		t.Errorf("not among the checks: %v", want)
	}
}

func TestVerifyClean(t *testing.T) {
	t.Parallel()
	l := verified(t)
	r := l.verify(t, nil)
	wantFault(t, r, map[string]string{})
	if !r.Clean || r.Position != l.head(t) {
		t.Errorf("clean %t at %d", r.Clean, r.Position)
	}
	for _, c := range r.Checks {
		if c.Checked == 0 && !slices.Contains([]string{"mirror", "gifts_and_vouchers", "arrears", "usage", "read_model_resources", "read_model_vouchers"}, c.Name) {
			t.Errorf("%s looked at nothing", c.Name)
		}
	}
	empty := newLedger(t).verify(t, nil)
	if wantFault(t, empty, map[string]string{}); !empty.Clean {
		t.Error("an empty ledger is not clean")
	}
}

// Each way of changing the ledger behind its back is found, and the first place is named.
func TestVerifyFindsTampering(t *testing.T) {
	t.Parallel()
	// copied is an event that is in the log, at another place.
	const copied = `INSERT INTO events SELECT %s, stream || 'x', version, epoch, type, org_id, actor, command_key || 'x', fingerprint, correlation, causation, occurred_at, recorded_at, payload, hash FROM events WHERE position = 2`
	for name, c := range map[string]struct {
		statements []string
		want       map[string]string
	}{
		"a payload changed": {
			[]string{`UPDATE events SET payload = replace(payload::text, '"100.00"', '"900.00"')::json WHERE position = 1`},
			map[string]string{"hash_chain": "event 1:", "funds": "event 1:", "saved_states": "event 1", "read_model_accounts": "900.00"},
		},
		"white space in a payload": {
			[]string{`UPDATE events SET payload = (' ' || payload::text)::json WHERE position = 3`}, map[string]string{"hash_chain": "event 3:"},
		},
		"an actor changed": {
			[]string{`UPDATE events SET actor = 'nobody' WHERE position = 2`}, map[string]string{"hash_chain": "event 2:", "read_model_orders": ""},
		},
		"a row deleted": {
			[]string{`DELETE FROM events WHERE position = 4`},
			map[string]string{"positions": "event 4 is missing", "hash_chain": "event 5", "funds": "event 3 pays", "stream_versions": "", "read_model_accounts": ""},
		},
		"the last row deleted": {
			[]string{`DELETE FROM events WHERE position = (SELECT max(position) FROM events)`},
			map[string]string{"positions": "is missing: the head is at", "funds": "", "orders": "", "read_model_orders": "another one", "read_model_bill_lines": "another one", "read_model_accounts": "another one", "read_model_orgs": "another one", "read_model_resources": "another one", "read_model_vouchers": "another one"},
		},
		"a row put in after the end": {
			[]string{fmt.Sprintf(copied, `(SELECT max(position) + 1 FROM events)`)}, map[string]string{"head": "beyond its head"},
		},
		"two rows swapped": {
			[]string{`UPDATE events SET position = 99999 WHERE position = 1`, `UPDATE events SET position = 1 WHERE position = 2`, `UPDATE events SET position = 2 WHERE position = 99999`},
			map[string]string{"hash_chain": "event 1:", "claims": "event 1", "funds": "", "positions": "", "saved_states": "", "read_model_accounts": "", "read_model_orders": ""},
		},
		"a stream's version": {
			[]string{`UPDATE events SET version = 7 WHERE position = 3`},
			map[string]string{"hash_chain": "event 3:", "stream_versions": "event 3 is version 7", "read_model_orders": "event 3"},
		},
		"an event that nobody can read": {
			[]string{`UPDATE events SET type = 'order.paid.v9' WHERE position = 3`},
			map[string]string{"hash_chain": "event 3:", "events": "event 3:", "read_model_orders": "event 3", "read_model_bill_lines": "event 3"},
		},
		"a claim removed": {[]string{`DELETE FROM claims WHERE position = 1`}, map[string]string{"claims": "event 1:"}},
		"a claim added":   {[]string{`INSERT INTO claims VALUES ('org-acme', 'top_up', 'other', 2)`}, map[string]string{"claims": "event 2:"}},
		"a saved state":   {[]string{`UPDATE saved_states SET state = convert_to(replace(convert_from(state, 'UTF8'), '100.00', '900.00'), 'UTF8')`}, map[string]string{"saved_states": "account-org-acme"}},
		"a balance":       {[]string{`UPDATE accounts SET cash = cash + 1 WHERE org_id = 'org-acme'`}, map[string]string{"read_model_accounts": "accounts: served (org-acme,CNY,71"}},
		"a bill line":     {[]string{`DELETE FROM bill_lines WHERE position = 3`}, map[string]string{"read_model_bill_lines": "served none"}},
		"an order":        {[]string{`UPDATE orders SET status = 'unpaid' WHERE position = 3`}, map[string]string{"read_model_orders": "unpaid"}},
		"a checkpoint":    {[]string{`UPDATE projections SET hash = decode(repeat('ab', 32), 'hex') WHERE name = 'orgs'`}, map[string]string{"read_model_orgs": "another one"}},
		"a stopped model": {[]string{`UPDATE projections SET state = 'stopped' WHERE name = 'orgs'`}, map[string]string{"read_model_orgs": "stopped"}},
		"the head":        {[]string{`UPDATE head SET hash = decode(repeat('ab', 32), 'hex')`}, map[string]string{"hash_chain": "the head"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := verified(t)
			l.tamper(t, c.statements...)
			r := l.verify(t, nil)
			for name, text := range c.want { // "": it may fail too, as a consequence
				if text == "" {
					for i := range r.Checks {
						if r.Checks[i].Name == name {
							r.Checks[i].OK, r.Checks[i].Detail = true, ""
						}
					}
					delete(c.want, name)
				}
			}
			wantFault(t, r, c.want)
			if r.Clean {
				t.Error("it is called clean")
			}
		})
	}
}

// A tail rewritten with all its hashes, and the head with it, is a chain like any other. Its copies tell.
func TestVerifyFindsARewrittenTail(t *testing.T) {
	t.Parallel()
	l := verified(t)
	_, js, nc := stream(t, l.log)
	if r := l.verify(t, nc); !r.Clean {
		t.Fatalf("%+v", r)
	}
	head := l.head(t)
	events, err := l.log.Read(t.Context(), head-4, 10)
	if err != nil {
		t.Fatal(err)
	}
	hash := events[0].Hash
	for _, e := range events[1:] {
		e.Correlation = "rewritten"
		hash = e.ChainHash(hash)
		l.tamper(t, fmt.Sprintf(`UPDATE events SET correlation = 'rewritten', hash = '\x%s' WHERE position = %d`, hash, e.Position))
	}
	l.tamper(t, fmt.Sprintf(`UPDATE head SET hash = '\x%s'`, hash))
	want := map[string]string{"mirror": fmt.Sprintf("event %d:", head-2)}
	for _, name := range projections.Names {
		want["read_model_"+name] = fmt.Sprintf("event %d:", head)
	}
	wantFault(t, l.verify(t, nc), want)
	_ = js
}

func TestVerifyFindsALossOnTheStream(t *testing.T) {
	t.Parallel()
	l := verified(t)
	s, _, nc := stream(t, l.log)
	if err := s.DeleteMsg(t.Context(), 3); err != nil {
		t.Fatal(err)
	}
	wantFault(t, l.verify(t, nc), map[string]string{"mirror": "event 3:"})
}

func TestVerifyTellsWhatIsStillToBeSent(t *testing.T) {
	t.Parallel()
	l := verified(t)
	_, js, nc := stream(t, l.log)
	l.must(t, "one more", topUp("org-acme", "1.00", "CNY", "more"))
	r := l.verify(t, nc)
	for _, c := range r.Checks {
		if c.Name == "mirror" && (!c.OK || c.Detail != "the last 1 events are still to be sent") {
			t.Errorf("%+v", c)
		}
	}
	if err := js.DeleteStream(t.Context(), eventstore.StreamName); err != nil {
		t.Fatal(err)
	}
	wantFault(t, l.verify(t, nc), map[string]string{"mirror": "event 1 is missing"})
}

// stream puts the log on JetStream, on a stream that lets messages be deleted.
func stream(t *testing.T, log *eventstore.Log) (jetstream.Stream, jetstream.JetStream, *nats.Conn) {
	t.Helper()
	nc, err := nats.Connect(testkit.NATS(t).URL())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	s, err := js.CreateStream(t.Context(), jetstream.StreamConfig{Name: eventstore.StreamName, Subjects: []string{eventstore.StreamSubjects}, Storage: jetstream.MemoryStorage})
	if err != nil {
		t.Fatal(err)
	}
	events, err := log.Read(t.Context(), 0, eventstore.ReadMax)
	if err != nil {
		t.Fatal(err)
	}
	for i := range events {
		if _, err := js.PublishMsg(t.Context(), eventstore.Message(&events[i])); err != nil {
			t.Fatal(err)
		}
	}
	return s, js, nc
}

// A verification of a ledger at work is clean too: it goes by what stood at its beginning.
func TestVerifyWhileTheLedgerWorks(t *testing.T) {
	t.Parallel()
	l := verified(t)
	run(t, newWorker(t, l.db, 100))
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	done := make(chan struct{})
	go func() {
		defer close(done)
		for i := 0; ctx.Err() == nil; i++ {
			q := handlers.Request{Command: order("org-acme", "0"), Key: fmt.Sprint("busy", i), Actor: "key:test"}
			if _, err := l.Do(context.Background(), q); err != nil {
				t.Error(err)
				return
			}
		}
	}()
	for range 2 {
		if r := l.verify(t, nil); !r.Clean {
			t.Errorf("%+v", r)
		}
	}
	cancel()
	<-done
}
