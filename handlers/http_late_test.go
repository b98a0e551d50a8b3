package handlers_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"sync/atomic"
	"testing"

	"orderledger/handlers"
)

// A connection that carried a file of commands carries the next one too. A file that leaves its connection
// spoilt does so now and then, so there are many.
func TestFilesOnOneConnection(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	const files, lines = 150, 20
	for file := range files {
		var body bytes.Buffer
		for i := range lines {
			fmt.Fprintf(&body, `{"key":"%d-%d","command":"top_up","body":{"org_id":"org-acme","amount":"1.00","currency":"CNY","reference":"%d-%d"}}`+"\n", file, i, file, i)
		}
		reused := false
		ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{GotConn: func(c httptrace.GotConnInfo) { reused = c.Reused }})
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, a.URL+"/v1/commands", &body)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+a.platform)
		answer, err := a.http.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(answer.Body)
		answer.Body.Close()
		if n := bytes.Count(text, []byte(`"outcome":"accepted"`)); n != lines || err != nil {
			t.Errorf("file %d: %d of %d lines were accepted, %v", file, n, lines, err)
		}
		if file > 0 && !reused {
			t.Errorf("file %d had a connection of its own: the test shows nothing", file)
		}
	}
}

// While a process holds its readiness back nobody is sent here; requests are answered all the same.
func TestReadinessIsHeld(t *testing.T) {
	t.Parallel()
	var held atomic.Bool
	held.Store(true)
	a := newAPI(t, func(o *handlers.Options) { o.Held = &held })
	ready := func() int {
		answer, err := a.http.Get(a.URL + "/readyz")
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		return answer.StatusCode
	}
	if got := ready(); got != http.StatusServiceUnavailable {
		t.Errorf("held, /readyz says %d", got)
	}
	held.Store(false)
	if got := ready(); got != http.StatusOK {
		t.Errorf("let go, /readyz says %d", got)
	}
}
