package intake

import (
	"cmp"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"

	"orderledger/handlers"
)

// transient are the codes of what passes: the command is tried again, and stays in its place.
var transient = map[string]bool{"busy": true, "outcome_unknown": true, "fenced": true, "rate_limited": true}

var errBroken = errors.New("handling the command fails again and again")

// handle carries a command out and returns its result, which is published before the command is acknowledged. An error
// means that it is to be tried again.
func (in *Intake) handle(m *message.Message) ([]*message.Message, error) {
	a := arrivalOf(m)
	switch {
	case a.unreadable:
		return in.poison(m, a, a.wrong)
	case a.refused != nil:
		return in.refuse(a, handlers.NewProblem(a.refused.code, a.refused.detail))
	case a.broken == brokenMax:
		slog.ErrorContext(m.Context(), "a command is put aside", "subject", a.subject, "sequence", a.Sequence, "error", cmp.Or(a.wrong, errBroken))
		return in.poison(m, a, cmp.Or(a.wrong, errBroken))
	}
	a.broken++
	result, err := handlers.Result{}, a.wrong
	if a.place != nil {
		result, err = in.carryOut(m.Context(), a)
	}
	if err == nil {
		return in.answer(a, result)
	}
	p := handlers.ProblemOf(err)
	switch {
	case m.Context().Err() != nil:
		return nil, m.Context().Err()
	case transient[p.Code]:
		a.broken = 0
		return nil, err
	case p.Status >= 500:
		a.wrong = err
		return nil, err
	}
	until := in.parkUntil(m, a)
	if early(err) && in.park(m, a, until) {
		return nil, nil
	}
	if early(err) {
		p.Detail += fmt.Sprintf(" (waited until %s)", until.UTC().Format(time.RFC3339))
	}
	if err := in.keep(m.Context(), a, p); err != nil {
		a.broken = 0
		return nil, err
	}
	return in.refuse(a, p)
}

// carryOut waits for the commands before, and then for the executor.
func (in *Intake) carryOut(ctx context.Context, a *arrival) (handlers.Result, error) {
	for _, p := range a.before {
		select {
		case <-p.done:
		case <-ctx.Done():
			return handlers.Result{}, ctx.Err()
		}
	}
	a.before = nil
	if a.wait == nil {
		in.start(ctx, a)
	}
	wait := a.wait
	a.wait = nil // the next attempt is a new one
	return wait(ctx)
}

// keep writes a refusal down, so that the same message is refused the same way for ever.
func (in *Intake) keep(ctx context.Context, a *arrival, p *handlers.Problem) error {
	org := ""
	if a.request.Command != nil {
		org = a.request.Command.Org()
	}
	detail := p.Detail
	if p.Field != "" {
		detail = p.Field + ": " + detail
	}
	kept, err := in.refusals.keep(ctx, *in.created.Load(), a, org, refusal{p.Code, detail})
	if err == nil {
		*p = *handlers.NewProblem(kept.code, kept.detail)
	}
	return err
}

func (in *Intake) answer(a *arrival, r handlers.Result) ([]*message.Message, error) {
	outcome := "accepted"
	if r.Replayed {
		outcome = "replayed"
	}
	in.counts.outcomes.WithLabelValues(outcome).Inc()
	m := a.result(handlers.AppendAnswer(nil, a.Sequence, a.key, a.request.Command, r, nil))
	m.Metadata.Set(HeaderPosition, strconv.FormatInt(r.Last, 10))
	return []*message.Message{m}, nil
}

func (in *Intake) refuse(a *arrival, p *handlers.Problem) ([]*message.Message, error) {
	in.counts.outcomes.WithLabelValues("refused").Inc()
	return []*message.Message{a.result(handlers.AppendAnswer(nil, a.Sequence, a.key, a.request.Command, handlers.Result{}, p))}, nil
}

// result is the message that tells a service what became of its command.
func (a *arrival) result(line []byte) *message.Message {
	m := message.NewMessage("", line)
	m.Metadata.Set(subjectKey, ResultSubject(a.service, a.key))
	m.Metadata.Set(HeaderKey, a.key)
	return m
}

// ResultSubject is where the outcome of a service's command goes.
func ResultSubject(service, key string) string {
	return resultPrefix + service + "." + base64.RawURLEncoding.EncodeToString([]byte(key))
}

// leave gives the place in line up once a command is settled, or has to come again.
func (in *Intake) leave(next message.HandlerFunc) message.HandlerFunc {
	return func(m *message.Message) ([]*message.Message, error) {
		if a := arrivalOf(m); a.place != nil {
			defer a.place.leave()
		}
		return next(m)
	}
}
