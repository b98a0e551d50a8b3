package domain

import "fmt"

// Code names a reason for refusing a command; programs depend on it.
type Code string

// The codes that rules give, in the order in which they win when several apply.
const (
	InvalidValue          Code = "invalid_value"
	NotFound              Code = "not_found"
	DuplicateOrder        Code = "duplicate_order"
	OrderNotUnpaid        Code = "order_not_unpaid"
	PaymentDeadlinePassed Code = "payment_deadline_passed"
	NotYetDue             Code = "not_yet_due"
	VoucherNotUsable      Code = "voucher_not_usable"
	FundsMismatch         Code = "funds_mismatch"
	InsufficientFunds     Code = "insufficient_funds"
	BalanceTooLarge       Code = "balance_too_large"
	DuplicateReference    Code = "duplicate_reference"
)

// Rejection is a refused command: nothing happened, and the same command may be sent again.
type Rejection struct {
	Code Code
	// Detail is a sentence for the person who sent the command, saying what to do.
	Detail string
	// Field is the place of a wrong value, as a path in the command's body ("lines[0].count").
	Field string
	// Missing is what the account lacks, with InsufficientFunds.
	Missing  Amount
	Currency Currency
}

func (r *Rejection) Error() string {
	if r.Field != "" {
		return fmt.Sprintf("%s: %s: %s", r.Code, r.Field, r.Detail)
	}
	return fmt.Sprintf("%s: %s", r.Code, r.Detail)
}

func reject(code Code, format string, args ...any) *Rejection {
	return &Rejection{Code: code, Detail: fmt.Sprintf(format, args...)}
}

func invalid(field, format string, args ...any) *Rejection {
	return &Rejection{Code: InvalidValue, Field: field, Detail: fmt.Sprintf(format, args...)}
}
