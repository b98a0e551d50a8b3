package handlers

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"orderledger/domain"
	"orderledger/projections"
)

// command carries out a command that came over HTTP, with what stands in the path under its names.
func (s *Server) command(c *call, name string, inPath ...string) (Request, Result, error) {
	t, size, err := c.commandBody(inPath)
	if err != nil {
		return Request{}, Result{}, err
	}
	return s.carryOut(c, t, size, name)
}

// carryOut carries out a command whose body was read.
func (s *Server) carryOut(c *call, t *tree, size int, name string) (Request, Result, error) {
	request, err := s.readCommand(c, t, name, c.r.Header.Get("Idempotency-Key"))
	if err != nil {
		return Request{}, Result{}, err
	}
	request.Bytes = size
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

// commandBody reads a command's body and puts what stands in the address into it.
func (c *call) commandBody(inPath []string) (*tree, int, error) {
	body, err := c.body()
	if err != nil {
		return nil, 0, err
	}
	t, err := parseBody(body)
	if err != nil {
		return nil, 0, err
	}
	for _, name := range inPath {
		if err := t.set(name, c.r.PathValue(name)); err != nil {
			return nil, 0, err
		}
	}
	if len(c.route.query) == 0 { // then what stands there is none of ours
		return t, len(body), nil
	}
	values := c.queryOf().values
	if c.wrong != nil {
		return nil, 0, c.wrong
	}
	for name := range values {
		if err := t.set(name, values.Get(name)); err != nil {
			return nil, 0, err
		}
	}
	return t, len(body), nil
}

// readCommand makes a request of a body, and sees whether its sender may send it.
func (s *Server) readCommand(c *call, t *tree, name, key string) (Request, error) {
	from := sender{c.who, c.unknown}
	request, err := newRequest(t, 0, name, key, from)
	if err != nil {
		return Request{}, err
	}
	match, err := ifMatch(c.r)
	if err != nil {
		return Request{}, err
	}
	if err := from.may(request); err != nil {
		return Request{}, err
	}
	if err := s.limits.take(c.who); err != nil {
		return Request{}, err
	}
	if match > 0 {
		if err := s.matches(c.r.Context(), request, match); err != nil {
			return Request{}, err
		}
	}
	return request, nil
}

// orderCommand answers a command about an order with the order.
func (s *Server) orderCommand(name string, inPath ...string) func(*call) error {
	return func(c *call) error {
		request, result, err := s.command(c, name, inPath...)
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
func (s *Server) orderAnswer(ctx context.Context, request Request, result Result) (OrderAnswer, error) {
	o, ok := result.State.(*domain.Order)
	if !ok {
		return OrderAnswer{}, fmt.Errorf("the answer to %s is a %T", request.Command.Name(), result.State)
	}
	if c, ok := request.Command.(domain.PlaceOrder); ok && !result.Replayed && len(o.Personal) > 0 {
		return withPersonal(o, c.Personal), nil
	}
	return s.filled(ctx, o)
}

// filled is an order with its personal values.
func (s *Server) filled(ctx context.Context, o *domain.Order) (OrderAnswer, error) {
	if len(o.Personal) == 0 {
		return OrderAnswer{Order: o}, nil
	}
	stream := domain.OrderRef(o.OrderID).String()
	values, err := s.Log.Personal(ctx, []string{stream})
	return withPersonal(o, values[stream]), err
}

// orderAt is an order as it was at a position, with its personal values.
func (s *Server) orderAt(ctx context.Context, orderID string, position int64) (OrderAnswer, error) {
	state, err := StateAt(ctx, s.Log, domain.OrderRef(orderID), position)
	if err != nil {
		return OrderAnswer{}, err
	}
	o, ok := state.(*domain.Order)
	if !ok {
		return OrderAnswer{}, fmt.Errorf("the order %s is missing at position %d", orderID, position)
	}
	return s.filled(ctx, o)
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
	return c.answer(projections.OrgOf(o, result.Last))
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
// key gets its first answer, and what the rules refuse anyway its refusal, from the executor.
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
	if !ok || o.Version == version {
		return nil
	}
	outcome, err := s.Executor.Preview(ctx, r)
	var refused *domain.Rejection
	switch {
	case errors.As(err, &refused), errors.Is(err, ErrKeyReused), err == nil && outcome.Replayed:
		return nil
	case err != nil:
		return err
	}
	return problem(codeVersionMismatch, fmt.Sprintf("the order is at version %d", o.Version))
}
