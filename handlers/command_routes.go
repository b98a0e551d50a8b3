package handlers

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"orderledger/domain"
	"orderledger/eventstore"
	"orderledger/projections"
)

// command carries out a command that came over HTTP, with what stands in the path under its name.
func (s *Server) command(c *call, name, inPath string) (Request, Result, error) {
	body, err := c.body()
	if err != nil {
		return Request{}, Result{}, err
	}
	t, err := parseBody(body)
	if err != nil {
		return Request{}, Result{}, err
	}
	if inPath != "" {
		if err := t.set(inPath, c.r.PathValue(inPath)); err != nil {
			return Request{}, Result{}, err
		}
	}
	from := sender{c.who, c.unknown}
	request, err := newRequest(t, 0, name, c.r.Header.Get("Idempotency-Key"), from)
	if err != nil {
		return Request{}, Result{}, err
	}
	match, err := ifMatch(c.r)
	if err != nil {
		return Request{}, Result{}, err
	}
	if err := from.may(request); err != nil {
		return Request{}, Result{}, err
	}
	if err := s.limits.take(c.who); err != nil {
		return Request{}, Result{}, err
	}
	if match > 0 {
		if err := s.matches(c.r.Context(), request, match); err != nil {
			return Request{}, Result{}, err
		}
	}
	request.Bytes = len(body)
	if c.r.Header.Get("X-Request-Id") != "" {
		request.Correlation = c.id
	}
	result, err := s.Executor.Do(c.r.Context(), request)
	if err != nil {
		return Request{}, Result{}, err
	}
	h := c.w.Header()
	h.Set("Ledger-Position", strconv.FormatInt(result.Last, 10))
	if result.Replayed {
		h.Set("Idempotency-Replayed", "true")
	}
	return request, result, nil
}

// orderCommand answers a command about an order with the order.
func (s *Server) orderCommand(name, inPath string) func(*call) error {
	return func(c *call) error {
		request, result, err := s.command(c, name, inPath)
		if err != nil {
			return err
		}
		answer, err := s.orderAnswer(c.r.Context(), request, result)
		if err != nil {
			return err
		}
		c.w.Header().Set("ETag", `"`+strconv.FormatInt(answer.Version, 10)+`"`)
		return c.answer(answer)
	}
}

// orderAnswer is the order that a command led to, with its personal values.
func (s *Server) orderAnswer(ctx context.Context, request Request, result Result) (orderAnswer, error) {
	o, ok := result.State.(*domain.Order)
	if !ok {
		return orderAnswer{}, fmt.Errorf("the answer to %s is a %T", request.Command.Name(), result.State)
	}
	if len(o.Personal) == 0 {
		return orderAnswer{Order: o}, nil
	}
	if c, ok := request.Command.(domain.PlaceOrder); ok && !result.Replayed {
		return withPersonal(o, c.Personal), nil
	}
	stream := domain.OrderRef(o.OrderID).String()
	values, err := s.Log.Personal(ctx, []string{stream})
	return withPersonal(o, values[stream]), err
}

// topUpAnswer is made of the top-up's event alone, so that a repeated command gets the same bytes.
type topUpAnswer struct {
	OrgID    string                `json:"org_id"`
	Entry    projections.Entry     `json:"entry"`
	Balances []projections.Balance `json:"balances" doc:"Of the currency that was topped up"`
	AsOf     int64                 `json:"as_of_position"`
}

func (s *Server) topUp(c *call) error {
	_, result, err := s.command(c, "top_up", "org_id")
	if err != nil {
		return err
	}
	e, ok := result.Event.(domain.AccountToppedUp)
	if !ok {
		return fmt.Errorf("the answer to top_up is a %T", result.Event)
	}
	at, err := s.occurredAt(c.r.Context(), result)
	if err != nil {
		return err
	}
	return c.answer(topUpAnswer{
		OrgID: e.OrgID, AsOf: result.Last,
		Entry: projections.Entry{
			Position: result.First, At: at, Type: "top_up", Fund: "cash", Amount: e.Amount.String(), BalanceAfter: e.Balance.Cash.String(),
			Currency: e.Currency, Reference: e.Reference,
		},
		Balances: []projections.Balance{{
			Currency: e.Currency, Cash: e.Balance.Cash.String(), Gift: e.Balance.Gift.String(), Voucher: e.Balance.Voucher.String(),
			Frozen: e.Balance.Frozen.String(),
		}},
	})
}

// occurredAt is when a command's first event happened. A first answer that was made again from the log
// comes without the account, which would tell.
func (s *Server) occurredAt(ctx context.Context, result Result) (time.Time, error) {
	if a, ok := result.State.(*domain.Account); ok {
		return a.OccurredAt, nil
	}
	events, err := s.Log.Read(ctx, result.First-1, 1)
	if err != nil {
		return time.Time{}, err
	}
	if len(events) == 0 {
		return time.Time{}, fmt.Errorf("event %d is missing", result.First)
	}
	return events[0].OccurredAt, nil
}

func (s *Server) changeSettings(c *call) error {
	_, result, err := s.command(c, "change_settings", "org_id")
	if err != nil {
		return err
	}
	o, ok := result.State.(*domain.Org)
	if !ok {
		return fmt.Errorf("the answer to change_settings is a %T", result.State)
	}
	return c.answer(projections.Org{OrgID: o.OrgID, Settings: o.Settings, Version: o.Version, Position: o.Position, AsOf: result.Last})
}

// ifMatch is the version that the caller wants to act on, 0 for any.
func ifMatch(r *http.Request) (int64, error) {
	text := r.Header.Get("If-Match")
	if text == "" || text == "*" {
		return 0, nil
	}
	version, err := strconv.ParseInt(strings.Trim(strings.TrimPrefix(text, "W/"), `"`), 10, 64)
	if err != nil || version < 1 {
		return 0, invalidField("If-Match", "an ETag that an order was answered with")
	}
	return version, nil
}

// matches holds the order against the version that the caller saw. It is a look before the command, not
// part of it: the rules themselves keep a command from acting on an order that has moved on. A known
// key gets its first answer, and an order that is not unpaid any more its refusal, from the executor.
func (s *Server) matches(ctx context.Context, r Request, version int64) error {
	orderID := domain.OrderOf(r.Command)
	if orderID == "" {
		return nil
	}
	ref := domain.OrderRef(orderID)
	loaded, err := s.Log.Load(ctx, []string{ref.String()}, domain.RulesVersion)
	if err != nil {
		return err
	}
	state, err := stateOf(ref, loaded[ref.String()])
	if err != nil {
		return err
	}
	o, ok := state.(*domain.Order)
	if !ok || o.Version == version || o.Status != domain.Unpaid {
		return nil
	}
	if r.Command.Org() != "" && o.OrgID != r.Command.Org() {
		return nil
	}
	key := eventstore.KeyRef{OrgID: o.OrgID, Key: r.Key}
	known, err := s.Log.Lookup(ctx, []eventstore.KeyRef{key})
	if err != nil {
		return err
	}
	if _, there := known[key]; there {
		return nil
	}
	return problem(codeVersionMismatch, fmt.Sprintf("the order is at version %d", o.Version))
}
