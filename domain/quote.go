package domain

// Quote is the order as it would be placed now, or why it would be refused. Nothing happens; the states are those that
// the command needs.
func Quote(s States, c PlaceOrder, clock Clock) (*Order, *Rejection) {
	if refused := c.Check(); refused != nil {
		return nil, refused
	}
	decision, refused := Decide(s, c, clock)
	if refused != nil {
		return nil, refused
	}
	var order State
	m := Meta{OccurredAt: clock.At, RecordedAt: clock.Now, Actor: clock.Actor}
	for _, e := range decision.Events {
		if e.Stream == OrderRef(c.OrderID) {
			m.Version++
			order = Evolve(order, e.Event, m)
		}
	}
	o, _ := order.(*Order)
	return o, nil
}
