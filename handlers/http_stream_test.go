package handlers_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"orderledger/internal/auth"
)

// oneLine is an order's body as a line of many.
func oneLine(body string) string { return strings.ReplaceAll(body, "\n", "") }

func TestManyCommands(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	id := "0198c2f0-0000-7000-8000-000000000001"
	place := strings.Replace(forAcme(orderBody, ""), "{", `{"order_id":"`+id+`",`, 1)
	lines := []string{
		`{"key":"place","command":"place_order","body":` + place + `}`,
		``,
		`{"key":"bad","command":"place_order","body":{"colour":1}}`,
		`{"key":"early","command":"pay_order","body":{"order_id":"` + id + `"}}`,
		`{"key":"up","command":"top_up","body":{"org_id":"org-acme","amount":"30.00","currency":"CNY","reference":"r"}}`,
		`{"key":"pay","command":"pay_order","body":{"order_id":"` + id + `","org_id":"org-acme"}}`,
		`{"key":"pay","command":"pay_order","body":{"org_id":"org-acme","order_id":"` + id + `"}}`,
		`{"key":"pay","command":"cancel_order","body":{"org_id":"org-acme","order_id":"` + id + `"}}`,
		`not JSON`,
		`{"key":"long","command":"top_up","body":{"org_id":"` + strings.Repeat("x", 600<<10) + `"}}`,
		`{"command":"top_up","body":{}}`,
		`{"key":"late","command":"expire_order","at":"2999-01-01T00:00:00Z","body":{"order_id":"` + id + `"}}`,
		`{"key":"who","command":"fly","body":{}}`,
		`{"key":"old","command":"top_up","at":"2020-01-31T16:00:00Z","body":{"org_id":"org-old","amount":"1.00","currency":"CNY","reference":"r"}}`,
	}
	for i := range lines {
		lines[i] = oneLine(lines[i])
	}
	r := a.send(t, a.platform, "POST", "/v1/commands", strings.Join(lines, "\n"))
	want := `{"line":1,"key":"place","outcome":"accepted","position":1,"id":"` + id + `"}
{"line":3,"key":"bad","outcome":"invalid","code":"unknown_field"
{"line":4,"key":"early","outcome":"refused","code":"insufficient_funds"
{"line":5,"key":"up","outcome":"accepted","position":2}
{"line":6,"key":"pay","outcome":"accepted","position":4,"id":"` + id + `"}
{"line":7,"key":"pay","outcome":"replayed","position":4,"id":"` + id + `"}
{"line":8,"key":"pay","outcome":"refused","code":"key_reused"
{"line":9,"key":"","outcome":"invalid","code":"malformed"
{"line":10,"key":"","outcome":"invalid","code":"too_large"
{"line":11,"key":"","outcome":"invalid","code":"invalid_value"
{"line":12,"key":"late","outcome":"invalid","code":"invalid_value"
{"line":13,"key":"who","outcome":"invalid","code":"invalid_value"
{"line":14,"key":"old","outcome":"accepted","position":5}`
	got := strings.Split(strings.TrimSpace(string(r.Body)), "\n")
	for i, line := range strings.Split(want, "\n") {
		if i >= len(got) || !strings.HasPrefix(got[i], line) || !json.Valid([]byte(got[i])) {
			t.Fatalf("answers\n%s\nwant\n%s", r.Body, want)
		}
	}
	if r.Header.Get("Content-Type") != "application/x-ndjson" || len(got) != 13 {
		t.Errorf("%d lines, %v", len(got), r.Header)
	}
	events := a.get(t, a.platform, "/v1/events")
	if events.text("items.4.occurred_at") != "2020-01-31T16:00:00.000000Z" {
		t.Errorf("imported as %s", events.Body)
	}
	// An organisation's key may not say when something happened, nor for whom else.
	other := a.send(t, a.bank, "POST", "/v1/commands", lines[13]+"\n"+strings.Replace(lines[4], "org-acme", "org-other", 1)+"\n"+lines[0])
	for i, code := range []string{"not_allowed", "not_found", "not_allowed"} {
		if line := strings.Split(string(other.Body), "\n")[i]; !strings.Contains(line, `"refused","code":"`+code+`"`) {
			t.Errorf("line %d: %s, want %s", i+1, line, code)
		}
	}
}

// A sender that waits for each answer before it sends the next line gets each at once.
func TestCommandsInTurn(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	lines, writer := io.Pipe()
	defer func() { _ = writer.Close() }()
	answer := make(chan *http.Response)
	go func() {
		r, err := a.http.Do(a.request(t, a.acme, "POST", "/v1/commands", lines))
		if err != nil {
			t.Error(err)
		}
		answer <- r
	}()
	var from *bufio.Reader
	for i := range 5 {
		fmt.Fprintf(writer, `{"key":"k%d","command":"place_order","body":%s}`+"\n", i, oneLine(orderBody))
		if from == nil {
			r := <-answer
			defer func() { _ = r.Body.Close() }()
			from = bufio.NewReader(r.Body)
		}
		line, err := from.ReadString('\n')
		if err != nil || !strings.HasPrefix(line, fmt.Sprintf(`{"line":%d,"key":"k%d","outcome":"accepted","position":%d,`, i+1, i, i+1)) {
			t.Fatalf("line %d: %s, %v", i+1, line, err)
		}
	}
}

func TestManyCommandsFast(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	const n = 5000
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `{"key":"k%d","command":"place_order","body":{"order_id":"%s",%s}`+"\n", i, uuid.NewString(), oneLine(orderBody)[1:])
	}
	start := time.Now()
	r := a.send(t, a.acme, "POST", "/v1/commands", b.String())
	if got := strings.Count(string(r.Body), `"outcome":"accepted"`); got != n {
		t.Errorf("%d accepted, want %d: %.300s", got, n, r.Body)
	}
	t.Logf("%.0f commands/s", n/time.Since(start).Seconds())
}

// A sender that goes away leaves nothing behind; what was taken is in the log once.
func TestCommandsCutOff(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	ctx, cancel := context.WithCancel(t.Context())
	lines, writer := io.Pipe()
	request := a.request(t, a.acme, "POST", "/v1/commands", lines).WithContext(ctx)
	ended := make(chan error)
	go func() {
		r, err := a.http.Do(request)
		if err == nil {
			_, err = io.Copy(io.Discard, r.Body)
			_ = r.Body.Close()
		}
		ended <- err
	}()
	fmt.Fprintf(writer, `{"key":"k","command":"place_order","body":%s}`+"\n", oneLine(orderBody))
	waitForHead(t, a, 1)
	cancel()
	writer.CloseWithError(errors.New("gone"))
	if err := <-ended; err == nil {
		t.Error("a stream that was cut looks complete")
	}
	again := a.want(t, 201, "", a.acme, "POST", "/v1/orders", orderBody, "Idempotency-Key: k")
	if again.Header.Get("Idempotency-Replayed") != "true" || a.head(t) != 1 {
		t.Errorf("again %v %s", again.Header, again.Body)
	}
}

// waitForHead waits until the log reaches a position.
func waitForHead(t *testing.T, a *api, position int64) {
	t.Helper()
	if _, err := a.Watch.Wait(t.Context(), position-1); err != nil {
		t.Fatal(err)
	}
}

// stream is a live stream of events.
type stream struct {
	t    *testing.T
	body io.Closer
	text *bufio.Scanner
}

func (a *api) follow(t *testing.T, key string, headers ...string) *stream {
	t.Helper()
	r, err := a.http.Do(a.request(t, key, "GET", "/v1/events", nil, append(headers, "Accept: text/event-stream")...))
	if err != nil {
		t.Fatal(err)
	}
	if r.StatusCode != 200 || r.Header.Get("Content-Type") != "text/event-stream" {
		t.Fatalf("following is answered with %d %v", r.StatusCode, r.Header)
	}
	t.Cleanup(func() { _ = r.Body.Close() })
	return &stream{t, r.Body, bufio.NewScanner(r.Body)}
}

// next waits for the next event: its id and type.
func (s *stream) next() (id, kind string) {
	for s.text.Scan() {
		switch name, value, _ := strings.Cut(s.text.Text(), ": "); name {
		case "id":
			id = value
		case "event":
			kind = value
		case "data":
			if !json.Valid([]byte(value)) {
				s.t.Errorf("event %s is not JSON: %s", id, value)
			}
			return id, kind
		}
	}
	return "", ""
}

func TestFollowEvents(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	other := a.key(t, "org-other", auth.OrgAdmin)
	place := func(key, idempotency string) {
		a.want(t, 201, "", key, "POST", "/v1/orders", orderBody, "Idempotency-Key: "+idempotency)
	}
	place(a.acme, "1")
	all, own := a.follow(t, a.platform), a.follow(t, a.acme)
	place(other, "2")
	place(a.acme, "3")
	for _, want := range []string{"1", "2", "3"} {
		if id, kind := all.next(); id != want || kind != "order.placed.v1" {
			t.Errorf("got %s %s, want %s", id, kind, want)
		}
	}
	for _, want := range []string{"1", "3"} {
		if id, _ := own.next(); id != want {
			t.Errorf("org-acme got %s, want %s", id, want)
		}
	}
	again := a.follow(t, a.platform, "Last-Event-ID: 2")
	if id, _ := again.next(); id != "3" {
		t.Errorf("after 2 comes %s", id)
	}
	a.Close()
	if id, _ := again.next(); id != "" {
		t.Errorf("after the end comes %s", id)
	}
}

// A key that is revoked hears nothing more, and sends nothing more, though it is connected still.
func TestRevokedWhileConnected(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	made := a.want(t, 201, "", a.acme, "POST", "/v1/keys", `{"role":"service"}`)
	s := a.follow(t, made.text("key"))
	body, lines := io.Pipe()
	t.Cleanup(func() { _ = lines.Close() })
	placeLine := func(key int) string {
		return fmt.Sprintf(`{"key":"%d","command":"place_order","body":%s}`+"\n", key, oneLine(orderBody))
	}
	go func() { _, _ = io.WriteString(lines, placeLine(1)) }()
	many, err := a.http.Do(a.request(t, made.text("key"), "POST", "/v1/commands", body))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = many.Body.Close() })
	answers := bufio.NewScanner(many.Body)
	if !answers.Scan() || !strings.Contains(answers.Text(), "accepted") {
		t.Errorf("the first line is answered with %q", answers.Text())
	}
	if id, _ := s.next(); id != "1" {
		t.Errorf("got %q, want 1", id)
	}
	a.want(t, 204, "", a.acme, "DELETE", "/v1/keys/"+made.text("key_id"), "")
	a.want(t, 201, "", a.acme, "POST", "/v1/orders", orderBody, "Idempotency-Key: 2")
	if id, _ := s.next(); id != "" {
		t.Errorf("event %s reaches a revoked key", id)
	}
	for key := 3; answers.Err() == nil; key++ { // for a second at most
		if _, err := io.WriteString(lines, placeLine(key)); err != nil || !answers.Scan() {
			t.Fatalf("the stream ended: %v %v", err, answers.Err())
		}
		if strings.Contains(answers.Text(), "unauthenticated") {
			return
		}
	}
}

func TestFollowFromManyWriters(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	s := a.follow(t, a.platform)
	var writers sync.WaitGroup
	const each = 50
	for w := range 4 {
		writers.Go(func() {
			for i := range each {
				o := order("org-acme", "1.00")
				if _, err := a.Do(t.Context(), request(fmt.Sprintf("%d-%d", w, i), o)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	for want := int64(1); want <= 4*each; want++ {
		if id, _ := s.next(); id != itoa(want) {
			t.Fatalf("got %s, want %d", id, want)
		}
	}
	writers.Wait()
}

func TestPagesOfEvents(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	for i := range 7 {
		a.must(t, fmt.Sprint(i), order("org-acme", "1.00"))
	}
	seen, path := int64(0), "/v1/events?limit=3"
	for range 10 {
		r := a.want(t, 200, "", a.acme, "GET", path, "")
		for i := 0; r.member(fmt.Sprint("items.", i)) != nil; i++ {
			if seen++; r.number(fmt.Sprintf("items.%d.position", i)) != seen {
				t.Fatalf("page %s, want %d next", r.Body, seen)
			}
		}
		cursor := r.text("next_cursor")
		if cursor == "" {
			break
		}
		path = "/v1/events?limit=3&cursor=" + cursor
	}
	if seen != 7 {
		t.Errorf("saw %d events, want 7", seen)
	}
}
