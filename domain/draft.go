package domain

// draft is a decision in the making: the states as its events so far leave them. Commands that move money more than
// once, or touch several orders, decide each step on what the steps before it did.
type draft struct {
	Decision
	clock Clock
	base  States
	after map[Ref]State
}

func newDraft(s States, clock Clock) *draft {
	return &draft{base: s, clock: clock, after: map[Ref]State{}}
}

// emit adds an event to the decision and folds it in.
func (d *draft) emit(stream Ref, e Event) {
	before := d.state(stream)
	m := Meta{Version: 1, OccurredAt: d.clock.At, RecordedAt: d.clock.Now, Actor: d.clock.Actor}
	if before != nil {
		m.Version = before.StreamVersion() + 1
	}
	d.after[stream] = Evolve(before, e, m)
	d.Events = append(d.Events, StreamEvent{stream, e})
}

func (d *draft) state(stream Ref) State {
	if s, ok := d.after[stream]; ok {
		return s
	}
	switch stream.Kind {
	case KindOrder:
		if o := d.base.Order(stream.ID); o != nil {
			return o
		}
	case KindAccount:
		if a := d.base.Account(stream.ID); a != nil {
			return a
		}
	case KindOrg:
		if o := d.base.Org(stream.ID); o != nil {
			return o
		}
	case KindResource:
		orgID, resourceID, _ := cutResource(stream.ID)
		if r := d.base.Resource(orgID, resourceID); r != nil {
			return r
		}
	}
	return nil
}

// Order is an order as the steps before left it.
func (d *draft) Order(id string) *Order { o, _ := d.state(OrderRef(id)).(*Order); return o }

// Account is an account as the steps before left it.
func (d *draft) Account(orgID string) *Account {
	a, _ := d.state(AccountRef(orgID)).(*Account)
	return a
}

// Org is an organisation as the steps before left it.
func (d *draft) Org(orgID string) *Org { o, _ := d.state(OrgRef(orgID)).(*Org); return o }

// Resource is a resource as the steps before left it.
func (d *draft) Resource(orgID, resourceID string) *Resource {
	r, _ := d.state(ResourceRef(orgID, resourceID)).(*Resource)
	return r
}

// Taken asks the states that the draft began with; a step does not look at its own claims.
func (d *draft) Taken(orgID, kind, value string) bool { return d.base.Taken(orgID, kind, value) }
