package console

import "orderledger/domain"

// fact is one thing that an event tells, in a few words.
type fact struct {
	// Field has a label.
	Field, Text string
	// OrderID links to an order, "" to none.
	OrderID string
}

// factsOf tells what an event of an order says, for the compact time line. c is the order's currency.
func (v *view) factsOf(e domain.Event, c domain.Currency) []fact {
	switch e := e.(type) {
	case domain.OrderPlaced:
		facts := []fact{{Field: "payable_amount", Text: v.Money(e.PayableAmount, c)}}
		if e.PayBefore != nil {
			facts = append(facts, fact{Field: "pay_before", Text: v.Minute(*e.PayBefore)})
		}
		return withReason(facts, e.Reason)
	case domain.OrderApproved:
		return withReason(nil, e.Reason)
	case domain.OrderRejected:
		return withReason(nil, e.Reason)
	case domain.OrderPaid:
		return append(v.fundFacts(e.Paid, c), fact{Field: "billing_period", Text: v.Month(e.BillingPeriod)})
	case domain.OrderCancelled:
		return withReason(nil, e.Reason)
	case domain.OrderVoided:
		return withReason(nil, e.Reason)
	case domain.OrderExpired:
		return []fact{{Field: "pay_before", Text: v.Minute(e.PayBefore)}}
	case domain.OrderCompleted:
		return v.completedFacts(e)
	case domain.FulfilmentFailed:
		return withReason(nil, e.Reason)
	case domain.FulfilmentOverdue:
		return []fact{{Field: "fulfil_by", Text: v.Minute(e.Deadline)}}
	case domain.OrderRefunded:
		facts := []fact{{Field: "order_id", Text: e.RefundOrderID, OrderID: e.RefundOrderID}, {Field: "refunded", Text: v.Money(e.Returned.Total(), c)}}
		for _, part := range []struct {
			field  string
			amount domain.Amount
		}{{"consumed_amount", e.Consumed}, {"forfeited_amount", e.Forfeited}} {
			if part.amount.Sign() != 0 {
				facts = append(facts, fact{Field: part.field, Text: v.Money(part.amount, c)})
			}
		}
		return withReason(facts, e.Reason)
	}
	return nil
}

func withReason(facts []fact, reason string) []fact {
	if reason == "" {
		return facts
	}
	return append(facts, fact{Field: "reason", Text: reason})
}

// fundFacts are the funds that have something; all of nothing is cash.
func (v *view) fundFacts(f domain.Funds, c domain.Currency) []fact {
	var facts []fact
	for _, fund := range []struct {
		field  string
		amount domain.Amount
	}{{"cash", f.Cash}, {"gift", f.Gift}, {"voucher", f.Voucher}} {
		if fund.amount.Sign() != 0 {
			facts = append(facts, fact{Field: fund.field, Text: v.Money(fund.amount, c)})
		}
	}
	if facts == nil {
		facts = []fact{{Field: "paid", Text: v.Money(c.Zero(), c)}}
	}
	return facts
}

func (v *view) completedFacts(e domain.OrderCompleted) []fact {
	var facts []fact
	if e.ResourceID != "" {
		facts = append(facts, fact{Field: "resource_id", Text: e.ResourceID})
	}
	if e.EffectiveAt != nil {
		facts = append(facts, fact{Field: "effective_at", Text: v.Minute(*e.EffectiveAt)})
	}
	if e.ExpiresAt != nil {
		facts = append(facts, fact{Field: "expires_at", Text: v.Minute(*e.ExpiresAt)})
	}
	return facts
}
