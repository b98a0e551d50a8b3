package domain

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
)

// The stored name of every event version. A frozen example of each form lies in testdata/events.
const (
	TypeOrderPlaced        = "order.placed.v1"
	TypeOrderApproved      = "order.approved.v1"
	TypeOrderRejected      = "order.rejected.v1"
	TypeOrderPaid          = "order.paid.v1"
	TypeOrderCancelled     = "order.cancelled.v1"
	TypeOrderExpired       = "order.expired.v1"
	TypeOrderVoided        = "order.voided.v1"
	TypeFulfilmentStarted  = "order.fulfilment_started.v1"
	TypeOrderCompleted     = "order.completed.v1"
	TypeFulfilmentFailed   = "order.fulfilment_failed.v1"
	TypeOrderRefunded      = "order.refunded.v1"
	TypeFulfilmentOverdue  = "order.fulfilment_overdue.v1"
	TypeAccountToppedUp    = "account.topped_up.v1"
	TypeAccountWithdrawn   = "account.withdrawn.v1"
	TypeAccountCharged     = "account.charged.v1"
	TypeAccountRefunded    = "account.refunded.v1"
	TypeGiftGranted        = "account.gift_granted.v1"
	TypeVoucherIssued      = "account.voucher_issued.v1"
	TypeFundsLapsed        = "account.funds_lapsed.v1"
	TypeFundsFrozen        = "account.funds_frozen.v1"
	TypeArrearsOpened      = "account.arrears_opened.v1"
	TypeArrearsDropped     = "account.arrears_dropped.v1"
	TypeOrgSettingsChanged = "org.settings_changed.v1"
	TypeUsageReported      = "org.usage_reported.v1"
	TypeUsageSettled       = "org.usage_settled.v1"
	TypePeriodClosed       = "org.period_closed.v1"
	TypePeriodSealed       = "org.period_sealed.v1"
	TypeResourceChanged    = "resource.changed.v1"
	TypeAutoRenewSet       = "resource.auto_renew_set.v1"
	TypeRenewalTried       = "resource.renewal_tried.v1"
	TypeUsageRecorded      = "resource.usage_recorded.v1"
	TypeResourceSettled    = "resource.settled.v1"
	TypeOverdueCharged     = "resource.overdue_charged.v1"
	TypeResourceClosed     = "resource.closed.v1"
	TypeReleaseDue         = "resource.release_due.v1"
	TypeReleaseWithdrawn   = "resource.release_withdrawn.v1"
)

var decoders = map[string]func([]byte) (Event, error){
	TypeOrderPlaced:        decode[OrderPlaced],
	TypeOrderApproved:      decode[OrderApproved],
	TypeOrderRejected:      decode[OrderRejected],
	TypeOrderPaid:          decode[OrderPaid],
	TypeOrderCancelled:     decode[OrderCancelled],
	TypeOrderExpired:       decode[OrderExpired],
	TypeOrderVoided:        decode[OrderVoided],
	TypeFulfilmentStarted:  decode[FulfilmentStarted],
	TypeOrderCompleted:     decode[OrderCompleted],
	TypeFulfilmentFailed:   decode[FulfilmentFailed],
	TypeOrderRefunded:      decode[OrderRefunded],
	TypeFulfilmentOverdue:  decode[FulfilmentOverdue],
	TypeAccountToppedUp:    decode[AccountToppedUp],
	TypeAccountWithdrawn:   decode[AccountWithdrawn],
	TypeAccountCharged:     decode[AccountCharged],
	TypeAccountRefunded:    decode[AccountRefunded],
	TypeGiftGranted:        decode[GiftGranted],
	TypeVoucherIssued:      decode[VoucherIssued],
	TypeFundsLapsed:        decode[FundsLapsed],
	TypeFundsFrozen:        decode[FundsFrozen],
	TypeArrearsOpened:      decode[ArrearsOpened],
	TypeArrearsDropped:     decode[ArrearsDropped],
	TypeOrgSettingsChanged: decode[OrgSettingsChanged],
	TypeUsageReported:      decode[UsageReported],
	TypeUsageSettled:       decode[UsageSettled],
	TypePeriodClosed:       decode[PeriodClosed],
	TypePeriodSealed:       decode[PeriodSealed],
	TypeResourceChanged:    decode[ResourceChanged],
	TypeAutoRenewSet:       decode[AutoRenewSet],
	TypeRenewalTried:       decode[RenewalTried],
	TypeUsageRecorded:      decode[UsageRecorded],
	TypeResourceSettled:    decode[ResourceSettled],
	TypeOverdueCharged:     decode[OverdueCharged],
	TypeResourceClosed:     decode[ResourceClosed],
	TypeReleaseDue:         decode[ReleaseDue],
	TypeReleaseWithdrawn:   decode[ReleaseWithdrawn],
}

// EventTypes lists the stored names of all versions, sorted.
func EventTypes() []string { return slices.Sorted(maps.Keys(decoders)) }

// TypeOf is the stored name of the version that e is written in.
func TypeOf(e Event) string { return e.stored() }

// EncodeEvent gives the stored name and the exact bytes to store and hash.
func EncodeEvent(e Event) (name string, payload []byte, err error) {
	b := make([]byte, 0, 1024)
	switch e := e.(type) {
	case OrderPlaced:
		payload = appendOrderPlaced(b, &e)
	case OrderPaid:
		payload = appendOrderPaid(b, &e)
	case AccountCharged:
		payload = appendAccountCharged(b, &e)
	case UsageRecorded:
		payload = appendUsageRecorded(b, &e)
	default:
		payload, err = encode(e)
	}
	return TypeOf(e), payload, err
}

// UnknownEventError is an event that this build has no decoder for; a newer one may have written it.
type UnknownEventError struct{ Type string }

func (e *UnknownEventError) Error() string {
	return fmt.Sprintf("event type %q is unknown to this build", e.Type)
}

// DecodeEvent reads a stored event.
func DecodeEvent(name string, payload []byte) (Event, error) {
	read, ok := decoders[name]
	if !ok {
		return nil, &UnknownEventError{name}
	}
	e, err := read(payload)
	if err != nil {
		return nil, fmt.Errorf("decode %s: %w", name, err)
	}
	return e, nil
}

func decode[E Event](payload []byte) (Event, error) {
	var e E
	err := json.Unmarshal(payload, &e)
	return e, err
}

// RulesVersion stands on saved states. It is raised when a state's form or Evolve changes, which
// makes the saved states of other versions void.
const RulesVersion = 3

// EncodeState gives the bytes of a saved state.
func EncodeState(s State) ([]byte, error) { return encode(s) }

// DecodeState reads the saved state of a stream.
func DecodeState(stream Ref, saved []byte) (State, error) {
	var s State
	switch stream.Kind {
	case KindOrder:
		s = new(Order)
	case KindAccount:
		s = new(Account)
	case KindOrg:
		s = new(Org)
	case KindResource:
		s = new(Resource)
	default:
		return nil, fmt.Errorf("stream %s has no known kind", stream)
	}
	if err := json.Unmarshal(saved, s); err != nil {
		return nil, fmt.Errorf("decode saved state of %s: %w", stream, err)
	}
	return s, nil
}

// encode writes JSON without escaping <, > and &, which would make texts up to six times longer.
func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, fmt.Errorf("encode %T: %w", v, err)
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}
