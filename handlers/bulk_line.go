package handlers

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net/http"
	"time"
)

// bulkPause is how long a sender may pause.
const bulkPause = 2 * time.Minute

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
			_ = l.control.SetReadDeadline(now.Add(bulkPause)) // where it isn't supported there is none
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
		if err == nil || errors.Is(err, io.EOF) {
			return nil, errLineTooLong
		}
		return nil, err
	}
	return l.long, err
}
