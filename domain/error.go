package domain

import "fmt"

// Code names a reason for refusing a command; programs depend on it.
type Code string

// The codes that rules give, in the order in which they win when several apply.
const (
	InvalidValue             Code = "invalid_value"
	NotFound                 Code = "not_found"
	DuplicateOrder           Code = "duplicate_order"
	ParentMismatch           Code = "parent_mismatch"
	ResourceIsClosed         Code = "resource_closed"
	ResourceExists           Code = "resource_exists"
	LeaseMismatch            Code = "lease_mismatch"
	OrderNotUnpaid           Code = "order_not_unpaid"
	ArrearsNotCancellable    Code = "arrears_not_cancellable"
	OrderNotAwaitingApproval Code = "order_not_awaiting_approval"
	ApprovalByPlacer         Code = "approval_by_placer"
	OrderNotFulfillable      Code = "order_not_fulfillable"
	NotRefundable            Code = "not_refundable"
	PaymentDeadlinePassed    Code = "payment_deadline_passed"
	NotYetDue                Code = "not_yet_due"
	NothingDue               Code = "nothing_due"
	ReleaseNotDue            Code = "release_not_due"
	VoucherNotUsable         Code = "voucher_not_usable"
	DuplicateVoucher         Code = "duplicate_voucher"
	FundsMismatch            Code = "funds_mismatch"
	InsufficientFunds        Code = "insufficient_funds"
	BalanceTooLarge          Code = "balance_too_large"
	LimitReached             Code = "limit_reached"
	DuplicateReference       Code = "duplicate_reference"
	PeriodNotOver            Code = "period_not_over"
	UsageUnsettled           Code = "usage_unsettled"
	PeriodIsClosed           Code = "period_closed"
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
	// Early: what has to come before the command may be on its way still.
	Early bool
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

// early marks a refusal that somebody who brings commands in order may put off.
func (r *Rejection) early(is bool) *Rejection {
	r.Early = is
	return r
}

func invalid(field, format string, args ...any) *Rejection {
	return &Rejection{Code: InvalidValue, Field: field, Detail: fmt.Sprintf(format, args...)}
}

func tooLarge() *Rejection {
	return reject(BalanceTooLarge, "the balance would pass 10^15 minor units")
}
