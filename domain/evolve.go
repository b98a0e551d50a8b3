package domain

// State is the fold of one stream: *Order, *Account or *Org. A State is never changed once made, so
// it may be shared between goroutines.
type State interface {
	// Size estimates the memory that the state holds, in bytes.
	Size() int
	// StreamVersion is the version of the last event folded in.
	StreamVersion() int64
}

// StreamVersion is the version of the last event folded in.
func (o *Order) StreamVersion() int64 { return o.Version }

// StreamVersion is the version of the last event folded in.
func (a *Account) StreamVersion() int64 { return a.Version }

// StreamVersion is the version of the last event folded in.
func (o *Org) StreamVersion() int64 { return o.Version }

// Evolve folds the next event of a stream into its state (nil before the first event). It is total:
// it believes history and refuses nothing.
func Evolve(s State, e Event, m Meta) State {
	switch e := e.(type) {
	case OrderPlaced:
		return placed(e, m)
	case OrderPaid:
		return orderAfter(s, m, func(o *Order) {
			o.Status, o.Paid, o.LineFunds = Paid, e.Paid, e.Lines
			o.PaidAt, o.BillingPeriod = &m.OccurredAt, e.BillingPeriod
		})
	case OrderCancelled:
		return orderAfter(s, m, func(o *Order) {
			o.Status, o.ClosedAt, o.CloseReason = Cancelled, &m.OccurredAt, e.Reason
		})
	case OrderExpired:
		return orderAfter(s, m, func(o *Order) {
			o.Status, o.ClosedAt = Expired, &m.OccurredAt
		})
	case AccountToppedUp:
		return accountAfter(s, m, e.OrgID, e.Balance)
	case AccountCharged:
		return accountAfter(s, m, e.OrgID, e.Balance)
	case OrgSettingsChanged:
		return &Org{OrgID: e.OrgID, Settings: e.Settings, OccurredAt: m.OccurredAt, Version: m.Version, Position: m.Position}
	}
	return s
}

func placed(e OrderPlaced, m Meta) *Order {
	return &Order{
		Header:         e.Header,
		Status:         Unpaid,
		Lines:          e.Lines,
		ListAmount:     e.ListAmount,
		DiscountAmount: e.DiscountAmount,
		PayableAmount:  e.PayableAmount,
		Paid:           NoFunds(e.Currency),
		Refunded:       NoFunds(e.Currency),
		RefundState:    RefundNone,
		CreatedAt:      m.OccurredAt,
		PayBefore:      e.PayBefore,
		OccurredAt:     m.OccurredAt,
		Version:        m.Version,
		Position:       m.Position,
	}
}

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

// accountAfter takes the balance from the event. That it equals the balance before plus the event's
// postings is decided when the event is made, and checked over all history by verify.
func accountAfter(s State, m Meta, orgID string, b Balance) *Account {
	before, ok := s.(*Account)
	if !ok {
		before = &Account{}
	}
	return &Account{OrgID: orgID, Balances: before.with(b), OccurredAt: m.OccurredAt, Version: m.Version, Position: m.Position}
}

// OrgOf is the organisation that a state belongs to.
func OrgOf(s State) string {
	switch s := s.(type) {
	case *Order:
		return s.OrgID
	case *Account:
		return s.OrgID
	case *Org:
		return s.OrgID
	}
	return ""
}
