package console_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/google/uuid"

	"orderledger/internal/auth"
)

// doAt carries out a command that happened in the past, as an import does; at "" is now.
func (s *system) doAt(t *testing.T, at, command, body string) {
	t.Helper()
	if at == "" {
		s.do(t, command, body)
		return
	}
	_, secret, err := s.keys.Create(t.Context(), "", auth.Platform, "import", "test")
	if err != nil {
		t.Fatal(err)
	}
	s.sent++
	line := fmt.Sprintf(`{"key":"past-%d","command":%q,"at":%q,"body":%s}`, s.sent, command, at, strings.ReplaceAll(body, "\n", " "))
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL+"/v1/commands", strings.NewReader(line+"\n"))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+secret)
	r.Header.Set("Content-Type", "application/x-ndjson")
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil || !strings.Contains(string(answer), `"accepted"`) {
		t.Fatalf("%s: %s, %v", line, answer, err)
	}
}

// placeAt is place at some time of the past.
func (s *system) placeAt(t *testing.T, at string, changes ...string) string {
	t.Helper()
	id := uuid.Must(uuid.NewV7()).String()
	text := fmt.Sprintf(`{"order_id":%q}`, id)
	if at == "" {
		return s.place(t, append(changes, text)...)
	}
	s.doAt(t, at, "place_order", orderOf(t, append(changes, text)...))
	return id
}

// orderOf is the body of an order of one line for org-acme, with members replaced.
func orderOf(t *testing.T, changes ...string) string {
	t.Helper()
	var order map[string]any
	for _, text := range append([]string{orderOfOneLine}, changes...) {
		if err := json.Unmarshal([]byte(text), &order); err != nil {
			t.Fatal(err)
		}
	}
	text, err := json.Marshal(order)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
