package handlers

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net/http"
	"sync"
	"time"

	"orderledger/domain"
)

const (
	// bulkWindow bounds the lines of one request that are under way.
	bulkWindow = 1024
	// keyBelieved is how long lines are taken without asking for their key again, which may be revoked meanwhile.
	keyBelieved = time.Second
	// Some senders read no answer before they have sent everything. For them, this much is held …
	answersHeld = 512
	answersSize = 32 << 10 // bytes, times answersHeld: some 150,000 answers
	// … for this long, before they are cut off.
	answersPatience = 10 * time.Minute
	// rehearsalsMax bounds the dry runs that go on at once.
	rehearsalsMax = 2
)

// pending is a line under way.
type pending struct {
	line int
	key  string
	id   string // the order's, once it is known
	wait func(context.Context) (Result, error)
	err  error
}

// bulk carries out many commands, in order, and streams an answer line per line. A bad line answers for
// itself. Three goroutines work on it: one reads lines and starts their commands, bulkWindow of them ahead;
// this one gathers answers in order; one writes them.
func (s *Server) bulk(c *call) error {
	dry := c.queryOf().flag("dry_run")
	switch {
	case c.wrong != nil:
		return c.wrong
	case c.unknown != nil:
		return unauthenticated(c.unknown)
	}
	if err := s.limits.take(c.who); err != nil {
		return err
	}
	executor := s.Executor
	if dry {
		rehearsal, err := s.rehearse(c.r.Context())
		if err != nil {
			return err
		}
		defer s.rehearsals.Add(-1)
		defer rehearsal.Close()
		executor = rehearsal
	}
	control := http.NewResponseController(c.w)
	if err := control.EnableFullDuplex(); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return err
	}
	ctx, cancel := context.WithCancel(c.r.Context())
	defer cancel()
	defer context.AfterFunc(s.stop, cancel)()
	c.w.Header().Set("Content-Type", "application/x-ndjson")
	c.w.WriteHeader(http.StatusOK)
	if err := control.Flush(); err != nil { // whoever sends may wait for this before the first line
		return err
	}

	under := make(chan pending, bulkWindow)
	go s.readLines(ctx, lineReader{from: bufio.NewReaderSize(c.r.Body, 64<<10), control: control}, c, executor, under)
	answers := make(chan []byte, answersHeld)
	var written error
	var writer sync.WaitGroup
	writer.Go(func() { written = writeAnswers(c.w, control, answers, cancel) })
	gatherAnswers(ctx, under, answers)
	writer.Wait()
	cut := written != nil || ctx.Err() != nil
	cancel()
	if cut {
		// The reader must not touch the body once this returns: its wait for more ends here. Not so after
		// the last answer, when it has ended: a deadline that has passed would spoil the connection's next request.
		_ = control.SetReadDeadline(time.Now())
	}
	for range under { // until the reader closes it
	}
	if cut {
		panic(http.ErrAbortHandler) // the stream is cut, and must not look complete
	}
	return nil
}

// rehearse begins a dry run, if there are not too many: each may hold much.
func (s *Server) rehearse(ctx context.Context) (*Executor, error) {
	if s.rehearsals.Add(1) <= rehearsalsMax {
		rehearsal, err := s.Executor.Rehearse(ctx)
		if err == nil {
			return rehearsal, nil
		}
		s.rehearsals.Add(-1)
		return nil, err
	}
	s.rehearsals.Add(-1)
	return nil, ErrBusy
}

// readLines starts the commands of the lines in their order, and closes under when there are no more.
func (s *Server) readLines(ctx context.Context, lines lineReader, c *call, executor *Executor, under chan<- pending) {
	defer close(under)
	from, asked := sender{Identity: c.who}, time.Now()
	for {
		text, n, err := lines.next()
		if err != nil && !errors.Is(err, errLineTooLong) {
			if !errors.Is(err, io.EOF) {
				cutOff(ctx, under, n)
			}
			return
		}
		if time.Since(asked) > keyBelieved {
			from.Identity, from.unknown = s.identify(c.r)
			asked = time.Now()
		}
		p := pending{line: n}
		if err != nil {
			p.err = problem(codeTooLarge, "the line has more than 512 KiB")
		} else {
			var r Request
			if r, p.key, p.err = readLine(text, from); p.err == nil {
				p.id, r.Brief = knownOrder(r.Command)
				p.wait, p.err = executor.Start(ctx, r)
			}
		}
		select {
		case under <- p:
		case <-ctx.Done():
			return
		}
	}
}

// cutOff says that the body did not end as it should have.
func cutOff(ctx context.Context, under chan<- pending, line int) {
	select {
	case under <- pending{line: line, err: problem(codeMalformed, "the body could not be read to its end")}:
	case <-ctx.Done():
	}
}

// knownOrder is the order that a command names. One that a new order was given here is only known once
// the command is answered: it may have been given another before.
func knownOrder(c domain.Command) (id string, known bool) {
	if place, ok := c.(domain.PlaceOrder); ok && place.Fresh {
		return "", false
	}
	return domain.OrderOf(c), true
}

// gatherAnswers answers lines in their order, in one piece until nothing is under way, and closes answers.
func gatherAnswers(ctx context.Context, under <-chan pending, answers chan<- []byte) {
	defer close(answers)
	var b []byte
	for {
		var p pending
		open, more := true, true
		select {
		case p, open = <-under:
		default:
			more = false
		}
		if len(b) > 0 && (!more || !open || len(b) >= answersSize) {
			select {
			case answers <- b:
				b = make([]byte, 0, len(b)+256)
			case <-ctx.Done():
				return
			}
		}
		if !more {
			p, open = <-under
		}
		if !open {
			return
		}
		var r Result
		if p.err == nil {
			r, p.err = p.wait(ctx)
		}
		b = appendAnswerLine(b, p, r)
	}
}

// writeAnswers writes until answers is closed. When the reader is gone, it cancels the rest.
func writeAnswers(w io.Writer, control *http.ResponseController, answers <-chan []byte, cancel func()) (err error) {
	for b := range answers {
		if err != nil {
			continue // gathering ends soon
		}
		if err = control.SetWriteDeadline(time.Now().Add(answersPatience)); err == nil || errors.Is(err, http.ErrNotSupported) {
			if _, err = w.Write(b); err == nil {
				err = control.Flush()
			}
		}
		if err != nil {
			cancel()
		}
	}
	return err
}
