package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"orderledger/eventstore"
	"orderledger/handlers/intake"
)

// keeper is a stream, and how many servers keep it.
type keeper struct {
	stream   string
	replicas int
	behind   []string // servers that are away or have not caught up
}

func (k keeper) String() string {
	s := fmt.Sprintf("%s on %d servers", k.stream, k.replicas)
	if k.replicas == 1 {
		s = k.stream + " on one server"
	}
	if len(k.behind) > 0 {
		s += "; not up to date: " + strings.Join(k.behind, ", ")
	}
	return s
}

// readKeepers asks the broker for the streams that are there; nothing where it can't be asked.
func readKeepers(ctx context.Context, p *place) (all []keeper) {
	nc, err := connectBroker(p)
	if err != nil {
		return nil
	}
	defer nc.Close()
	js, err := jetstream.New(nc)
	if err != nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	for _, name := range []string{eventstore.StreamName, intake.CommandsStream, intake.ResultsStream, intake.PoisonStream} {
		s, err := js.Stream(ctx, name)
		if err != nil {
			continue
		}
		k := keeper{stream: name, replicas: s.CachedInfo().Config.Replicas}
		if cluster := s.CachedInfo().Cluster; cluster != nil {
			for _, peer := range cluster.Replicas {
				if peer.Offline || !peer.Current {
					k.behind = append(k.behind, peer.Name)
				}
			}
		}
		all = append(all, k)
	}
	return all
}
