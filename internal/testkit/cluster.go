package testkit

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"strings"
	"testing"
	"time"

	"orderledger/internal/natsserver"
)

// clusterSize servers keep going when one of them is away.
const clusterSize = 3

// Cluster is three NATS servers in this process, each of which may be stopped and started again with its store.
type Cluster struct {
	members [clusterSize]member
}

type member struct {
	options natsserver.Options
	server  *natsserver.Server // nil while it is stopped
}

// NATSCluster starts a cluster of the test's own on the loopback, and returns when it can keep streams. adjust changes
// the options of every server.
func NATSCluster(t testing.TB, adjust ...func(*natsserver.Options)) *Cluster {
	t.Helper()
	c := &Cluster{}
	routes := freeAddrs(t, clusterSize)
	for i := range c.members {
		o := &c.members[i].options
		*o = natsserver.Options{
			Dir: t.TempDir(), Addr: "127.0.0.1:0", Name: fmt.Sprint("nats-", i+1),
			Cluster: &natsserver.Cluster{Name: "ledger", Addr: routes[i], Routes: routes},
			Log:     slog.New(slog.DiscardHandler), // each tells of the others that are away, twice a second
		}
		for _, f := range adjust {
			f(o)
		}
		c.Start(t, i)
		t.Cleanup(func() { c.Stop(i) })
	}
	c.AwaitWhole(t)
	return c
}

// URL names all servers, user and password included: a client goes on with whichever is there.
func (c *Cluster) URL() string {
	var all []string
	for _, m := range c.members {
		u := url.URL{Scheme: "nats", Host: m.options.Addr}
		if m.options.User != "" {
			u.User = url.UserPassword(m.options.User, m.options.Password)
		}
		all = append(all, u.String())
	}
	return strings.Join(all, ",")
}

// Stop stops a server; what it keeps stays.
func (c *Cluster) Stop(i int) {
	if s := c.members[i].server; s != nil {
		s.Stop()
		c.members[i].server = nil
	}
}

// Start starts a server with its store, at its address of before.
func (c *Cluster) Start(t testing.TB, i int) {
	t.Helper()
	m := &c.members[i]
	s, err := natsserver.Start(m.options)
	if err != nil {
		t.Fatal(err)
	}
	m.server, m.options.Addr = s, s.Addr()
}

// AwaitWhole returns when all servers are there and each has what it is to keep.
func (c *Cluster) AwaitWhole(t testing.TB) {
	t.Helper()
	c.await(t, func() error {
		peers := 0
		for _, m := range c.members {
			if m.server == nil {
				return fmt.Errorf("%s is stopped", m.options.Name)
			}
			if err := m.server.Healthy(); err != nil {
				return fmt.Errorf("%s: %w", m.options.Name, err)
			}
			peers = max(peers, m.server.Peers())
		}
		if peers != clusterSize {
			return fmt.Errorf("its leader counts %d servers", peers)
		}
		return nil
	})
}

// Leader waits until one server leads a stream, or with a consumer's name that consumer, and returns which.
func (c *Cluster) Leader(t testing.TB, stream, consumer string) int {
	t.Helper()
	leader := -1
	c.await(t, func() error {
		for i, m := range c.members {
			if m.server != nil && (consumer == "" && m.server.LeadsStream(stream) || consumer != "" && m.server.LeadsConsumer(stream, consumer)) {
				leader = i
				return nil
			}
		}
		return fmt.Errorf("nobody leads %s %s", stream, consumer)
	})
	return leader
}

// await asks the servers until nothing is amiss; they have no signal for it.
func (c *Cluster) await(t testing.TB, amiss func() error) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
		err := amiss()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("the cluster does not come so far: %v", err)
		}
	}
}

// freeAddrs are addresses that were free just now.
func freeAddrs(t testing.TB, n int) []string {
	t.Helper()
	var all []string
	for range n {
		var config net.ListenConfig
		l, err := config.Listen(context.Background(), "tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close() // when all have one, so that no two are the same
		all = append(all, l.Addr().String())
	}
	return all
}
