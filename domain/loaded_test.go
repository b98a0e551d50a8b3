package domain_test

import (
	"bytes"
	"strings"

	"orderledger/domain"
)

// loaded is what an executor offers a command: the streams that the command says it needs, and no others.
type loaded struct {
	w    *world
	refs map[domain.Ref]bool
	// known are the claims that were found to be taken when the command was to be appended.
	known map[string]bool
	// strict: asking for a stream that was not named is a mistake of the command.
	strict bool
}

// load asks the command for its streams until it names nothing new.
func (w *world) load(c domain.Command) *loaded {
	v := &loaded{w: w, refs: map[domain.Ref]bool{}, known: map[string]bool{}}
	for range 8 {
		before := len(v.refs)
		for _, ref := range c.Needs(v) {
			v.refs[ref] = true
		}
		if len(v.refs) == before {
			v.strict = true
			return v
		}
	}
	w.t.Fatalf("%s needs more streams each time it is asked", c.Name())
	return nil
}

// decide decides until no claim is in the way, as an executor does; twice each time, as the same states and command
// make the same decision.
func (v *loaded) decide(c domain.Command, clock domain.Clock) (domain.Decision, *domain.Rejection) {
	for range 3 {
		d, why := domain.Decide(v, c, clock)
		again, whyAgain := domain.Decide(v, c, clock)
		v.wantSame(c, d, again, why, whyAgain)
		if why != nil {
			return domain.Decision{}, why
		}
		taken, why := v.taken(c, d)
		if why != nil {
			return domain.Decision{}, why
		}
		if !taken {
			v.wantNeeded(c, d)
			return d, nil
		}
	}
	v.w.t.Fatalf("%s makes a claim again that it knows to be taken", c.Name())
	return domain.Decision{}, nil
}

// taken notes which claims others have made; with a refusal of its own a claim ends the command.
func (v *loaded) taken(c domain.Command, d domain.Decision) (again bool, why *domain.Rejection) {
	own := map[string]bool{}
	for _, claim := range d.Claims {
		key := claimKey(c.Org(), claim.Kind, claim.Value)
		if own[key] {
			v.w.t.Fatalf("%s makes the claim %s twice", c.Name(), key)
		}
		own[key] = true
		if !v.w.claims[key] {
			continue
		}
		if claim.Taken != nil {
			return false, claim.Taken
		}
		v.known[key], again = true, true
	}
	return again, nil
}

func (v *loaded) wantSame(c domain.Command, a, b domain.Decision, why, whyAgain *domain.Rejection) {
	v.w.t.Helper()
	if (why == nil) != (whyAgain == nil) || why != nil && *why != *whyAgain {
		v.w.t.Fatalf("%s is answered with %v and then with %v", c.Name(), why, whyAgain)
	}
	if why != nil && len(a.Events) > 0 {
		v.w.t.Fatalf("%s is refused with %v, and makes %d events", c.Name(), why, len(a.Events))
	}
	if len(a.Events) != len(b.Events) || len(a.Claims) != len(b.Claims) {
		v.w.t.Fatalf("%s makes %d events and %d claims, and then %d and %d", c.Name(), len(a.Events), len(a.Claims), len(b.Events), len(b.Claims))
	}
	for i := range a.Events {
		_, first, err := domain.EncodeEvent(a.Events[i].Event)
		if err != nil {
			v.w.t.Fatal(err)
		}
		_, second, _ := domain.EncodeEvent(b.Events[i].Event)
		if !bytes.Equal(first, second) || a.Events[i].Stream != b.Events[i].Stream {
			v.w.t.Fatalf("%s makes\n%s\nand then\n%s", c.Name(), first, second)
		}
	}
}

// wantNeeded wants each stream that is appended to named, but for orders whose id nobody else can have given.
func (v *loaded) wantNeeded(c domain.Command, d domain.Decision) {
	if len(d.Events) == 0 {
		v.w.t.Fatalf("%s was accepted without an event", c.Name())
	}
	for _, e := range d.Events {
		if !v.refs[e.Stream] && (v.w.states[e.Stream] != nil || !ownOrder(c, e.Stream)) {
			v.w.t.Fatalf("%s appends to %s, which it does not need", c.Name(), e.Stream)
		}
	}
}

// ownOrder says that a stream is that of an order that only this command can have named.
func ownOrder(c domain.Command, ref domain.Ref) bool {
	if p, ok := c.(domain.PlaceOrder); ok && p.Fresh && ref == domain.OrderRef(p.OrderID) {
		return true
	}
	return ref.Kind == domain.KindOrder && neverThere(ref)
}

// neverThere says that a stream can only be made by the command that asks for it: the order that it derives an id for.
// A resource without an id is none.
func neverThere(ref domain.Ref) bool {
	return ref.Kind == domain.KindOrder && len(ref.ID) == 36 && ref.ID[14] == '8' || ref.Kind == domain.KindResource && strings.HasSuffix(ref.ID, "/")
}

func (v *loaded) state(ref domain.Ref) domain.State {
	if v.refs[ref] {
		return v.w.states[ref]
	}
	if v.strict && !(v.w.states[ref] == nil && neverThere(ref)) {
		v.w.t.Fatalf("needs: a command looks at %s, which it did not name", ref)
	}
	return nil
}

func (v *loaded) Order(id string) *domain.Order {
	o, _ := v.state(domain.OrderRef(id)).(*domain.Order)
	return o
}

func (v *loaded) Account(org string) *domain.Account {
	a, _ := v.state(domain.AccountRef(org)).(*domain.Account)
	return a
}

func (v *loaded) Org(org string) *domain.Org {
	o, _ := v.state(domain.OrgRef(org)).(*domain.Org)
	return o
}

func (v *loaded) Resource(org, id string) *domain.Resource {
	r, _ := v.state(domain.ResourceRef(org, id)).(*domain.Resource)
	return r
}

func (v *loaded) Taken(org, kind, value string) bool { return v.known[claimKey(org, kind, value)] }
