package client

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"
)

// Filter narrows a subscription; its zero value takes all that the credential may see.
type Filter struct {
	// Types are those of events, without their version: "order.paid". None takes all.
	Types []string
	// OrgID narrows to an organisation, OrderID and ResourceID to the events of one order or resource.
	OrgID, OrderID, ResourceID string
}

func (f *Filter) matches(e *Event) bool {
	switch {
	case f.OrgID != "" && e.OrgID != f.OrgID,
		f.OrderID != "" && e.Stream != "order-"+f.OrderID,
		f.ResourceID != "" && e.Stream != "resource-"+e.OrgID+"/"+f.ResourceID:
		return false
	}
	return len(f.Types) == 0 || slices.Contains(f.Types, e.Type) || slices.Contains(f.Types, e.Name())
}

// Subscribe calls handle with each event that the filter takes, one after another in the order of the log, from the position
// that positions has, and saves the position after each. It goes on until ctx ends, with ctx's error: a connection that
// breaks is made again. Only what can't be mended ends it earlier, such as a *[Refusal].
//
// An event whose handling fails is handled again, after a pause, for as long as it takes: none is passed over. Before that
// the position is loaded again, so that a transaction whose commit was only thought to have failed is seen.
//
// Each event is handled at least once: a process that dies after handling and before Save handles it again. It is exactly
// once where the handler itself keeps e.Position in the transaction with which it does its work, and positions loads it
// from there (see [PositionFuncs]).
func (c *Client) Subscribe(ctx context.Context, f Filter, positions Positions, handle func(context.Context, Event) error) error {
	ctx, stop := c.while(ctx)
	defer stop()
	s := subscription{filter: f, positions: positions, handle: handle}
	if err := s.load(ctx); err != nil {
		return err
	}
	var p pauses
	for {
		from := s.after
		err := c.via.follow(ctx, &f, s.after, func(e Event) error { return s.take(ctx, e) })
		if ctx.Err() != nil {
			s.keepSkipped(ctx)
			return context.Cause(ctx)
		}
		var again *passing
		if !errors.As(err, &again) {
			return err
		}
		if s.after > from {
			p.reset()
		}
		slog.DebugContext(ctx, "the ledger's events are followed again", "after", s.after, "cause", err)
		if err := p.wait(ctx, again.after); err != nil {
			return err
		}
	}
}

// subscription is how far a subscription is.
type subscription struct {
	filter    Filter
	positions Positions
	handle    func(context.Context, Event) error
	// after is the position up to which nothing is left to do, saved the one that is kept.
	after, saved int64
	savedAt      time.Time
}

// Positions passed over are saved now and then, so that a subscription to what is rare need not look through
// everything again.
const (
	skippedMost  = 1000
	skippedPause = 5 * time.Second
	saveTimeout  = 10 * time.Second
)

func (s *subscription) load(ctx context.Context) error {
	position, err := s.positions.Load(ctx)
	if err != nil {
		return fmt.Errorf("load the position: %w", err)
	}
	s.after, s.saved, s.savedAt = max(s.after, position), position, time.Now()
	return nil
}

// take handles an event, however often it takes.
func (s *subscription) take(ctx context.Context, e Event) error {
	if ctx.Err() != nil { // what was read ahead is for the next time
		return context.Cause(ctx)
	}
	if e.Position <= s.after {
		return nil
	}
	if !s.filter.matches(&e) {
		s.after = e.Position
		if s.after-s.saved >= skippedMost || time.Since(s.savedAt) > skippedPause {
			s.keepSkipped(ctx)
		}
		return nil
	}
	if err := e.decode(); err != nil {
		return err
	}
	for p := (pauses{}); ; {
		err := s.handle(ctx, e)
		if err == nil {
			break
		}
		slog.WarnContext(ctx, "an event is handled again", "position", e.Position, "type", e.Type, "error", err)
		if err := p.wait(ctx, 0); err != nil {
			return err
		}
		if err := s.load(ctx); err == nil && s.saved >= e.Position {
			s.after = max(s.after, s.saved)
			return nil
		}
	}
	return s.keep(ctx, e.Position)
}

// keep saves the position of an event that was handled, also when ctx ended meanwhile.
func (s *subscription) keep(ctx context.Context, position int64) error {
	s.after = position
	for p := (pauses{}); ; {
		once, cancel := context.WithTimeout(context.WithoutCancel(ctx), saveTimeout)
		err := s.positions.Save(once, position)
		cancel()
		if err == nil {
			s.saved, s.savedAt = position, time.Now()
			return nil
		}
		slog.WarnContext(ctx, "a position is saved again", "position", position, "error", err)
		if err := p.wait(ctx, 0); err != nil {
			return err
		}
	}
}

// keepSkipped saves a position that nothing was done for. That it fails costs time alone, later.
func (s *subscription) keepSkipped(ctx context.Context) {
	s.savedAt = time.Now()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), saveTimeout)
	defer cancel()
	if s.after > s.saved && s.positions.Save(ctx, s.after) == nil {
		s.saved = s.after
	}
}
