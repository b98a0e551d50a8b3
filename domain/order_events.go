package domain

import "time"

// OrderPlaced begins an order. With nothing to pay, PayBefore is absent and what completes it follows at once.
type OrderPlaced struct {
	Header
	Lines          []Line     `json:"lines"`
	ListAmount     Amount     `json:"list_amount"`
	DiscountAmount Amount     `json:"discount_amount"`
	PayableAmount  Amount     `json:"payable_amount"`
	PayBefore      *time.Time `json:"pay_before,omitempty"`
	// AwaitingApproval: nothing may happen to the order before somebody has approved it.
	AwaitingApproval bool `json:"awaiting_approval,omitempty"`
	// Arrears: the account could not pay this settlement at once.
	Arrears bool `json:"arrears,omitempty"`
}

// OrderApproved says that an order may go on.
type OrderApproved struct {
	OrderID string `json:"order_id"`
	OrgID   string `json:"org_id"`
	By      string `json:"by"`
	Reason  string `json:"reason,omitempty"`
}

// OrderRejected says that an order was not approved, which ends it as cancelled.
type OrderRejected struct {
	OrderID string `json:"order_id"`
	OrgID   string `json:"org_id"`
	By      string `json:"by"`
	Reason  string `json:"reason,omitempty"`
}

// OrderPaid says that the whole order was paid, from which funds, and which month's bill it belongs to. An order that
// gives money back is paid with negative funds.
type OrderPaid struct {
	OrderID       string        `json:"order_id"`
	OrgID         string        `json:"org_id"`
	Currency      Currency      `json:"currency"`
	Paid          Funds         `json:"paid"`
	Lines         []LinePayment `json:"lines"`
	BillingPeriod Period        `json:"billing_period"`
	// Completed: there is nothing to provision.
	Completed bool `json:"completed,omitempty"`
	// Windows are the times of lines that begin when they are paid.
	Windows []LineWindow `json:"windows,omitempty"`
	// Vouchers are those that paid, whole, as the payment left them: a refund may have to bring one back.
	Vouchers []Voucher `json:"vouchers,omitempty"`
}

// OrderCancelled says that a user gave an unpaid order up.
type OrderCancelled struct {
	OrderID string `json:"order_id"`
	OrgID   string `json:"org_id"`
	Reason  string `json:"reason,omitempty"`
}

// OrderExpired says that an order was not paid, or not approved, before its deadline.
type OrderExpired struct {
	OrderID   string    `json:"order_id"`
	OrgID     string    `json:"org_id"`
	PayBefore time.Time `json:"pay_before"`
}

// OrderVoided says that an operator or the system ended an order that was not paid.
type OrderVoided struct {
	OrderID string `json:"order_id"`
	OrgID   string `json:"org_id"`
	Reason  string `json:"reason"`
}

// FulfilmentStarted says that a service began to provision what was paid.
type FulfilmentStarted struct {
	OrderID string `json:"order_id"`
	OrgID   string `json:"org_id"`
}

// OrderCompleted says that what was paid is there. What the service reports fills in what the order left open.
type OrderCompleted struct {
	OrderID     string     `json:"order_id"`
	OrgID       string     `json:"org_id"`
	ResourceID  string     `json:"resource_id,omitempty"`
	EffectiveAt *time.Time `json:"effective_at,omitempty"`
	ExpiresAt   *time.Time `json:"expires_at,omitempty"`
	// Lines are the times of those lines that would be left without.
	Lines []LineWindow `json:"lines,omitempty"`
}

// LineWindow is the time that a line pays for.
type LineWindow struct {
	LineNo      int        `json:"line_no"`
	EffectiveAt time.Time  `json:"effective_at"`
	ExpiresAt   *time.Time `json:"expires_at"`
}

// FulfilmentFailed says that provisioning failed; it may be started again, or the order refunded.
type FulfilmentFailed struct {
	OrderID string `json:"order_id"`
	OrgID   string `json:"org_id"`
	Reason  string `json:"reason,omitempty"`
}

// OrderRefunded says what a refund order took back from this one.
type OrderRefunded struct {
	OrderID       string       `json:"order_id"`
	OrgID         string       `json:"org_id"`
	RefundOrderID string       `json:"refund_order_id"`
	Currency      Currency     `json:"currency"`
	Returned      Funds        `json:"returned"`
	Consumed      Amount       `json:"consumed_amount"`
	Forfeited     Amount       `json:"forfeited_amount"`
	Lines         []LineRefund `json:"lines"`
	Reason        string       `json:"reason,omitempty"`
}

// FulfilmentOverdue says that a paid order is not fulfilled although it should be by now. It is said once of an order, which
// may be fulfilled all the same.
type FulfilmentOverdue struct {
	OrderID string `json:"order_id"`
	OrgID   string `json:"org_id"`
	// Since is when the order was paid, Deadline by when it should have been fulfilled.
	Since    time.Time `json:"since"`
	Deadline time.Time `json:"deadline"`
}

func (OrderPlaced) stored() string       { return TypeOrderPlaced }
func (OrderApproved) stored() string     { return TypeOrderApproved }
func (OrderRejected) stored() string     { return TypeOrderRejected }
func (OrderPaid) stored() string         { return TypeOrderPaid }
func (OrderCancelled) stored() string    { return TypeOrderCancelled }
func (OrderExpired) stored() string      { return TypeOrderExpired }
func (OrderVoided) stored() string       { return TypeOrderVoided }
func (FulfilmentStarted) stored() string { return TypeFulfilmentStarted }
func (OrderCompleted) stored() string    { return TypeOrderCompleted }
func (FulfilmentFailed) stored() string  { return TypeFulfilmentFailed }
func (OrderRefunded) stored() string     { return TypeOrderRefunded }
func (FulfilmentOverdue) stored() string { return TypeFulfilmentOverdue }

func (e OrderPlaced) evolve(_ State, m Meta) State {
	o := &Order{
		Header: e.Header, Status: Unpaid, Lines: e.Lines,
		ListAmount: e.ListAmount, DiscountAmount: e.DiscountAmount, PayableAmount: e.PayableAmount,
		Paid: NoFunds(e.Currency), Refunded: NoFunds(e.Currency), RefundState: RefundNone,
		Consumed: e.Currency.Zero(), Forfeited: e.Currency.Zero(),
		CreatedAt: m.OccurredAt, PayBefore: e.PayBefore, Arrears: e.Arrears,
		PlacedBy: m.Actor, Imported: !m.OccurredAt.Equal(m.RecordedAt),
		OccurredAt: m.OccurredAt, Version: m.Version, Position: m.Position,
	}
	if e.AwaitingApproval {
		o.Status, o.Approval = AwaitingApproval, &Approval{State: "requested"}
	}
	return o
}

func (e OrderApproved) evolve(s State, m Meta) State {
	return orderAfter(s, m, func(o *Order) {
		o.Status, o.Approval = Unpaid, &Approval{State: "granted", By: e.By, At: &m.OccurredAt, Reason: e.Reason}
	})
}

func (e OrderRejected) evolve(s State, m Meta) State {
	return orderAfter(s, m, func(o *Order) {
		o.Status, o.Approval = Cancelled, &Approval{State: "rejected", By: e.By, At: &m.OccurredAt, Reason: e.Reason}
		o.ClosedAt, o.CloseReason = &m.OccurredAt, e.Reason
	})
}

func (e OrderPaid) evolve(s State, m Meta) State {
	return orderAfter(s, m, func(o *Order) {
		o.Status, o.Paid, o.LineFunds, o.PaidVouchers = Paid, e.Paid, e.Lines, e.Vouchers
		o.PaidAt, o.BillingPeriod, o.Arrears = &m.OccurredAt, e.BillingPeriod, false
		if len(e.Windows) > 0 {
			o.Lines = filledLines(o.Lines, OrderCompleted{Lines: e.Windows})
		}
		if e.Completed {
			o.Status = Completed
		}
	})
}

func (e OrderCancelled) evolve(s State, m Meta) State {
	return orderAfter(s, m, func(o *Order) {
		o.Status, o.ClosedAt, o.CloseReason = Cancelled, &m.OccurredAt, e.Reason
	})
}

func (e OrderExpired) evolve(s State, m Meta) State {
	return orderAfter(s, m, func(o *Order) { o.Status, o.ClosedAt = Expired, &m.OccurredAt })
}

func (e OrderVoided) evolve(s State, m Meta) State {
	return orderAfter(s, m, func(o *Order) {
		o.Status, o.ClosedAt, o.CloseReason, o.Arrears = Voided, &m.OccurredAt, e.Reason, false
	})
}

func (e FulfilmentStarted) evolve(s State, m Meta) State {
	return orderAfter(s, m, func(o *Order) {
		o.fulfil(Fulfilling, Fulfilment{State: "started", At: m.OccurredAt, Attempts: o.attempts() + 1})
	})
}

func (e OrderCompleted) evolve(s State, m Meta) State {
	return orderAfter(s, m, func(o *Order) {
		o.fulfil(Completed, Fulfilment{State: "completed", At: m.OccurredAt, Attempts: max(o.attempts(), 1)})
		o.Lines = filledLines(o.Lines, e)
	})
}

func (e FulfilmentFailed) evolve(s State, m Meta) State {
	return orderAfter(s, m, func(o *Order) {
		o.fulfil(FulfilmentFailure, Fulfilment{State: "failed", At: m.OccurredAt, Reason: e.Reason, Attempts: max(o.attempts(), 1)})
	})
}

// fulfil moves the order on, but for one that was refunded in part, whose status stays; its fulfilment tells.
func (o *Order) fulfil(to Status, f Fulfilment) {
	o.Fulfilment = &f
	if f.State == "completed" {
		o.Overdue = nil
	}
	if o.Status != PartiallyRefunded {
		o.Status = to
	}
}

func (o *Order) attempts() int {
	if o.Fulfilment == nil {
		return 0
	}
	return o.Fulfilment.Attempts
}

// filledLines are the lines with what the service reported: a resource id for those without one, and the time of use.
func filledLines(lines []Line, e OrderCompleted) []Line {
	if e.ResourceID == "" && e.EffectiveAt == nil && e.ExpiresAt == nil && len(e.Lines) == 0 {
		return lines
	}
	filled := append([]Line(nil), lines...)
	for i := range filled {
		if filled[i].ResourceID == "" {
			filled[i].ResourceID = e.ResourceID
		}
		if e.EffectiveAt != nil {
			filled[i].EffectiveAt = e.EffectiveAt
		}
		if e.ExpiresAt != nil {
			filled[i].ExpiresAt = e.ExpiresAt
		}
		for _, w := range e.Lines {
			if w.LineNo == filled[i].LineNo {
				filled[i].EffectiveAt, filled[i].ExpiresAt = &w.EffectiveAt, w.ExpiresAt
			}
		}
	}
	return filled
}

func (e OrderRefunded) evolve(s State, m Meta) State {
	return orderAfter(s, m, func(o *Order) {
		o.Refunded = o.Refunded.Add(e.Returned)
		o.Consumed, o.Forfeited = o.Consumed.Add(e.Consumed), o.Forfeited.Add(e.Forfeited)
		o.Refunds = append(o.Refunds[:len(o.Refunds):len(o.Refunds)], RefundNote{
			RefundOrderID: e.RefundOrderID, At: m.OccurredAt, Returned: e.Returned, Consumed: e.Consumed, Forfeited: e.Forfeited, Reason: e.Reason,
		})
		o.LineRefunds = addLineRefunds(o.LineRefunds, e.Lines)
		o.Status, o.RefundState = PartiallyRefunded, RefundPartial
		if o.Refunded.Total().Add(o.Consumed).Add(o.Forfeited) == o.Paid.Total() {
			o.Status, o.RefundState, o.Overdue = Refunded, RefundFull, nil
		}
	})
}

func (e FulfilmentOverdue) evolve(s State, m Meta) State {
	return orderAfter(s, m, func(o *Order) { o.Overdue = &Overdue{Deadline: e.Deadline, At: m.OccurredAt} })
}

// addLineRefunds adds a refund's lines to the sums so far.
func addLineRefunds(before, more []LineRefund) []LineRefund {
	sums := append([]LineRefund(nil), before...)
	for _, r := range more {
		i := 0
		for i < len(sums) && sums[i].LineNo != r.LineNo {
			i++
		}
		if i == len(sums) {
			sums = append(sums, r)
			continue
		}
		s := &sums[i]
		s.Returned, s.Consumed, s.Forfeited = s.Returned.Add(r.Returned), s.Consumed.Add(r.Consumed), s.Forfeited.Add(r.Forfeited)
		s.Cuts = append(s.Cuts[:len(s.Cuts):len(s.Cuts)], r.Cuts...)
		s.Gifts, s.Vouchers = append([]GiftPart(nil), s.Gifts...), append([]VoucherPart(nil), s.Vouchers...)
		for _, g := range r.Gifts {
			s.Gifts = addGiftPart(s.Gifts, g)
		}
		for _, v := range r.Vouchers {
			s.Vouchers = addVoucherPart(s.Vouchers, v)
		}
	}
	return sums
}

// addGiftPart adds to the part of the same grant, or the part to the others.
func addGiftPart(parts []GiftPart, g GiftPart) []GiftPart {
	for i := range parts {
		if parts[i].GrantID == g.GrantID {
			parts[i].Amount = parts[i].Amount.Add(g.Amount)
			return parts
		}
	}
	return append(parts, g)
}

func addVoucherPart(parts []VoucherPart, v VoucherPart) []VoucherPart {
	for i := range parts {
		if parts[i].VoucherID == v.VoucherID {
			parts[i].Amount = parts[i].Amount.Add(v.Amount)
			return parts
		}
	}
	return append(parts, v)
}
