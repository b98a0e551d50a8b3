package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/cenkalti/backoff/v5"
)

// Bounds of an import: one request carries so many lines and bytes, and for so long the server may answer nothing
// before the import gives up.
const (
	chunkLines = 2000
	chunkBytes = 4 << 20
	silenceMax = 2 * time.Minute
	pauseFirst = 100 * time.Millisecond
	pauseMost  = 5 * time.Second
)

// Tally is what an import came to. Read is the sum of the other counts, Position the last event's.
type Tally struct {
	Read     int64 `json:"read"`
	Accepted int64 `json:"accepted"`
	Replayed int64 `json:"replayed"`
	Refused  int64 `json:"refused"`
	Position int64 `json:"position"`
}

// Import sends a file of commands to one server, in order: no line goes out before those of earlier requests were
// answered. What a broken connection or a busy server left unanswered is sent again.
type Import struct {
	Client *Client
	// Answered is told of each line's fate; the answer's Line is the line's number in the file. It may be nil.
	Answered func(Answer)
	// Waiting is told why, and for how long, the import waits before it sends again. It may be nil.
	Waiting func(error, time.Duration)

	tally Tally
}

// Run reads to the end of r, one JSON object a line; empty lines are passed over. It returns what was done so far
// with an error too: of ctx, of reading, a *Problem that concerns the whole import, or a server that is silent for 2 min.
func (m *Import) Run(ctx context.Context, r io.Reader) (Tally, error) {
	lines := NewLines(r)
	for {
		chunk, err := m.chunk(lines)
		if err != nil {
			return m.tally, err
		}
		if len(chunk) == 0 {
			return m.tally, nil
		}
		if err := m.send(ctx, chunk); err != nil {
			return m.tally, err
		}
	}
}

// DryRun has the server say what Run would come to, and sends nothing for good: the file goes in one request, each
// line being decided on what those before it would leave behind. It ends with the first line that has no fate, such as
// when the file is more than a dry run may hold.
func (m *Import) DryRun(ctx context.Context, r io.Reader) (Tally, error) {
	err := m.Client.Rehearse(ctx, r, func(a Answer) error {
		if !a.Final() || a.Code == "dry_run_full" {
			return fmt.Errorf("line %d: %w", a.Line, &Problem{Code: a.Code, Detail: a.Detail})
		}
		m.note(a)
		return nil
	})
	return m.tally, err
}

// chunk collects the lines of one request. A line that no server takes is answered here.
func (m *Import) chunk(lines *Lines) ([]Line, error) {
	var chunk []Line
	for size := 0; len(chunk) < chunkLines && size < chunkBytes; {
		line, err := lines.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		if line.TooLong {
			if len(chunk) > 0 {
				// Its turn comes after the lines before it.
				lines.back = &line
				break
			}
			m.note(Answer{Line: line.Number, Outcome: Invalid, Code: "too_large", Detail: "a line has at most 512 KiB"})
			continue
		}
		chunk = append(chunk, line)
		size += len(line.Text)
	}
	return chunk, nil
}

// send sends until every line is answered.
func (m *Import) send(ctx context.Context, chunk []Line) error {
	pauses := backoff.NewExponentialBackOff()
	pauses.InitialInterval, pauses.MaxInterval = pauseFirst, pauseMost
	for last := time.Now(); len(chunk) > 0; {
		texts := make([][]byte, len(chunk))
		for i := range chunk {
			texts[i] = chunk[i].Text
		}
		done := 0
		err := m.Client.Bulk(ctx, texts, func(a Answer) error {
			if !a.Final() {
				return fmt.Errorf("line %d: %w", chunk[done].Number, &Problem{Status: 503, Code: a.Code, Detail: a.Detail})
			}
			a.Line = chunk[done].Number
			m.note(a)
			done++
			return nil
		})
		if done > 0 {
			chunk, last = chunk[done:], time.Now()
			pauses.Reset()
		}
		if err == nil {
			continue
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if !passing(err) {
			return err
		}
		if time.Since(last) > silenceMax {
			return fmt.Errorf("no answer for %s, given up before line %d: %w", silenceMax, chunk[0].Number, err)
		}
		if err := m.wait(ctx, err, pauses.NextBackOff()); err != nil {
			return err
		}
	}
	return nil
}

func (m *Import) wait(ctx context.Context, why error, pause time.Duration) error {
	if m.Waiting != nil {
		m.Waiting(why, pause)
	}
	select {
	case <-time.After(pause):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (m *Import) note(a Answer) {
	m.tally.Read++
	switch a.Outcome {
	case Accepted:
		m.tally.Accepted++
	case Replayed:
		m.tally.Replayed++
	default:
		m.tally.Refused++
	}
	m.tally.Position = max(m.tally.Position, a.Position)
	if m.Answered != nil {
		m.Answered(a)
	}
}

// passing says whether an error may go away by itself. A fenced ledger waits for its operator: that is no passing.
func passing(err error) bool {
	var p *Problem
	if !errors.As(err, &p) {
		return true // the connection's
	}
	return p.Code != "fenced" && (p.Status == 429 || p.Status >= 500)
}
