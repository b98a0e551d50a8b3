package handlers

import (
	"context"
	"fmt"
	"time"

	"orderledger/domain"
	"orderledger/eventstore"
)

// commandFate is what became of a command. An unknown one was never heard of, or is still under way.
type commandFate struct {
	Key      string     `json:"key"`
	Command  *string    `json:"command" doc:"null while the outcome is unknown"`
	Outcome  string     `json:"outcome" enum:"accepted,refused,unknown"`
	Code     string     `json:"code,omitempty" doc:"Why it was refused"`
	Position int64      `json:"position,omitempty" doc:"Of the command's last event; of the log's end, when it was refused"`
	At       *time.Time `json:"at" doc:"When it was recorded"`
}

func (s *Server) getCommand(c *call) error {
	q := c.queryOf()
	if q.values.Get("org_id") == "" && c.unknown == nil && c.who.OrgID == "" {
		q.fail("org_id", "a platform key names the organisation")
	}
	orgID, err := s.begin(q)
	if err != nil {
		return err
	}
	fate, err := s.fate(c.r.Context(), eventstore.KeyRef{OrgID: orgID, Key: c.r.PathValue("key")})
	if err != nil {
		return err
	}
	return c.answer(fate)
}

func (s *Server) fate(ctx context.Context, ref eventstore.KeyRef) (commandFate, error) {
	fate := commandFate{Key: ref.Key, Outcome: "unknown"}
	known, err := s.Log.Lookup(ctx, []eventstore.KeyRef{ref})
	if err != nil {
		return fate, err
	}
	if c, ok := known[ref]; ok {
		first, e, err := s.eventAt(ctx, c.First)
		if err != nil {
			return fate, err
		}
		last, _, err := s.eventAt(ctx, c.Last)
		if err != nil {
			return fate, err
		}
		name := commandOf(&first, e, last.Type)
		fate.Outcome, fate.Command, fate.Position, fate.At = "accepted", &name, c.Last, &first.RecordedAt
		return fate, nil
	}
	r, found, err := s.Log.LastRefusal(ctx, ref)
	if err != nil || !found {
		return fate, err
	}
	at := r.At.UTC()
	fate.Outcome, fate.Command, fate.Code, fate.Position, fate.At = "refused", &r.Command, r.Code, r.Position, &at
	return fate, nil
}

// eventAt is the event at a position, as it is stored and as what it means.
func (s *Server) eventAt(ctx context.Context, position int64) (eventstore.Event, domain.Event, error) {
	events, err := s.Log.Read(ctx, position-1, 1)
	if err != nil {
		return eventstore.Event{}, nil, err
	}
	if len(events) == 0 || events[0].Position != position {
		return eventstore.Event{}, nil, fmt.Errorf("event %d is missing", position)
	}
	e, err := domain.DecodeEvent(events[0].Type, events[0].Payload)
	return events[0], e, err
}

// commandOf is the command whose first event is given. The log does not name commands: what they did tells, and where two
// do the same, who sent it and how it ended.
func commandOf(stored *eventstore.Event, first domain.Event, lastType string) string {
	switch e := first.(type) {
	case domain.OrderPlaced:
		return commandOfOrder(e.OrderType, lastType)
	case domain.OrderPaid:
		if stored.Actor == "timer" {
			return "collect_arrears"
		}
	case domain.FundsFrozen:
		if e.Amount.Sign() < 0 {
			return "release_funds"
		}
	}
	return commandOfType[stored.Type]
}

// commandOfOrder is the command that begins with the placing of an order.
func commandOfOrder(t domain.OrderType, lastType string) string {
	switch {
	case lastType == domain.TypeRenewalTried:
		return "renew_resource"
	case lastType == domain.TypeResourceClosed && (t == domain.Refund || t == domain.UsageSettlement):
		return "close_resource"
	case t == domain.Refund:
		return "refund_order"
	case t == domain.UsageSettlement:
		return "settle_usage"
	case t == domain.OverdueDaily:
		return "charge_overdue"
	}
	return "place_order"
}

// commandOfType is the command that a first event of another type comes from.
var commandOfType = map[string]string{
	domain.TypeOrderPaid:          "pay_order",
	domain.TypeOrderCancelled:     "cancel_order",
	domain.TypeOrderExpired:       "expire_order",
	domain.TypeOrderVoided:        "void_order",
	domain.TypeOrderApproved:      "approve_order",
	domain.TypeOrderRejected:      "reject_order",
	domain.TypeFulfilmentStarted:  "report_fulfilment",
	domain.TypeOrderCompleted:     "report_fulfilment",
	domain.TypeFulfilmentFailed:   "report_fulfilment",
	domain.TypeAccountToppedUp:    "top_up",
	domain.TypeAccountWithdrawn:   "withdraw",
	domain.TypeGiftGranted:        "grant_gift",
	domain.TypeVoucherIssued:      "issue_voucher",
	domain.TypeFundsFrozen:        "freeze_funds",
	domain.TypeFundsLapsed:        "lapse_funds",
	domain.TypeOrgSettingsChanged: "change_settings",
	domain.TypeUsageReported:      "report_usage",
	domain.TypePeriodClosed:       "close_period",
	domain.TypePeriodSealed:       "seal_period",
	domain.TypeAutoRenewSet:       "set_auto_renew",
	domain.TypeRenewalTried:       "renew_resource",
	domain.TypeResourceSettled:    "settle_usage",
	domain.TypeOverdueCharged:     "charge_overdue",
	domain.TypeResourceClosed:     "close_resource",
	domain.TypeFulfilmentOverdue:  "mark_overdue",
	domain.TypeReleaseDue:         "review_release",
	domain.TypeReleaseWithdrawn:   "review_release",
}
