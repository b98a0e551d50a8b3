package client

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
)

// Answer is what became of one line of a bulk request.
type Answer struct {
	Line     int64  `json:"line"` // in the request, from 1
	Key      string `json:"key"`
	Outcome  string `json:"outcome"`
	Position int64  `json:"position"`
	ID       string `json:"id"`
	Code     string `json:"code"`
	Detail   string `json:"detail"`
}

// The outcomes of a line.
const (
	Accepted = "accepted"
	Replayed = "replayed"
	Refused  = "refused"
	Invalid  = "invalid"
)

// Final says whether the line has its fate; otherwise it may be sent again.
func (a Answer) Final() bool {
	switch a.Code {
	case "busy", "outcome_unknown", "rate_limited", "fenced", "internal":
		return false
	}
	return a.Outcome != ""
}

var errCutShort = errors.New("the answer ended before its last line")

// Bulk sends lines to POST /v1/commands in one request and calls answered for each line, in their order, as
// its answer comes. An error leaves the lines that were not answered with an unknown fate: their keys make it safe
// to send them again.
func (c *Client) Bulk(ctx context.Context, lines [][]byte, answered func(Answer) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel() // ends a request whose answer is not read to its end
	body := append(bytes.Join(lines, []byte{'\n'}), '\n')
	req, err := c.request(ctx, http.MethodPost, "/v1/commands", bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/x-ndjson")
	resp, err := c.http.Do(req)
	if err != nil {
		return c.unreachable(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return problemOf(resp)
	}
	return readAnswers(resp.Body, len(lines), answered)
}

// Rehearse sends a whole file of commands to POST /v1/commands as a dry run, in one request, and calls answered for
// each line that is not empty, in their order; the answer's Line is the line's number in the file. An error, also
// of the connection, ends it: a dry run can only begin anew.
func (c *Client) Rehearse(ctx context.Context, file io.Reader, answered func(Answer) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	req, err := c.request(ctx, http.MethodPost, "/v1/commands", io.NopCloser(file))
	if err != nil {
		return err
	}
	req.URL.RawQuery = "dry_run=true"
	req.Header.Set("Content-Type", "application/x-ndjson")
	resp, err := c.http.Do(req)
	if err != nil {
		return c.unreachable(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return problemOf(resp)
	}
	for decoder := json.NewDecoder(bufio.NewReaderSize(resp.Body, 64<<10)); ; {
		var a Answer
		err := decoder.Decode(&a)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read the answers: %w", err)
		}
		if err := answered(a); err != nil {
			return err
		}
	}
}

func readAnswers(r io.Reader, want int, answered func(Answer) error) error {
	decoder := json.NewDecoder(bufio.NewReaderSize(r, 64<<10))
	for n := 1; n <= want; n++ {
		var a Answer
		if err := decoder.Decode(&a); err != nil {
			if errors.Is(err, io.EOF) {
				return errCutShort
			}
			return fmt.Errorf("read answer to line %d: %w", n, err)
		}
		if a.Line != int64(n) {
			return fmt.Errorf("line %d was answered where line %d was due", a.Line, n)
		}
		if err := answered(a); err != nil {
			return err
		}
	}
	return nil
}
