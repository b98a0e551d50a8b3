package projections

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"orderledger/eventstore"
)

// Bounds of the window.
const (
	windowMax      = 20_000   // events
	windowBytesMax = 32 << 20 // of their payloads
)

// window holds the latest events of the log, which it follows once for all read models of this process:
// each on its own feed would have everything read and checked as many times as there are models. A model
// that is further behind than the window reaches back follows the feed by itself until it is not.
type window struct {
	mu     sync.Mutex
	begun  bool
	events []eventstore.Event // consecutive, up to position
	bytes  int
	// position is of the last event that was in the window, ever.
	position int64
	moved    chan struct{} // closed, and made anew, when there is more, or the window ends
}

func newWindow() *window { return &window{moved: make(chan struct{})} }

// run follows the log from where it ends now, until ctx does.
func (w *window) run(ctx context.Context, log *eventstore.Log, feed Feed) {
	for ctx.Err() == nil {
		head, err := log.Head(ctx)
		if err == nil {
			w.begin(head.Position)
			err = feed.Follow(ctx, head.Position, head.Hash, pageMax, func(_ context.Context, events []eventstore.Event) error {
				w.add(events)
				return nil
			})
			w.end()
		}
		if ctx.Err() != nil {
			return
		}
		slog.WarnContext(ctx, "following the log for the read models was interrupted", "error", err)
		select {
		case <-time.After(retryMin):
		case <-ctx.Done():
		}
	}
}

func (w *window) begin(position int64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.begun, w.events, w.bytes, w.position = true, nil, 0, position
}

func (w *window) end() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.begun = false
	close(w.moved)
	w.moved = make(chan struct{})
}

func (w *window) add(events []eventstore.Event) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.events = append(w.events, events...)
	for i := range events {
		w.bytes += len(events[i].Payload)
	}
	w.position = events[len(events)-1].Position
	drop := 0
	for len(w.events)-drop > windowMax || w.bytes > windowBytesMax {
		w.bytes -= len(w.events[drop].Payload)
		drop++
	}
	// What readers hold stays as it is: the events move to another array, or are appended behind.
	w.events = w.events[drop:]
	close(w.moved)
	w.moved = make(chan struct{})
}

// after gives at most a page of events after a position. No events, but within, means that there are none
// yet: moved is closed when there are. Not within means that the window doesn't go there.
func (w *window) after(position int64) (events []eventstore.Event, within bool, moved <-chan struct{}) {
	w.mu.Lock()
	defer w.mu.Unlock()
	first := w.position - int64(len(w.events)) // the position before the window
	if !w.begun || position < first || position > w.position {
		return nil, false, nil
	}
	rest := w.events[position-first:]
	n := min(len(rest), pageMax)
	return rest[:n:n], true, w.moved
}
