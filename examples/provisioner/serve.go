package main

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"orderledger/client"
)

// step is something to ask of the ledger. Asking twice does no harm; asked keeps it from happening all the time, while the
// event that answers it is on the way. What was refused is not asked again before something else happens.
type step struct {
	name  string
	asked *string
	do    func(context.Context, *client.Client) (client.Outcome, error)
}

// stepsMost are under way at once.
const stepsMost = 16

// serve follows the ledger and does what follows from it, until ctx ends. What is under way then may be done or not: the
// next process sees.
func serve(ctx context.Context, o options, c *client.Client) error {
	s := newService(o)
	news, ended := make(chan struct{}, 1), make(chan error, 1)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() { ended <- s.follow(ctx, c, news) }()

	places, looks := time.NewTicker(o.placeEvery), time.NewTicker(o.usageEvery)
	defer places.Stop()
	defer looks.Stop()
	for {
		var steps []step
		select {
		case err := <-ended:
			return err
		case <-places.C:
			steps = s.placeNext()
		case <-looks.C:
		case <-news:
		}
		s.carryOut(ctx, c, append(steps, s.next(time.Now())...))
	}
}

// follow folds the ledger's events, from the first one on, as nothing is kept. A service with a database of its own keeps
// the position there, in the transaction that keeps what the event changed.
func (s *service) follow(ctx context.Context, c *client.Client, news chan<- struct{}) error {
	first := client.PositionFuncs{LoadFunc: func(context.Context) (int64, error) { return 0, nil }}
	return c.Subscribe(ctx, client.Filter{OrgID: s.org}, first, func(_ context.Context, e client.Event) error {
		s.fold(e)
		select {
		case news <- struct{}{}:
		default: // somebody will look already
		}
		return nil
	})
}

// placeNext is the step that places the next order.
func (s *service) placeNext() []step {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := s.placed
	if n >= s.own {
		return nil
	}
	return []step{{"place", new(string), func(ctx context.Context, c *client.Client) (client.Outcome, error) {
		return c.Place(ctx, s.order(n))
	}}}
}

// carryOut does the steps, and waits for them.
func (s *service) carryOut(ctx context.Context, c *client.Client, steps []step) {
	var all sync.WaitGroup
	room := make(chan struct{}, stepsMost)
	for _, step := range steps {
		room <- struct{}{}
		all.Go(func() {
			defer func() { <-room }()
			out, err := step.do(ctx, c)
			var refused *client.Refusal
			switch {
			case ctx.Err() != nil:
			case err == nil:
				slog.Info("done", "step", step.name, "position", out.Position, "replayed", out.Replayed)
			case errors.As(err, &refused): // as when somebody refunded the order meanwhile
				slog.Warn("refused", "step", step.name, "error", refused)
			default:
				slog.Error("no answer", "step", step.name, "error", err)
				s.mu.Lock()
				*step.asked = "" // ask again
				s.mu.Unlock()
			}
		})
	}
	all.Wait()
}
