package client

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
)

const (
	lineMax     = 512 << 10 // bytes, as the server takes them
	readerBytes = 64 << 10
)

// Line is one line of a file that is not empty, without its end.
type Line struct {
	Number  int64
	Text    []byte
	TooLong bool // Text is empty then
}

// Lines reads the lines of an import file.
type Lines struct {
	r      *bufio.Reader
	number int64
	back   *Line
}

// NewLines reads lines from r.
func NewLines(r io.Reader) *Lines { return &Lines{r: bufio.NewReaderSize(r, readerBytes)} }

// Next is the next line that is not empty; at the end the error is io.EOF.
func (l *Lines) Next() (Line, error) {
	if l.back != nil {
		line := *l.back
		l.back = nil
		return line, nil
	}
	for {
		line, err := l.read()
		if err != nil || line.TooLong || len(line.Text) > 0 {
			return line, err
		}
	}
}

func (l *Lines) read() (Line, error) {
	l.number++
	line := Line{Number: l.number}
	for {
		part, err := l.r.ReadSlice('\n')
		if !line.TooLong {
			line.Text = append(line.Text, part...)
		}
		if len(line.Text) > lineMax+2 { // its end may be \r\n
			line.TooLong, line.Text = true, nil
		}
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case errors.Is(err, io.EOF) && len(line.Text) == 0 && !line.TooLong:
			return Line{}, io.EOF
		case err != nil && !errors.Is(err, io.EOF):
			return Line{}, fmt.Errorf("read line %d: %w", l.number, err)
		}
		line.Text = bytes.TrimSpace(line.Text)
		return line, nil
	}
}
