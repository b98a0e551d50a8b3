package domain

// PreviewRefund is what the command would do: the refund order, and the order that it refunds as it would be afterwards.
func PreviewRefund(s States, c RefundOrder, clock Clock) (refund, origin *Order, refused *Rejection) {
	d, refused := c.refund(s, clock)
	if refused != nil {
		return nil, nil, refused
	}
	return d.Order(d.Events[0].Stream.ID), d.Order(c.OrderID), nil
}
