package natsserver_test

import (
	"context"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"orderledger/internal/natsserver"
	"orderledger/internal/testkit"
)

// A message that was acknowledged is there when its server is not, and that server has what it missed when it is back.
func TestClusterGoesOnWithoutItsLeader(t *testing.T) {
	t.Parallel()
	c := testkit.NATSCluster(t, func(o *natsserver.Options) { o.User, o.Password = "ledger", "s/e@cret" })
	nc, err := nats.Connect(c.URL(), nats.MaxReconnects(-1), nats.ReconnectWait(20*time.Millisecond))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := js.CreateStream(t.Context(), jetstream.StreamConfig{Name: "KEPT", Subjects: []string{"kept"}, Replicas: 3}); err != nil {
		t.Fatal(err)
	}
	publish := func() {
		t.Helper()
		var err error
		for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			_, err = js.Publish(ctx, "kept", []byte("x"))
			cancel()
			if err == nil {
				return
			}
		}
		t.Fatal(err)
	}
	for range 3 {
		publish()
		leader := c.Leader(t, "KEPT", "")
		c.Stop(leader)
		if next := c.Leader(t, "KEPT", ""); next == leader {
			t.Fatal("a stopped server leads")
		}
		publish()
		c.Start(t, leader)
		c.AwaitWhole(t)
	}
	s, err := js.Stream(t.Context(), "KEPT")
	if err != nil {
		t.Fatal(err)
	}
	if got := s.CachedInfo().State.Msgs; got < 6 {
		t.Errorf("%d messages, want the 6 that were acknowledged", got)
	}
}

func TestClusterNeedsAddresses(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]natsserver.Options{
		"no port for the others": {Addr: "127.0.0.1:0", Cluster: &natsserver.Cluster{Name: "c", Addr: "127.0.0.1:0", Routes: []string{"127.0.0.1:1"}}},
		"no routes":              {Addr: "127.0.0.1:0", Cluster: &natsserver.Cluster{Name: "c", Addr: "127.0.0.1:1"}},
		"nothing for clients":    {Cluster: &natsserver.Cluster{Name: "c", Addr: "127.0.0.1:1", Routes: []string{"127.0.0.1:1"}}},
	} {
		o.Dir = t.TempDir()
		if s, err := natsserver.Start(o); err == nil {
			s.Stop()
			t.Errorf("%s: it started", name)
		}
	}
}
