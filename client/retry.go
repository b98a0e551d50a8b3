package client

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"
)

// GiveUpAfter is how long a command, or a question, is tried at most; a context may end it earlier.
const GiveUpAfter = 2 * time.Minute

const (
	pauseFirst = 50 * time.Millisecond
	pauseMost  = 5 * time.Second
)

// pauses are those between attempts: twice as long each time, with a half left to chance, so that those who were cut
// off together do not come back together.
type pauses struct{ next time.Duration }

func (p *pauses) wait(ctx context.Context, atLeast time.Duration) error {
	p.next = min(max(2*p.next, pauseFirst), pauseMost)
	d := max(p.next/2+rand.N(p.next/2), atLeast) //nolint:gosec // nobody gains by guessing a pause
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (p *pauses) reset() { p.next = 0 }

// persist does something until its error is one that does not pass. When time is up, the error is why, and the last one.
func (c *Client) persist(ctx context.Context, within time.Duration, do func(context.Context) error) error {
	ctx, stop := c.while(ctx)
	defer stop()
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	var p pauses
	for {
		err := do(ctx)
		var again *passing
		if !errors.As(err, &again) {
			return err
		}
		if ended := p.wait(ctx, again.after); ended != nil {
			return fmt.Errorf("%w: %w", ended, again.err)
		}
	}
}
