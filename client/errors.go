package client

import (
	"errors"
	"fmt"
	"time"
)

// Refusal is the ledger's No. Sending the same command again would not change it.
type Refusal struct {
	// Code is for programs and never changes: "insufficient_funds", "order_not_unpaid", "not_found" …
	Code string
	// Detail is for people.
	Detail string
	// Command and Key are of the command that was refused, "" with what is no command.
	Command, Key string
}

func (r *Refusal) Error() string {
	if r.Command == "" {
		return fmt.Sprintf("%s: %s", r.Code, r.Detail)
	}
	return fmt.Sprintf("%s is refused, %s: %s", r.Command, r.Code, r.Detail)
}

// IsRefused says whether an error is a refusal with one of the codes, or, without codes, any refusal.
func IsRefused(err error, codes ...string) bool {
	var r *Refusal
	if !errors.As(err, &r) {
		return false
	}
	for _, code := range codes {
		if r.Code == code {
			return true
		}
	}
	return len(codes) == 0
}

// NoAnswer says that nothing is known of a command's fate. It may have been carried out, and may still be. To find out,
// send it again with the same key.
type NoAnswer struct {
	Command, Key string
	// Err is what the last attempt came to.
	Err error
}

func (e *NoAnswer) Error() string {
	return fmt.Sprintf("%s with the key %s: no answer, it may be carried out or not; the same key again tells: %v", e.Command, e.Key, e.Err)
}

// Unwrap is the last attempt's error.
func (e *NoAnswer) Unwrap() error { return e.Err }

// NotPaid says that an order never will be paid.
type NotPaid struct {
	// Order is the order, whose Status says why: cancelled, expired, voided.
	Order Order
}

func (e *NotPaid) Error() string {
	return fmt.Sprintf("order %s is %s and will not be paid", e.Order.OrderID, e.Order.Status)
}

// ErrTakenOver ends a subscription over NATS when another one has begun with the same consumer.
var ErrTakenOver = errors.New("another subscription with the same consumer has begun")

// passing is an error that another attempt may not have.
type passing struct {
	err error
	// after is how long to wait at least.
	after time.Duration
}

func (e *passing) Error() string { return e.err.Error() }

func (e *passing) Unwrap() error { return e.err }

// passes are the codes of what another attempt may not meet.
var passes = map[string]bool{
	"busy": true, "outcome_unknown": true, "rate_limited": true, "fenced": true,
	"position_not_reached": true, "projection_stopped": true, "internal": true,
}
