package domain

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// The stored name of every event version. Names are written out here and never derived from Go's
// names, so that renaming a type can't cut history off. A frozen example of each form lies in
// testdata/events.
const (
	TypeOrderPlaced        = "order.placed.v1"
	TypeOrderPaid          = "order.paid.v1"
	TypeOrderCancelled     = "order.cancelled.v1"
	TypeOrderExpired       = "order.expired.v1"
	TypeAccountToppedUp    = "account.topped_up.v1"
	TypeAccountCharged     = "account.charged.v1"
	TypeOrgSettingsChanged = "org.settings_changed.v1"
)

var decoders = map[string]func([]byte) (Event, error){
	TypeOrderPlaced:        decode[OrderPlaced],
	TypeOrderPaid:          decode[OrderPaid],
	TypeOrderCancelled:     decode[OrderCancelled],
	TypeOrderExpired:       decode[OrderExpired],
	TypeAccountToppedUp:    decode[AccountToppedUp],
	TypeAccountCharged:     decode[AccountCharged],
	TypeOrgSettingsChanged: decode[OrgSettingsChanged],
}

// TypeOf is the stored name of the version that e is written in.
func TypeOf(e Event) string {
	switch e.(type) {
	case OrderPlaced:
		return TypeOrderPlaced
	case OrderPaid:
		return TypeOrderPaid
	case OrderCancelled:
		return TypeOrderCancelled
	case OrderExpired:
		return TypeOrderExpired
	case AccountToppedUp:
		return TypeAccountToppedUp
	case AccountCharged:
		return TypeAccountCharged
	case OrgSettingsChanged:
		return TypeOrgSettingsChanged
	}
	panic(fmt.Sprintf("domain: event %T has no stored name", e))
}

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
const RulesVersion = 1

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
