package handlers

import (
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strconv"

	"github.com/jackc/pgx/v5/pgconn"

	"orderledger/domain"
	"orderledger/handlers/webhooks"
	"orderledger/internal/auth"
	"orderledger/projections"
)

// Problem is an error as the API answers it: RFC 9457, with a code that programs depend on.
type Problem struct {
	Type   string `json:"type" doc:"Where the code is explained"`
	Title  string `json:"title"`
	Status int    `json:"status"`
	// Detail is about this request, Hint about all of the code.
	Detail string `json:"detail" doc:"What is wrong with this request, and what can be done"`
	Code   string `json:"code" doc:"For programs; it never changes"`
	Hint   string `json:"hint"`
	Field  string `json:"field,omitempty" doc:"The wrong value's place in the body, or the wrong parameter"`
	// Missing is what the account lacks, with insufficient_funds.
	Missing  *domain.Amount  `json:"missing,omitempty" doc:"With insufficient_funds: what the account lacks"`
	Currency domain.Currency `json:"currency,omitempty" doc:"With insufficient_funds: of what"`
}

func (p *Problem) Error() string {
	if p.Field != "" {
		return p.Code + ": " + p.Field + ": " + p.Detail
	}
	return p.Code + ": " + p.Detail
}

// Codes that are not a rule's.
const (
	codeTooLarge           = "too_large"
	codeDryRunFull         = "dry_run_full"
	codeMalformed          = "malformed"
	codeUnknownField       = "unknown_field"
	codeInvalidValue       = string(domain.InvalidValue)
	codeKeyMissing         = "key_missing"
	codeUnauthenticated    = "unauthenticated"
	codeNotAllowed         = "not_allowed"
	codeNotFound           = string(domain.NotFound)
	codeMethodNotAllowed   = "method_not_allowed"
	codeKeyReused          = "key_reused"
	codeVersionMismatch    = "version_mismatch"
	codeRateLimited        = "rate_limited"
	codeBusy               = "busy"
	codePositionNotReached = "position_not_reached"
	codeProjectionStopped  = "projection_stopped"
	codeOutcomeUnknown     = "outcome_unknown"
	codeFenced             = "fenced"
	codeInternal           = "internal"
)

// kindOfProblem is what all problems of one code have in common.
type kindOfProblem struct {
	code   string
	status int
	title  string
	hint   string
	// retryAfter is in seconds; 0 is none.
	retryAfter int
}

// kindsOfProblems is in the order in which they win when several apply.
var kindsOfProblems = []kindOfProblem{
	{codeTooLarge, 413, "Too large", "A body, or a line of many commands, holds at most 512 KiB.", 0},
	{codeDryRunFull, 413, "Too much for a dry run", "Try the beginning of the file, and import that before the rest.", 0},
	{codeMalformed, 400, "Not readable", "Send one JSON value in UTF-8: no member twice, at most 32 levels deep, nothing after it.", 0},
	{codeUnknownField, 400, "Unknown field", "Nothing is ignored silently; the API document lists what may be sent.", 0},
	{codeInvalidValue, 400, "Invalid value", "field names the place of the value.", 0},
	{codeKeyMissing, 400, "No idempotency key", "Send a header Idempotency-Key of your own making, and the same one when you try again.", 0},
	{codeUnauthenticated, 401, "Not authenticated", "Send a header Authorization: Bearer with an API key that is not revoked.", 0},
	{codeNotAllowed, 403, "Not allowed", "The key's role does not allow this; ask an administrator for a key with another role.", 0},
	{codeNotFound, 404, "Not found", "It does not exist, or it is another organisation's.", 0},
	{codeMethodNotAllowed, 405, "Method not allowed", "The header Allow lists the methods of this address.", 0},
	{codeKeyReused, 422, "Idempotency key used before", "The key belongs to another command. Use a new key for a new command.", 0},
	{string(domain.DuplicateOrder), 409, "The order exists", "An order id is used once.", 0},
	{string(domain.ParentMismatch), 409, "Does not fit the order that it follows", "parent_order_id names a paid order of the same organisation and currency that has the resource.", 0},
	{string(domain.ResourceIsClosed), 409, "The resource is closed", "A recovery order brings a closed resource back.", 0},
	{string(domain.ResourceExists), 409, "The resource exists", "The resource is already charged for this by another order: renew, change or convert that one.", 0},
	{string(domain.LeaseMismatch), 409, "Does not fit the lease", "Leave effective_at and expires_at out: the ledger knows where the lease ends.", 0},
	{string(domain.OrderNotUnpaid), 409, "The order is not unpaid", "Look at the order: it has left the status unpaid, and there is no way back.", 0},
	{string(domain.ArrearsNotCancellable), 409, "Arrears can't be cancelled", "What was used is owed; a top-up pays it, and an operator may void it.", 0},
	{string(domain.OrderNotAwaitingApproval), 409, "The order awaits no approval", "Look at the order: it needed none, or somebody has decided.", 0},
	{string(domain.ApprovalByPlacer), 409, "Own order", "Somebody else than who placed the order approves or rejects it.", 0},
	{string(domain.OrderNotFulfillable), 409, "Nothing to fulfil", "Fulfilment is reported of paid orders of types that provision something, in the order started, then completed or failed.", 0},
	{string(domain.NotRefundable), 409, "Not refundable", "Look at paid, refunded, consumed_amount and forfeited_amount of the order: there is not that much left.", 0},
	{string(domain.PaymentDeadlinePassed), 409, "The deadline has passed", "Place the order again.", 0},
	{string(domain.NotYetDue), 409, "Not yet due", "Try again after the order's deadline.", 0},
	{string(domain.NothingDue), 409, "Nothing is due", "There is nothing to do now.", 0},
	{string(domain.ReleaseNotDue), 409, "No release is due", "The lease was renewed or the arrears were paid: leave the resource as it is.", 0},
	{string(domain.VoucherNotUsable), 409, "Voucher not usable", "Pay without this voucher.", 0},
	{string(domain.DuplicateVoucher), 409, "The voucher exists", "A voucher id is used once.", 0},
	{string(domain.FundsMismatch), 409, "Funds do not add up", "The funds named add up to what the order costs; leave them out for the default.", 0},
	{string(domain.InsufficientFunds), 409, "Insufficient funds", "Top the account up by what is missing, then pay again; the same idempotency key may be used.", 0},
	{string(domain.BalanceTooLarge), 409, "Balance too large", "An account holds at most 10^15 minor units of a currency.", 0},
	{string(domain.LimitReached), 409, "Too many", "There are as many as the ledger holds of these; use up or wait for what there is.", 0},
	{string(domain.DuplicateReference), 409, "Reference used before", "A reference counts once: this money was booked already.", 0},
	{string(domain.PeriodNotOver), 409, "The month is not over", "Close it once it has ended in the organisation's time zone.", 0},
	{string(domain.UsageUnsettled), 409, "Usage is not settled", "Settlement runs after each cycle; close the month when all of its usage is settled.", 0},
	{string(domain.PeriodIsClosed), 409, "The month is closed", "A closed month never changes; what comes later is booked in the first open one.", 0},
	{codeVersionMismatch, 412, "Changed meanwhile", "Read the order again and decide on its present version.", 0},
	{codeRateLimited, 429, "Too many requests", "Slow down; Retry-After says for how long.", 1},
	{codeBusy, 503, "Busy", "Nothing was done. Try again with the same idempotency key.", 1},
	{codePositionNotReached, 503, "Not there yet", "The read models have not reached the position yet. Try again.", 1},
	{codeProjectionStopped, 503, "Read model stopped", "An event could not be applied; operators see it under /v1/status.", 30},
	{codeOutcomeUnknown, 503, "Outcome unknown", "Send the same command with the same idempotency key again, or look at /v1/commands/{key}.", 1},
	{codeFenced, 503, "Fenced", "The ledger accepts nothing until an operator has looked.", 30},
	{codeInternal, 500, "Internal error", "This is our fault. The request's id, in X-Request-Id, helps to find it.", 0},
}

var kindOfCode = func() map[string]*kindOfProblem {
	byCode := map[string]*kindOfProblem{}
	for i := range kindsOfProblems {
		byCode[kindsOfProblems[i].code] = &kindsOfProblems[i]
	}
	return byCode
}()

// problem makes a problem of a known code.
func problem(code, detail string) *Problem {
	kind, ok := kindOfCode[code]
	if !ok { // a rule's code that is not in the table yet
		kind = &kindOfProblem{code: code, status: http.StatusConflict, title: "Refused"}
	}
	return &Problem{Type: "/docs#" + code, Title: kind.title, Status: kind.status, Detail: detail, Code: code, Hint: kind.hint}
}

func invalidField(field, detail string) *Problem {
	p := problem(codeInvalidValue, detail)
	p.Field = field
	return p
}

func notFound() *Problem { return problem(codeNotFound, "there is nothing here that this key may see") }

// problemOf maps any error to what the caller is told of it. What is not known is internal, and its
// text stays with the operators.
func problemOf(err error) *Problem {
	var p *Problem
	var refused *domain.Rejection
	var stopped *projections.StoppedError
	var invalid *webhooks.InvalidError
	switch {
	case errors.As(err, &p):
		return p
	case errors.As(err, &refused):
		return problemOfRejection(refused)
	case errors.As(err, &stopped):
		return problem(codeProjectionStopped, "the read model "+stopped.Name+" stopped at position "+strconv.FormatInt(stopped.Position, 10))
	case errors.Is(err, projections.ErrNotReached):
		return problem(codePositionNotReached, "the read model has not got there within 5 seconds")
	case errors.Is(err, projections.ErrBadCursor):
		return invalidField("cursor", err.Error())
	case errors.Is(err, auth.ErrNotFound), errors.Is(err, projections.ErrNotFound):
		return notFound()
	case errors.As(err, &invalid):
		return invalidField(invalid.Field, invalid.Detail)
	case errors.Is(err, webhooks.ErrNotFound):
		return notFound()
	case errors.Is(err, webhooks.ErrTooMany):
		return problem(string(domain.LimitReached), err.Error())
	case errors.Is(err, webhooks.ErrTooOften):
		return problem(codeRateLimited, err.Error())
	case errors.Is(err, ErrRehearsalFull):
		return problem(codeDryRunFull, err.Error())
	case errors.Is(err, ErrTooLarge):
		return problem(codeTooLarge, "the command makes an event of more than 768 KiB; split the order")
	case errors.Is(err, ErrKeyReused):
		return problem(codeKeyReused, "the idempotency key was used for another command")
	case errors.Is(err, ErrOutcomeUnknown):
		return problem(codeOutcomeUnknown, "the command may or may not have been carried out; its key will tell")
	case errors.Is(err, ErrFenced):
		return problem(codeFenced, err.Error())
	case errors.Is(err, ErrBusy):
		return problem(codeBusy, "too much is waiting; nothing was done")
	case unreachable(err):
		slog.Warn("a request found the database out of reach", "error", err)
		return problem(codeBusy, "the database can't be asked just now")
	}
	slog.Error("a request failed", "error", err)
	return problem(codeInternal, "something went wrong here")
}

func problemOfRejection(r *domain.Rejection) *Problem {
	if r.Code == domain.NotFound {
		p := notFound() // the same body for what is missing and what is another's
		p.Field = r.Field
		return p
	}
	p := problem(string(r.Code), r.Detail)
	p.Field = r.Field
	if r.Code == domain.InsufficientFunds {
		p.Missing, p.Currency = &r.Missing, r.Currency
	}
	return p
}

// unreachable says whether the database could not be asked: no connection, or one that broke.
func unreachable(err error) bool {
	var connect *pgconn.ConnectError
	var network net.Error
	var pg *pgconn.PgError
	switch {
	case errors.As(err, &pg):
		class := pg.Code[:2]
		return class == "08" || class == "53" || class == "57"
	case errors.As(err, &connect), errors.As(err, &network):
		return true
	}
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
}

// writeProblem answers with what is wrong.
func writeProblem(w http.ResponseWriter, p *Problem) {
	h := w.Header()
	h.Set("Content-Type", "application/problem+json")
	if kind := kindOfCode[p.Code]; kind != nil && kind.retryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(kind.retryAfter))
	}
	if p.Status == http.StatusUnauthorized {
		h.Set("WWW-Authenticate", "Bearer")
	}
	w.WriteHeader(p.Status)
	_, _ = w.Write(encodeAnswer(p)) // who left does not hear it
}
