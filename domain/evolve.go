package domain

// State is the fold of one stream: *Order, *Account, *Org or *Resource. A State is never changed once made, so
// it may be shared between goroutines.
type State interface {
	// Size estimates the memory that the state holds, in bytes.
	Size() int
	// StreamVersion is the version of the last event folded in.
	StreamVersion() int64
}

// Evolve folds the next event of a stream into its state (nil before the first event). It is total:
// it believes history and refuses nothing.
func Evolve(s State, e Event, m Meta) State { return e.evolve(s, m) }

// orderAfter copies the order and changes the copy: others may hold the state before.
func orderAfter(s State, m Meta, change func(*Order)) *Order {
	next := Order{}
	if o, ok := s.(*Order); ok {
		next = *o
	}
	change(&next)
	next.OccurredAt, next.Version, next.Position = m.OccurredAt, m.Version, m.Position
	return &next
}

// accountAfter copies the account and changes the copy. The balance comes from the event: that it equals the balance
// before plus the event's postings is decided when the event is made, and checked over all history by verify.
func accountAfter(s State, m Meta, orgID string, b Balance, change func(*Account)) *Account {
	next := Account{}
	if a, ok := s.(*Account); ok {
		next = *a
	}
	next.OrgID = orgID
	if b.Currency != "" {
		next.Balances = next.with(b)
	}
	if change != nil {
		change(&next)
	}
	next.OccurredAt, next.Version, next.Position = m.OccurredAt, m.Version, m.Position
	return &next
}

// orgAfter copies the organisation and changes the copy.
func orgAfter(s State, m Meta, orgID string, change func(*Org)) *Org {
	next := Org{}
	if o, ok := s.(*Org); ok {
		next = *o
	}
	next.OrgID = orgID
	change(&next)
	next.OccurredAt, next.Version, next.Position = m.OccurredAt, m.Version, m.Position
	return &next
}

// resourceAfter copies the resource and changes the copy.
func resourceAfter(s State, m Meta, change func(*Resource)) *Resource {
	next := Resource{}
	if r, ok := s.(*Resource); ok {
		next = *r
	}
	change(&next)
	next.OccurredAt, next.Version, next.Position = m.OccurredAt, m.Version, m.Position
	return &next
}

// StreamVersion is the version of the last event folded in.
func (o *Order) StreamVersion() int64 { return o.Version }

// OrgOf is the organisation that a state belongs to.
func OrgOf(s State) string {
	switch s := s.(type) {
	case *Order:
		return s.OrgID
	case *Account:
		return s.OrgID
	case *Org:
		return s.OrgID
	case *Resource:
		return s.OrgID
	}
	return ""
}
