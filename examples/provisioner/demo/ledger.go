package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// ledger is a running `ledger dev` on a folder of its own: the program for the command line, its API for the rest.
type ledger struct {
	*process
	program, dir string
	http, nats   string // where it listens
	key          string // of the platform
}

// startLedger starts an empty ledger and returns when it is ready.
func startLedger(ctx context.Context, program, dir string) (*ledger, error) {
	return startLedgerAt(ctx, program, dir, "127.0.0.1:0", "127.0.0.1:0")
}

// startLedgerAt starts a ledger at addresses, or again.
func startLedgerAt(ctx context.Context, program, dir, httpAddr, natsAddr string) (*ledger, error) {
	data := filepath.Join(dir, "ledger")
	p, err := start(dir, "ledger-dev", os.Environ(), program, "dev", "--no-demo", "--data", data, "--http", httpAddr, "--nats", natsAddr)
	if err != nil {
		return nil, err
	}
	l := &ledger{process: p, program: program, dir: data}
	if err := p.await(ctx, filepath.Join(data, "http.addr")); err != nil {
		return l, err
	}
	for name, to := range map[string]*string{"http.addr": &l.http, "nats.url": &l.nats, "admin.key": &l.key} {
		raw, err := os.ReadFile(filepath.Join(data, name))
		if err != nil {
			return l, err
		}
		*to = strings.TrimSpace(string(raw))
	}
	l.http = "http://" + l.http
	return l, nil
}

// run runs a command of the ledger that works on its folder.
func (l *ledger) run(ctx context.Context, args ...string) (string, error) {
	return output(ctx, l.program, append(args, "--data", l.dir)...)
}

// get reads a page of the API.
func (l *ledger) get(ctx context.Context, path string, query url.Values, out any) error {
	return l.call(ctx, http.MethodGet, path+"?"+query.Encode(), "", nil, out)
}

// call sends a request to the API.
func (l *ledger) call(ctx context.Context, method, path, key string, body, out any) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	raw, err := json.Marshal(body)
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, method, l.http+path, bytes.NewReader(raw))
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", "Bearer "+l.key)
	if key != "" {
		request.Header.Set("Idempotency-Key", key)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		return err
	}
	if answer.StatusCode/100 != 2 {
		return fmt.Errorf("%s %s: %s %s", method, path, answer.Status, text)
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(text, out)
}

// list reads every page of a list.
func list[T any](ctx context.Context, l *ledger, path string, query url.Values) (all []T, err error) {
	query.Set("limit", "500")
	for {
		var page struct {
			Items      []T     `json:"items"`
			NextCursor *string `json:"next_cursor"`
		}
		if err := l.get(ctx, path, query, &page); err != nil {
			return nil, err
		}
		all = append(all, page.Items...)
		if page.NextCursor == nil || *page.NextCursor == "" {
			return all, nil
		}
		query.Set("cursor", *page.NextCursor)
	}
}
