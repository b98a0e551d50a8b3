package testkit

import (
	"testing"

	"orderledger/internal/natsserver"
)

// NATS starts a server of the test's own, listening on a free port of the loopback, as the program's embedded
// default does it: every write is synced. adjust changes the options before the start.
func NATS(t testing.TB, adjust ...func(*natsserver.Options)) *natsserver.Server {
	t.Helper()
	o := natsserver.Options{Dir: t.TempDir(), Addr: "127.0.0.1:0"}
	for _, f := range adjust {
		f(&o)
	}
	s, err := natsserver.Start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Stop)
	return s
}
