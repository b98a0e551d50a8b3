package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"orderledger/eventstore"
	"orderledger/handlers/intake"
	"orderledger/internal/natsserver"
)

// asBroker makes the test binary be an embedded NATS server, which can be killed as a machine's loss would.
const asBroker = "LEDGER_TEST_BE_A_NATS_SERVER"

func beBroker(options string) {
	var o natsserver.Options
	if err := json.Unmarshal([]byte(options), &o); err != nil {
		log.Fatal(err)
	}
	if _, err := natsserver.Start(o); err != nil {
		log.Fatal(err)
	}
	select {}
}

// brokers are three NATS servers that are one cluster, each a process of its own.
type brokers struct {
	options [3]natsserver.Options
	running [3]*running
}

func startBrokers(t *testing.T) *brokers {
	t.Helper()
	b := &brokers{}
	taken := map[string]bool{}
	free := func() string {
		for {
			if addr := freeAddr(t); !taken[addr] {
				taken[addr] = true
				return addr
			}
		}
	}
	routes := []string{free(), free(), free()}
	for i := range b.options {
		b.options[i] = natsserver.Options{
			Dir: t.TempDir(), Addr: free(), Name: fmt.Sprint("nats-", i+1),
			Cluster: &natsserver.Cluster{Name: "ledger", Addr: routes[i], Routes: routes},
		}
		b.start(t, i)
	}
	for i, r := range b.running {
		r.await(t, func() bool {
			conn, err := net.Dial("tcp", b.options[i].Addr)
			if err == nil {
				conn.Close()
			}
			return err == nil
		})
	}
	return b
}

func (b *brokers) start(t *testing.T, i int) {
	t.Helper()
	options, err := json.Marshal(b.options[i])
	if err != nil {
		t.Fatal(err)
	}
	b.running[i] = launch(t, []string{asBroker + "=" + string(options)})
}

// url names all servers.
func (b *brokers) url() string {
	var all []string
	for _, o := range b.options {
		all = append(all, "nats://"+o.Addr)
	}
	return strings.Join(all, ",")
}

// leader waits until a server leads a stream, or with a consumer's name that consumer, and returns which.
func (b *brokers) leader(t *testing.T, s *served, stream, consumer string) (at int) {
	t.Helper()
	s.await(t, "somebody leads "+stream+" "+consumer, func() bool {
		c := s.cluster(t, stream, consumer)
		return c != nil && c.Leader != ""
	})
	_, err := fmt.Sscanf(s.cluster(t, stream, consumer).Leader, "nats-%d", &at)
	if err != nil {
		t.Fatal(err)
	}
	return at - 1
}

// whole waits until every stream, and the intake's consumer, is on all three servers and each is up to date.
func (b *brokers) whole(t *testing.T, s *served) {
	t.Helper()
	for _, of := range [][2]string{{eventstore.StreamName}, {intake.CommandsStream}, {intake.CommandsStream, "intake"}, {intake.ResultsStream}, {intake.PoisonStream}} {
		s.await(t, "all three keep "+of[0]+" "+of[1], func() bool {
			c := s.cluster(t, of[0], of[1])
			if c == nil || c.Leader == "" || len(c.Replicas) != 2 {
				return false
			}
			for _, r := range c.Replicas {
				if r.Offline || !r.Current {
					return false
				}
			}
			return true
		})
	}
}

// cluster is what the broker says of who keeps a stream or a consumer; nil while it does not say.
func (s *served) cluster(t *testing.T, stream, consumer string) *jetstream.ClusterInfo {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	if consumer == "" {
		if found, err := s.js.Stream(ctx, stream); err == nil {
			return found.CachedInfo().Cluster
		}
		return nil
	}
	if found, err := s.js.Consumer(ctx, stream, consumer); err == nil {
		return found.CachedInfo().Cluster
	}
	return nil
}
