package intake

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/ThreeDotsLabs/watermill/message/router/middleware"

	"orderledger/handlers"
	"orderledger/internal/auth"
)

// HeaderKey has a command's idempotency key, HeaderPosition, of a result, the position of the command's last event.
const (
	HeaderKey      = "Ledger-Key"
	HeaderPosition = "Ledger-Position"

	// CorrelationMax bounds a correlation id, in bytes; a longer one is passed over.
	CorrelationMax = 64
)

// arrival is a command that has come, as far as it is known.
type arrival struct {
	*Delivery
	subject       string
	service, name string
	key           string
	request       handlers.Request
	// wrong is why it is not carried out, unreadable that it can't even be answered as it should.
	wrong      error
	unreadable bool
	// refused is how it was refused before it came again.
	refused *refusal

	place  *place
	before []*place
	// wait is for the result of a command that is under way.
	wait func(context.Context) (handlers.Result, error)
	// broken counts attempts that failed for no known reason.
	broken int
}

type arrivalContext struct{}

func arrivalOf(m *message.Message) *arrival {
	a, _ := m.Context().Value(arrivalContext{}).(*arrival)
	return a
}

// arrive reads a message, gives it its place in line, and starts its command if nobody is before it. It is called for
// one message after another in stream order, so that commands which do not wait for each other are decided in that
// order too.
func (in *Intake) arrive(m *message.Message) {
	a := &arrival{Delivery: DeliveryOf(m), subject: m.Metadata.Get(subjectKey), key: m.Metadata.Get(HeaderKey)}
	ctx := context.WithValue(m.Context(), arrivalContext{}, a)
	m.SetContext(ctx)
	if pin := m.Metadata.Get(pinKey); pin != in.pin {
		in.begin(ctx, pin)
	}
	in.parked.remove(a.Sequence)
	a.service, a.name, _ = strings.Cut(strings.TrimPrefix(a.subject, commandPrefix), ".")
	if a.unreadable = !auth.IsServiceName(a.service); a.unreadable {
		a.wrong = handlers.NewProblem("malformed", "a service's name has 1 to 32 of a-z, 0-9 and the hyphen")
		return
	}
	if a.unreadable = !handlers.KnowsCommand(a.name); a.unreadable {
		a.wrong = handlers.NewProblem("malformed", "there is no command "+a.name)
		return
	}
	// Without the database nothing goes on in any case; what waits here waits in order.
	who, unknown := in.identify(ctx, a.service)
	if a.Times > 1 || a.Sequence <= in.refusedTo {
		in.repeat(ctx, a)
	}
	if a.refused != nil {
		return
	}
	a.request, a.wrong = handlers.ReadCommand(a.name, a.key, m.Payload, who, unknown)
	if a.wrong != nil {
		a.unreadable = isUnreadable(a.wrong)
		return
	}
	if id := middleware.MessageCorrelationID(m); len(id) <= CorrelationMax {
		a.request.Correlation = id
	}
	a.place, a.before = in.lanes.enter(about(a.request.Command))
	if len(a.before) == 0 {
		in.start(ctx, a)
	}
}

// pinKey is where a message's metadata has the mark by which the server knows the active intake.
const pinKey = "Nats-Pin-Id"

// begin is called with the first message since this intake is the active one, or the server began anew. What waits may have
// been another's since; and a server that was killed may have forgotten that it delivered a message before.
func (in *Intake) begin(ctx context.Context, pin string) {
	in.pin = pin
	in.parked.clear()
	persist(ctx, "look for the last refusal", func() (err error) {
		in.refusedTo, err = in.refusals.last(ctx, *in.created.Load())
		return err
	})
}

// start puts the command into the executor's queue, waiting for room.
func (in *Intake) start(ctx context.Context, a *arrival) {
	wait, err := in.Executor.Start(ctx, a.request)
	if err != nil {
		wait = func(context.Context) (handlers.Result, error) { return handlers.Result{}, err }
	}
	a.wait = wait
}

// identify finds out who a service is, however long the database takes to tell.
func (in *Intake) identify(ctx context.Context, service string) (who auth.Identity, unknown error) {
	persist(ctx, "look a service up", func() error {
		who, unknown = in.Services.Find(ctx, service)
		if errors.Is(unknown, auth.ErrUnauthenticated) {
			unknown = handlers.Unauthenticated("there is no service " + service + ", or it was revoked")
			return nil
		}
		return unknown
	})
	return who, unknown
}

// repeat finds out whether a message that comes again was refused before.
func (in *Intake) repeat(ctx context.Context, a *arrival) {
	persist(ctx, "look a refusal up", func() (err error) {
		a.refused, err = in.refusals.find(ctx, *in.created.Load(), a.Sequence)
		return err
	})
}

// persist does something until it works or ctx ends.
func persist(ctx context.Context, what string, do func() error) {
	for pause := retryFirst; ; pause = min(2*pause, retryMost) {
		err := do()
		if err == nil || ctx.Err() != nil {
			return
		}
		slog.WarnContext(ctx, "the intake waits for the database", "to", what, "error", err)
		select {
		case <-time.After(pause):
		case <-ctx.Done():
		}
	}
}

// isUnreadable tells what is wrong with a message from what is wrong with the values in it.
func isUnreadable(err error) bool {
	p := handlers.ProblemOf(err)
	return p.Code == "malformed" || p.Code == "too_large" || p.Code == "key_missing" || p.Field == "Idempotency-Key"
}
