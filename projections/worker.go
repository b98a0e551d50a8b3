package projections

import (
	"context"
	"sync"

	"github.com/jackc/pgx/v5/pgxpool"

	"orderledger/eventstore"
)

// Feed gives the events after a position, in order and without a gap, and goes on as the log grows:
// eventstore.Feed.
type Feed interface {
	// Follow calls handle with pages of 1 to pageMax events until ctx ends or handle fails, and returns that error.
	// afterHash is the chain's hash at after.
	Follow(ctx context.Context, after int64, afterHash eventstore.Hash, pageMax int, handle func(context.Context, []eventstore.Event) error) error
}

// Worker keeps the read models up with the log.
type Worker struct {
	pool *pgxpool.Pool
	log  *eventstore.Log
	feed Feed

	mu     sync.Mutex
	models map[string]*reached
}

// reached is how far this process brought a read model.
type reached struct {
	position int64
	moved    chan struct{} // closed, and made anew, when position rises
}

// NewWorker makes a worker. The pool runs as ledger_projector and has a connection for each read model; log
// reads through a pool of that role too.
func NewWorker(pool *pgxpool.Pool, log *eventstore.Log, feed Feed) *Worker {
	w := &Worker{pool: pool, log: log, feed: feed, models: map[string]*reached{}}
	for _, name := range Names {
		w.models[name] = &reached{moved: make(chan struct{})}
	}
	return w
}

// reached is how far this process brought a read model, and a channel that is closed when it gets further.
// Without a worker it is nowhere, for ever.
func (w *Worker) reached(name string) (int64, <-chan struct{}) {
	if w == nil {
		return -1, nil
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	m := w.models[name]
	return m.position, m.moved
}
