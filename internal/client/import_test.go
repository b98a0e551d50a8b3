package client

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// server answers lines as the API does, remembers keys, and lets a test break every request after some lines.
type server struct {
	*httptest.Server
	cut      func(request int) int // lines answered before the connection breaks; -1 is all
	requests int
	keys     []string
}

func newServer(t *testing.T, cut func(request int) int) *server {
	s := &server{cut: cut}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.requests++
		most := s.cut(s.requests)
		if most == 0 {
			w.Header().Set("Content-Type", "application/problem+json")
			w.WriteHeader(http.StatusServiceUnavailable)
			fmt.Fprint(w, `{"status":503,"code":"busy","detail":"too much is waiting"}`)
			return
		}
		_ = http.NewResponseController(w).EnableFullDuplex()
		lines := bufio.NewScanner(r.Body)
		for n := 1; lines.Scan(); n++ {
			if n > most && most > 0 {
				panic(http.ErrAbortHandler)
			}
			key, outcome := lines.Text(), Accepted
			if slices.Contains(s.keys, key) {
				outcome = Replayed
			}
			if strings.HasPrefix(key, "refuse") {
				fmt.Fprintf(w, `{"line":%d,"key":%q,"outcome":"refused","code":"order_not_unpaid"}`+"\n", n, key)
				continue
			}
			s.keys = append(s.keys, key)
			fmt.Fprintf(w, `{"line":%d,"key":%q,"outcome":%q,"position":%d}`+"\n", n, key, outcome, len(s.keys))
			_ = http.NewResponseController(w).Flush()
		}
	}))
	t.Cleanup(s.Close)
	return s
}

func runImport(t *testing.T, s *server, file string) (Tally, []int64, error) {
	t.Helper()
	c, err := New(s.URL, "key")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	var refused []int64
	m := Import{Client: c, Answered: func(a Answer) {
		if a.Outcome != Accepted && a.Outcome != Replayed {
			refused = append(refused, a.Line)
		}
	}}
	tally, err := m.Run(t.Context(), strings.NewReader(file))
	return tally, refused, err
}

func numbered(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "key-%d\n", i)
	}
	return b.String()
}

func TestImportKeepsTheOrderOverBrokenConnections(t *testing.T) {
	t.Parallel()
	// Every other request breaks after some lines, some before the first.
	s := newServer(t, func(request int) int {
		switch request % 4 {
		case 1:
			return 700
		case 2:
			return 0
		}
		return -1
	})
	tally, _, err := runImport(t, s, numbered(5000))
	if err != nil || tally.Read != 5000 || tally.Refused != 0 || tally.Accepted+tally.Replayed != 5000 {
		t.Fatalf("%+v, %v", tally, err)
	}
	var first []string // each key where it was taken first
	for _, key := range s.keys {
		if !slices.Contains(first, key) {
			first = append(first, key)
		}
	}
	if want := strings.Fields(numbered(5000)); !slices.Equal(first, want) {
		t.Errorf("%d keys arrived, not all in the file's order", len(first))
	}
}

func TestImportTellsRefusalsByTheirLineInTheFile(t *testing.T) {
	t.Parallel()
	s := newServer(t, func(int) int { return -1 })
	long := strings.Repeat("x", lineMax+10)
	tally, refused, err := runImport(t, s, "a\n\n  \nrefuse-1\nb\n"+long+"\nc\r\nrefuse-2")
	if err != nil || tally.Read != 6 || tally.Accepted != 3 || tally.Refused != 3 || tally.Position != 3 {
		t.Errorf("%+v, %v", tally, err)
	}
	if want := []int64{4, 6, 8}; !slices.Equal(refused, want) {
		t.Errorf("refused lines %v, want %v", refused, want)
	}
	if want := []string{"a", "b", "c"}; !slices.Equal(s.keys, want) {
		t.Errorf("keys %q, want %q", s.keys, want)
	}
}

func TestImportEndsAtAProblemThatStays(t *testing.T) {
	t.Parallel()
	for _, status := range []int{401, 403, 503} {
		h := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			fmt.Fprintf(w, `{"status":%d,"code":"fenced"}`, status)
		}))
		_, _, err := runImport(t, &server{Server: h}, "a\n")
		h.Close()
		var p *Problem
		if !errors.As(err, &p) || p.Status != status {
			t.Errorf("status %d: %v, want the problem", status, err)
		}
	}
}

func TestLinesReportsAReadError(t *testing.T) {
	t.Parallel()
	broken := errors.New("disk")
	l := NewLines(io.MultiReader(strings.NewReader("a\nb"), errorReader{broken}))
	if line, err := l.Next(); err != nil || string(line.Text) != "a" {
		t.Fatalf("%q, %v", line.Text, err)
	}
	if line, err := l.Next(); !errors.Is(err, broken) {
		t.Errorf("half a line was given as one: %q, %v", line.Text, err)
	}
}

type errorReader struct{ err error }

func (r errorReader) Read([]byte) (int, error) { return 0, r.err }

func TestServerNames(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{"127.0.0.1:8080": "http://127.0.0.1:8080", "https://ledger.example": "https://ledger.example"} {
		if c, err := New(name, ""); err != nil || c.base.String() != want {
			t.Errorf("%s: %v, %v", name, c, err)
		}
	}
	for _, name := range []string{"", "ftp://x", "http://", "://"} {
		if _, err := New(name, ""); err == nil {
			t.Errorf("%q is taken for a server", name)
		}
	}
}
