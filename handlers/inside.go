package handlers

import (
	"context"
	"encoding/json"
	"net/url"
	"time"

	"github.com/google/uuid"

	"orderledger/eventstore"
	"orderledger/internal/auth"
	"orderledger/projections"
)

// What follows is the API for callers in the same process that know who asks: the console. Rules, roles, limits and
// errors are those of the routes.

// Act carries out a command. body is its JSON as in a line of POST /v1/commands, key its idempotency key. Errors are
// what ProblemOf explains.
func (s *Server) Act(ctx context.Context, who auth.Identity, name, key string, body []byte) (Result, error) {
	request, err := s.requestOf(who, name, key, body)
	if err != nil {
		return Result{}, err
	}
	return s.Executor.Do(ctx, request)
}

// Try says what a command would do; nothing happens.
func (s *Server) Try(ctx context.Context, who auth.Identity, name string, body []byte) (*Outcome, error) {
	request, err := s.requestOf(who, name, keyOfPreviews, body)
	if err != nil {
		return nil, err
	}
	request.Key = ""
	return s.Executor.Preview(ctx, request)
}

// TryInOrder says what commands of one name would do one after another, each on what those before it would leave behind:
// a result or an error for each. Nothing happens.
func (s *Server) TryInOrder(ctx context.Context, who auth.Identity, name string, bodies [][]byte) ([]Result, []error, error) {
	requests := make([]Request, len(bodies))
	for i, body := range bodies {
		var err error
		if requests[i], err = s.requestOf(who, name, keyOfPreviews+"-"+uuid.NewString(), body); err != nil {
			return nil, nil, err
		}
	}
	return s.Executor.PreviewAll(ctx, requests)
}

func (s *Server) requestOf(who auth.Identity, name, key string, body []byte) (Request, error) {
	t, err := parseBody(body)
	if err != nil {
		return Request{}, err
	}
	from := sender{Identity: who}
	request, err := newRequest(t, 0, name, key, from)
	if err != nil {
		return Request{}, err
	}
	if err := from.may(request); err != nil {
		return Request{}, err
	}
	request.Bytes = len(body)
	return request, s.limits.take(who)
}

// Take counts a request against the caller's limit.
func (s *Server) Take(who auth.Identity) error { return s.limits.take(who) }

// ProblemOf explains any error as the API would answer it.
func ProblemOf(err error) *Problem { return problemOf(err) }

// NotFound is the answer for what does not exist, or is another organisation's.
func NotFound() *Problem { return notFound() }

// Problems lists every code that a Problem may have, in the order in which they win.
func Problems() []string {
	codes := make([]string, len(kindsOfProblems))
	for i, k := range kindsOfProblems {
		codes[i] = k.code
	}
	return codes
}

// OrdersAsked reads the parameters of GET /v1/orders, and what is wrong with them. Others are passed over.
func OrdersAsked(values url.Values, now time.Time) (projections.OrderQuery, error) {
	q := loose(values)
	ask := q.orders(now)
	return ask, q.fault()
}

// BillLinesAsked reads the parameters of GET /v1/bill-lines, and what is wrong with them. Others are passed over.
func BillLinesAsked(values url.Values) (projections.BillLineQuery, error) {
	q := loose(values)
	ask := q.billLines()
	return ask, q.fault()
}

// EntriesAsked reads the parameters of GET /v1/accounts/{org_id}/entries, and what is wrong with them. Others are passed
// over.
func EntriesAsked(values url.Values) (projections.EntryQuery, error) {
	q := loose(values)
	ask := q.entries()
	return ask, q.fault()
}

// ResourcesAsked reads the parameters of GET /v1/resources, and what is wrong with them. Others are passed over.
func ResourcesAsked(values url.Values) (projections.ResourceQuery, error) {
	q := loose(values)
	ask := q.resources()
	return ask, q.fault()
}

// loose reads values that did not come by a route.
func loose(values url.Values) query {
	q := query{&call{}, values}
	for _, name := range sortedNames(values) {
		for _, v := range values[name] {
			if !storable(v) {
				q.fail(name, "it is not UTF-8 text, or has a NUL character")
			}
		}
	}
	return q
}

func (q query) fault() error {
	if q.wrong == nil {
		return nil
	}
	return q.wrong
}

// WithPersonal reads stored orders, with their personal values in the place of digests.
func (s *Server) WithPersonal(ctx context.Context, docs []json.RawMessage) ([]OrderAnswer, error) {
	if err := s.fillPersonal(ctx, docs); err != nil {
		return nil, err
	}
	orders := make([]OrderAnswer, len(docs))
	for i, doc := range docs {
		if err := json.Unmarshal(doc, &orders[i]); err != nil {
			return nil, err
		}
	}
	return orders, nil
}

// Reach waits for a position in read models (the log itself, if none is named), as min_position does.
func (s *Server) Reach(ctx context.Context, position int64, models ...string) error {
	return s.reach(ctx, position, models...)
}

// Status is where the log ends, and how far its mirror and read models are.
func (s *Server) Status(ctx context.Context) (Status, error) { return s.status(ctx) }

// CommandName is the command that was carried out under a key; "" is one that was not.
func (s *Server) CommandName(ctx context.Context, ref eventstore.KeyRef) (string, error) {
	fate, err := s.fate(ctx, ref)
	if err != nil || fate.Outcome != "accepted" || fate.Command == nil {
		return "", err
	}
	return *fate.Command, nil
}
