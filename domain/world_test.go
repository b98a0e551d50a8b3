package domain_test

import (
	"bytes"
	"time"

	"orderledger/domain"
)

// fataler is a test, or one run of a property.
type fataler interface {
	Helper()
	Fatal(args ...any)
	Fatalf(format string, args ...any)
}

// world is a ledger in memory: the states that commands are decided on, and the history that led to them,
// in the form in which it is stored.
type world struct {
	t      fataler
	states map[domain.Ref]domain.State
	// streams are those that there are, in the order in which they began.
	streams []domain.Ref
	claims  map[string]bool
	history []stored
}

// stored is an event as the log keeps it.
type stored struct {
	stream  domain.Ref
	name    string
	payload []byte
	meta    domain.Meta
}

func newWorld(t fataler) *world {
	return &world{t: t, states: map[domain.Ref]domain.State{}, claims: map[string]bool{}}
}

func (w *world) Order(id string) *domain.Order {
	o, _ := w.states[domain.OrderRef(id)].(*domain.Order)
	return o
}

func (w *world) Account(org string) *domain.Account {
	a, _ := w.states[domain.AccountRef(org)].(*domain.Account)
	return a
}

func (w *world) Org(org string) *domain.Org {
	o, _ := w.states[domain.OrgRef(org)].(*domain.Org)
	return o
}

func (w *world) Resource(org, id string) *domain.Resource {
	r, _ := w.states[domain.ResourceRef(org, id)].(*domain.Resource)
	return r
}

func (w *world) Taken(org, kind, value string) bool { return w.claims[claimKey(org, kind, value)] }

func claimKey(org, kind, value string) string { return org + " " + kind + " " + value }

// do decides a command at a moment and folds in what it did.
func (w *world) do(at time.Time, c domain.Command) (domain.Decision, *domain.Rejection) {
	return w.doAt(domain.Clock{Now: at, At: at}, c)
}

func (w *world) doAt(clock domain.Clock, c domain.Command) (domain.Decision, *domain.Rejection) {
	if why := c.Check(); why != nil {
		return domain.Decision{}, why
	}
	view := w.load(c)
	d, why := view.decide(c, clock)
	if why != nil {
		return d, why
	}
	for _, claim := range d.Claims {
		w.claims[claimKey(c.Org(), claim.Kind, claim.Value)] = true
	}
	for _, e := range d.Events {
		w.append(clock, e)
	}
	return d, nil
}

func (w *world) append(clock domain.Clock, e domain.StreamEvent) {
	name, payload, err := domain.EncodeEvent(e.Event)
	if err != nil {
		w.t.Fatal(err)
	}
	m := domain.Meta{Position: int64(len(w.history)) + 1, Version: 1, OccurredAt: clock.At, RecordedAt: clock.Now, Actor: clock.Actor}
	if s := w.states[e.Stream]; s != nil {
		m.Version = s.StreamVersion() + 1
	} else {
		w.streams = append(w.streams, e.Stream)
	}
	w.history = append(w.history, stored{e.Stream, name, payload, m})
	w.states[e.Stream] = domain.Evolve(w.states[e.Stream], e.Event, m)
}

func (w *world) must(at time.Time, c domain.Command) domain.Decision {
	d, why := w.do(at, c)
	if why != nil {
		w.t.Fatalf("%s: %v", c.Name(), why)
	}
	return d
}

// wantSameAfterReplay decodes the history and every state, and wants the bytes of both back.
func (w *world) wantSameAfterReplay() {
	states := map[domain.Ref]domain.State{}
	for _, e := range w.history {
		event, err := domain.DecodeEvent(e.name, e.payload)
		if err != nil {
			w.t.Fatal(err)
		}
		if _, payload, _ := domain.EncodeEvent(event); !bytes.Equal(payload, e.payload) {
			w.t.Fatalf("%s changed on the way:\n%s\n%s", e.name, e.payload, payload)
		}
		states[e.stream] = domain.Evolve(states[e.stream], event, e.meta)
	}
	if len(states) != len(w.states) {
		w.t.Fatalf("%d streams were replayed, want %d", len(states), len(w.states))
	}
	for ref, s := range w.states {
		want := w.encoded(s)
		if got := w.encoded(states[ref]); !bytes.Equal(got, want) {
			w.t.Fatalf("%s replayed is\n%s\nwant\n%s", ref, got, want)
		}
		w.wantSameAfterSaving(ref, want)
	}
}

// wantSameAfterSaving reads a saved state, and wants its bytes back.
func (w *world) wantSameAfterSaving(ref domain.Ref, saved []byte) {
	s, err := domain.DecodeState(ref, saved)
	if err != nil {
		w.t.Fatal(err)
	}
	if got := w.encoded(s); !bytes.Equal(got, saved) {
		w.t.Fatalf("%s saved and read is\n%s\nwant\n%s", ref, got, saved)
	}
}

func (w *world) encoded(s domain.State) []byte {
	b, err := domain.EncodeState(s)
	if err != nil {
		w.t.Fatal(err)
	}
	return b
}

// noon is when the tests' history begins.
var noon = time.Date(2025, 11, 4, 12, 0, 0, 0, time.UTC)

const orderID = "0198c2f0-0000-7000-8000-000000000001"

func amount(s string) domain.Amount {
	a, err := domain.ParseAmount(s)
	if err != nil {
		panic(err)
	}
	return a
}

func decimal(s string) domain.Decimal {
	d, err := domain.ParseDecimal(s)
	if err != nil {
		panic(err)
	}
	return d
}

// line is a month of something at a price.
func line(price string) domain.LineSpec {
	return domain.LineSpec{
		ProductCode: "gpu-instance", ProductName: "GPU instance", ResourceType: "cloud-host", Count: decimal("1"),
		ChargeMode: domain.ModeMonth, Quantity: decimal("1"), Unit: "month", UnitPrice: decimal(price),
	}
}

func place(prices ...string) domain.PlaceOrder {
	c := domain.PlaceOrder{OrderID: orderID, OrgID: "org-acme", OrderType: domain.Purchase, ProjectID: "default", ConsumerID: "user-7", Currency: "CNY"}
	for _, p := range prices {
		c.Lines = append(c.Lines, line(p))
	}
	return c
}

func topUp(value, reference string) domain.TopUp {
	return domain.TopUp{OrgID: "org-acme", Amount: amount(value), Currency: "CNY", Reference: reference}
}

func pay() domain.PayOrder       { return domain.PayOrder{OrderID: orderID, OrgID: "org-acme"} }
func cancel() domain.CancelOrder { return domain.CancelOrder{OrderID: orderID, OrgID: "org-acme"} }
func expire() domain.ExpireOrder { return domain.ExpireOrder{OrderID: orderID, OrgID: "org-acme"} }
