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
	"net/url"
	"strconv"
	"time"
)

// silenceMost is how long a stream of events may say nothing; the server says something every 15 seconds.
const silenceMost = 45 * time.Second

var errSilent = errors.New("the stream of events has fallen silent")

// follow reads GET /v1/events as a stream. A handler that takes its time holds the stream up; should the server cut it off
// for that, the next one goes on from where this one was.
func (v *httpVia) follow(ctx context.Context, f *Filter, after int64, each func(Event) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	silence := time.AfterFunc(silenceMost, func() { cancel(errSilent) })
	defer silence.Stop()
	query := url.Values{"after": {strconv.FormatInt(after, 10)}}
	if f.OrgID != "" {
		query.Set("org_id", f.OrgID)
	}
	resp, err := v.ask(ctx, http.MethodGet, "/v1/events", query, nil, "Accept", "text/event-stream")
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	lines := bufio.NewReaderSize(resp.Body, 64<<10)
	for {
		silence.Reset(silenceMost)
		text, err := lines.ReadBytes('\n')
		silence.Stop()
		if err != nil {
			if cause := context.Cause(ctx); cause != nil {
				err = cause
			}
			if errors.Is(err, io.EOF) {
				err = io.ErrUnexpectedEOF
			}
			return &passing{err: fmt.Errorf("follow the events: %w", err)}
		}
		data, found := bytes.CutPrefix(text, []byte("data: "))
		if !found {
			continue // ids and types are in the data too
		}
		var e Event
		if err := json.Unmarshal(data, &e); err != nil {
			return &passing{err: fmt.Errorf("read an event: %w", err)}
		}
		if err := each(e); err != nil {
			return err
		}
	}
}
