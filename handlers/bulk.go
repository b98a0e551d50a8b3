package handlers

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"time"

	"orderledger/domain"
	"orderledger/internal/auth"
)

const (
	// bulkWindow bounds the lines of one request that are under way.
	bulkWindow = 1024
	// bulkPatience is how long a sender may pause, and how long a reader may leave answers untaken.
	bulkPatience = 2 * time.Minute
)

// pending is a line under way.
type pending struct {
	line int
	key  string
	wait func(context.Context) (Result, error)
	err  error
}

// bulk carries out many commands, in order, and streams an answer line per line. A bad line answers for
// itself. Lines are read while earlier ones are under way, at most bulkWindow of them; a sender that
// reads no answers is not read from either.
func (s *Server) bulk(c *call) error {
	if c.unknown != nil {
		return unauthenticated(c.unknown)
	}
	if err := s.limits.take(c.who); err != nil {
		return err
	}
	control := http.NewResponseController(c.w)
	if err := control.EnableFullDuplex(); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return err
	}
	ctx, cancel := context.WithCancel(c.r.Context())
	defer cancel()
	defer context.AfterFunc(s.stop, cancel)()

	under := make(chan pending, bulkWindow)
	go s.readLines(ctx, lineReader{from: bufio.NewReaderSize(c.r.Body, 64<<10), control: control}, c.who, under)
	h := c.w.Header()
	h.Set("Content-Type", "application/x-ndjson")
	c.w.WriteHeader(http.StatusOK)
	err := answerLines(ctx, answerWriter{bufio.NewWriterSize(c.w, 32<<10), control}, under)
	cancel()
	if err != nil {
		// The reader must not touch the body once this returns: its wait for more ends here. Not so after
		// the last answer, when it has ended: a deadline that has passed would spoil the connection's next request.
		_ = control.SetReadDeadline(time.Now())
	}
	for range under { // until the reader closes it
	}
	if err != nil || s.stop.Err() != nil {
		panic(http.ErrAbortHandler) // the stream is cut, and must not look complete
	}
	return nil
}

// readLines starts the commands of the lines in their order, and closes under when there are no more.
func (s *Server) readLines(ctx context.Context, lines lineReader, who auth.Identity, under chan<- pending) {
	defer close(under)
	for {
		text, n, err := lines.next()
		if err != nil && !errors.Is(err, errLineTooLong) {
			if !errors.Is(err, io.EOF) {
				cutOff(ctx, under, n)
			}
			return
		}
		p := pending{line: n}
		if err != nil {
			p.err = problem(codeTooLarge, "the line has more than 512 KiB")
		} else {
			var r Request
			if r, p.key, p.err = readLine(text, sender{Identity: who}); p.err == nil {
				p.wait, p.err = s.Executor.Start(ctx, r)
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

// answerLines answers lines in their order; it flushes whenever nothing is under way.
func answerLines(ctx context.Context, w answerWriter, under <-chan pending) error {
	var b []byte
	for {
		var p pending
		var open bool
		select {
		case p, open = <-under:
		default:
			if err := w.flush(); err != nil {
				return err
			}
			p, open = <-under
		}
		if !open {
			return w.flush()
		}
		var r Result
		if p.err == nil {
			r, p.err = p.wait(ctx)
		}
		b = appendAnswerLine(b[:0], p, r)
		if err := w.write(b); err != nil {
			return err
		}
	}
}

// lineAnswer is the answer to a line, for the document.
type lineAnswer struct {
	Line     int    `json:"line" doc:"The line's number, from 1"`
	Key      string `json:"key"`
	Outcome  string `json:"outcome" enum:"accepted,replayed,refused,invalid"`
	Position int64  `json:"position,omitempty" doc:"Of the command's last event"`
	ID       string `json:"id,omitempty" doc:"The order's"`
	Code     string `json:"code,omitempty"`
	Detail   string `json:"detail,omitempty"`
}

// appendAnswerLine writes a lineAnswer: {"line","key","outcome","position"?,"id"?,"code"?,"detail"?}.
func appendAnswerLine(b []byte, p pending, r Result) []byte {
	b = strconv.AppendInt(append(b, `{"line":`...), int64(p.line), 10)
	b = appendString(append(b, `,"key":`...), p.key)
	if p.err != nil {
		wrong := problemOf(p.err)
		outcome := `,"outcome":"refused","code":`
		if wrong.Status == http.StatusBadRequest || wrong.Status == http.StatusRequestEntityTooLarge {
			outcome = `,"outcome":"invalid","code":`
		}
		b = appendString(append(b, outcome...), wrong.Code)
		detail := wrong.Detail
		if wrong.Field != "" {
			detail = wrong.Field + ": " + detail
		}
		b = appendString(append(b, `,"detail":`...), detail)
		return append(b, '}', '\n')
	}
	if r.Replayed {
		b = append(b, `,"outcome":"replayed","position":`...)
	} else {
		b = append(b, `,"outcome":"accepted","position":`...)
	}
	b = strconv.AppendInt(b, r.Last, 10)
	if o, ok := r.State.(*domain.Order); ok {
		b = appendString(append(b, `,"id":`...), o.OrderID)
	}
	return append(b, '}', '\n')
}

// answerWriter writes answers. A reader that takes none is cut off.
type answerWriter struct {
	*bufio.Writer
	control *http.ResponseController
}

func (w answerWriter) write(b []byte) error {
	if w.Available() < len(b) {
		if err := w.flush(); err != nil {
			return err
		}
	}
	_, err := w.Write(b)
	return err
}

func (w answerWriter) flush() error {
	if err := w.control.SetWriteDeadline(time.Now().Add(bulkPatience)); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return err
	}
	if err := w.Flush(); err != nil {
		return err
	}
	return w.control.Flush()
}

var errLineTooLong = errors.New("the line is too long")

// lineReader reads lines of at most bodyMax bytes and counts them; empty ones are passed over.
type lineReader struct {
	from    *bufio.Reader
	control *http.ResponseController
	line    int
	long    []byte
	moved   time.Time
}

// next reads a line; its bytes hold until the next call. A longer one is skipped as errLineTooLong.
func (l *lineReader) next() (text []byte, n int, err error) {
	for {
		if now := time.Now(); now.Sub(l.moved) > time.Second {
			l.moved = now
			_ = l.control.SetReadDeadline(now.Add(bulkPatience)) // where it isn't supported there is none
		}
		l.line++
		text, err := l.read()
		if len(bytes.TrimSpace(text)) > 0 && (err == nil || errors.Is(err, io.EOF)) {
			return text, l.line, nil // after a last line without an end, the next read says EOF
		}
		if err != nil {
			return nil, l.line, err
		}
	}
}

// read reads up to the end of a line.
func (l *lineReader) read() ([]byte, error) {
	text, err := l.from.ReadSlice('\n')
	if !errors.Is(err, bufio.ErrBufferFull) {
		return text, err
	}
	l.long = append(l.long[:0], text...)
	for errors.Is(err, bufio.ErrBufferFull) {
		text, err = l.from.ReadSlice('\n')
		if len(l.long) <= bodyMax+1 { // room for the line's end
			l.long = append(l.long, text...)
		}
	}
	if len(l.long) > bodyMax+1 {
		if err == nil || err == io.EOF {
			return nil, errLineTooLong
		}
		return nil, err
	}
	return l.long, err
}
