package natsserver

import (
	"errors"
	"fmt"
	"net"
	"testing"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestRestartKeepsStreamsAndPort(t *testing.T) {
	t.Parallel()
	o := Options{Dir: t.TempDir(), Addr: ":0"}
	s := start(t, o)
	if host, _, _ := net.SplitHostPort(s.Addr()); host != "127.0.0.1" {
		t.Fatalf("listens on %s", host)
	}
	stream := jetstream.StreamConfig{Name: "KEPT", Subjects: []string{"kept"}}
	js := connect(t, s)
	if _, err := js.CreateStream(t.Context(), stream); err != nil {
		t.Fatal(err)
	}
	if _, err := js.Publish(t.Context(), "kept", make([]byte, 1<<20)); err != nil {
		t.Fatal(err)
	}
	o.Addr = s.Addr()
	s.Stop()
	s.Stop()

	s = start(t, o)
	if s.Addr() != o.Addr {
		t.Fatalf("%s became %s", o.Addr, s.Addr())
	}
	kept, err := connect(t, s).Stream(t.Context(), "KEPT")
	if err != nil {
		t.Fatal(err)
	}
	if got := kept.CachedInfo().State.Msgs; got != 1 {
		t.Fatalf("%d messages after restart", got)
	}
}

// A stream that is being made when the server is to end is made first: the library leaves one half made, whose
// goroutines nobody ends. Goroutines that stay make TestMain fail.
func TestStopWaitsForAStreamInTheMaking(t *testing.T) {
	t.Parallel()
	for range 20 {
		s := start(t, Options{Dir: t.TempDir(), Addr: ":0"})
		nc, err := s.Connect()
		if err != nil {
			t.Fatal(err)
		}
		for i := range 10 { // whoever asks does not wait for the answer
			request := fmt.Sprintf(`{"name":"S%d","subjects":["s%d"],"storage":"file"}`, i, i)
			if err := nc.PublishRequest(fmt.Sprint("$JS.API.STREAM.CREATE.S", i), "nobody", []byte(request)); err != nil {
				t.Fatal(err)
			}
		}
		if err := nc.Flush(); err != nil {
			t.Fatal(err)
		}
		nc.Close()
		s.Stop()
	}
}

func TestListenerAsksForPassword(t *testing.T) {
	t.Parallel()
	s := start(t, Options{Dir: t.TempDir(), Addr: "127.0.0.1:0", User: "ledger", Password: "s/e@cret"})
	connect(t, s)
	nc, err := nats.Connect(s.URL())
	if err != nil {
		t.Fatalf("with the URL's password: %v", err)
	}
	nc.Close()
	if nc, err := nats.Connect("nats://" + s.Addr()); !errors.Is(err, nats.ErrAuthorization) {
		nc.Close()
		t.Fatalf("without a password: %v", err)
	}
}

func TestWithoutListener(t *testing.T) {
	t.Parallel()
	s := start(t, Options{Dir: t.TempDir()})
	connect(t, s)
	if s.URL() != "" {
		t.Fatal(s.URL())
	}
}

func TestTakenPort(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if _, err := Start(Options{Dir: t.TempDir(), Addr: l.Addr().String()}); err == nil {
		t.Fatal("started on a taken port")
	}
}

func start(t *testing.T, o Options) *Server {
	t.Helper()
	s, err := Start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Stop)
	return s
}

func connect(t *testing.T, s *Server) jetstream.JetStream {
	t.Helper()
	nc, err := s.Connect()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	return js
}
