package intake

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"sync/atomic"
	"time"

	"github.com/ThreeDotsLabs/watermill"
	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/ThreeDotsLabs/watermill/message/router/middleware"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"orderledger/handlers"
	"orderledger/internal/auth"
)

const (
	// durable names the consumer that all intakes of a ledger share.
	durable = "intake"

	retryFirst = 20 * time.Millisecond
	retryMost  = 2 * time.Second
	// brokenMax is how often a command may fail for no known reason before it is put aside.
	brokenMax = 5
	closeMost = 2*closeGrace + time.Second
)

// Options are what an intake works on. The caller closes all of it after Run has returned.
type Options struct {
	Executor *handlers.Executor
	Services *auth.Services
	// Pool works as ledger_app.
	Pool *pgxpool.Pool
	NATS *nats.Conn
	// Replicas of the streams, where they are made; 0 is 1.
	Replicas int
	// ParkFor is how long a command that came too early waits for what has to come before it, from when it was
	// published; 0 is the constant ParkFor.
	ParkFor time.Duration
}

// Intake carries out the commands of services that come over NATS. Any number may run, in any processes: one is active.
type Intake struct {
	Options
	lanes    *lanes // of one session
	refusals *refusals
	counts   *counts
	parked   parking
	// created is when the stream of commands was made: with a sequence, it names a message for ever.
	created atomic.Pointer[time.Time]
	// pin is the server's mark of the time that this intake is active for; refusedTo the last message that had been
	// refused before it. Both belong to whom arrive is called by.
	pin       string
	refusedTo uint64
}

// New makes an intake; Run runs it.
func New(o Options) *Intake {
	o.Replicas = max(o.Replicas, 1)
	if o.ParkFor == 0 {
		o.ParkFor = ParkFor
	}
	in := &Intake{Options: o, refusals: &refusals{o.Pool}}
	in.counts = newCounts(&in.parked)
	return in
}

// Run takes commands in until ctx ends, and returns its error. While the broker or the database is away it waits.
func (in *Intake) Run(ctx context.Context) error {
	defer in.refusals.prune(ctx)()
	for pause := followPause; ctx.Err() == nil; pause = min(2*pause, followPauseMax) {
		if err := in.session(ctx); err != nil && ctx.Err() == nil {
			slog.DebugContext(ctx, "the intake tries again", "error", err, "pause", pause)
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
		}
	}
	return ctx.Err()
}

// session runs a router until ctx ends; an error means that it could not begin.
func (in *Intake) session(ctx context.Context) error {
	js, err := jetstream.New(in.NATS)
	if err != nil {
		return fmt.Errorf("use JetStream: %w", err)
	}
	publisher, err := NewPublisher(in.NATS)
	if err != nil {
		return err
	}
	if err := in.prepare(ctx, js); err != nil {
		return err
	}
	subscriber := NewSubscriber(js, CommandsStream, durable)
	subscriber.prepare = func(ctx context.Context) error { return in.prepare(ctx, js) }
	subscriber.arrived = in.arrive // where a command stands in line is settled before any is handled
	in.lanes = newLanes()          // who was given back without being handled left no place
	in.parked.clear()
	router, err := in.router(subscriber, publisher)
	if err != nil {
		return err
	}
	closed := make(chan struct{})
	defer context.AfterFunc(ctx, func() {
		defer close(closed)
		if err := router.Close(); err != nil {
			slog.Warn("the intake was ended with commands in hand, which come again", "error", err)
		}
	})()
	err = router.Run(context.WithoutCancel(ctx)) // it closes in order, when ctx ends
	if ctx.Err() != nil {
		<-closed
		return ctx.Err()
	}
	return errors.Join(err, subscriber.Close())
}

// prepare sees to the streams.
func (in *Intake) prepare(ctx context.Context, js jetstream.JetStream) error {
	if err := EnsureStreams(ctx, js, in.Replicas); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, brokerTimeout)
	defer cancel()
	s, err := js.Stream(ctx, CommandsStream)
	if err != nil {
		return fmt.Errorf("look for stream %s: %w", CommandsStream, err)
	}
	created := s.CachedInfo().Created.UTC().Truncate(time.Microsecond) // as the database keeps it
	in.created.Store(&created)
	return nil
}

func (in *Intake) router(from message.Subscriber, to message.Publisher) (*message.Router, error) {
	// What goes wrong is told here where it matters: while the broker is away each message would have an error of its own.
	levels := map[slog.Level]slog.Level{slog.LevelInfo: slog.LevelDebug, slog.LevelError: slog.LevelDebug}
	logger := untraced{watermill.NewSlogLoggerWithLevelMapping(slog.Default(), levels)}
	router, err := message.NewRouter(message.RouterConfig{CloseTimeout: closeMost}, logger)
	if err != nil {
		return nil, fmt.Errorf("make the router: %w", err)
	}
	router.AddMiddleware(
		in.leave,
		in.measure,
		middleware.CorrelationID,
		middleware.Retry{
			MaxRetries: math.MaxInt32, InitialInterval: retryFirst, MaxInterval: retryMost, Multiplier: 2, RandomizationFactor: 0.2,
			OnRetryHook: func(int, time.Duration) { in.counts.retries.Inc() },
		}.Middleware,
		middleware.Recoverer,
	)
	router.AddHandler("intake", commandSubjects, from, resultPrefix+"unknown", to, in.handle)
	return router, nil
}

// untraced drops what the router tells of each message: putting it together costs time even where nobody reads it.
type untraced struct{ watermill.LoggerAdapter }

func (untraced) Trace(string, watermill.LogFields) {}

func (l untraced) With(fields watermill.LogFields) watermill.LoggerAdapter {
	return untraced{l.LoggerAdapter.With(fields)}
}
