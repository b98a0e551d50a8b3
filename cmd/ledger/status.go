package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/spf13/cobra"

	"orderledger/eventstore"
	"orderledger/handlers"
	"orderledger/internal/schema"
	"orderledger/projections"
)

func newStatus() *cobra.Command {
	c := &cobra.Command{
		Use:   "status",
		Short: "Show head, relay and read models, and how far they lag behind",
		Args:  cobra.NoArgs,
		RunE: withPlace(func(ctx context.Context, c *cobra.Command, p *place, _ []string) error {
			s, err := readStatus(ctx, p)
			if err != nil {
				return err
			}
			if wantsJSON(c) {
				return printJSON(c.OutOrStdout(), s)
			}
			return printStatus(c.OutOrStdout(), s, readKeepers(ctx, p))
		}),
	}
	dataFlag(c)
	jsonFlag(c)
	return c
}

// readStatus has no relay where the broker can't be asked.
func readStatus(ctx context.Context, p *place) (handlers.Status, error) {
	pool, err := schema.Pool(ctx, p.databaseURL, schema.Reader, 2)
	if err != nil {
		return handlers.Status{}, err
	}
	defer pool.Close()
	s, err := handlers.ReadStatus(ctx, projections.NewReader(pool, nil), eventstore.NewLog(pool), func(ctx context.Context) eventstore.RelayStatus {
		return askStream(ctx, p)
	})
	if err == nil && s.Relay.State != streamAnswers {
		s.Relay = nil
	}
	return s, err
}

// streamAnswers is the state of a relay that runs elsewhere, if at all: its stream could be asked.
const streamAnswers = "elsewhere"

// askStream asks the broker how far its copy reaches. A broker that is away is no fault of the ledger's.
func askStream(ctx context.Context, p *place) eventstore.RelayStatus {
	nc, err := connectBroker(p)
	if err != nil {
		return eventstore.RelayStatus{State: "waiting", LastError: err.Error()}
	}
	defer nc.Close()
	return streamStatus(ctx, nc)
}

func streamStatus(ctx context.Context, nc *nats.Conn) eventstore.RelayStatus {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	var last uint64
	js, err := jetstream.New(nc)
	if err == nil {
		var stream jetstream.Stream
		if stream, err = js.Stream(ctx, eventstore.StreamName); err == nil {
			last = stream.CachedInfo().State.LastSeq
		}
	}
	if err != nil && !errors.Is(err, jetstream.ErrStreamNotFound) { // a stream that is not there yet is at 0
		return eventstore.RelayStatus{State: "waiting", LastError: err.Error()}
	}
	return eventstore.RelayStatus{State: streamAnswers, Position: int64(last)}
}

func printStatus(w io.Writer, s handlers.Status, keepers []keeper) error {
	fmt.Fprintf(w, "head      position %s, epoch %d, hash %s\n", grouped(s.Head.Position), s.Head.Epoch, s.Head.Hash)
	if s.Head.Fenced != "" {
		fmt.Fprintf(w, "FENCED    %s\n", s.Head.Fenced)
	}
	if s.Relay == nil {
		fmt.Fprintln(w, "relay     the broker can't be asked")
	} else {
		fmt.Fprintf(w, "relay     position %s, %s behind\n", grouped(s.Relay.Position), grouped(s.Relay.Lag))
	}
	for _, k := range keepers {
		fmt.Fprintf(w, "stream    %s\n", k)
	}
	fmt.Fprintln(w)
	t := newTable(w, "READ MODEL", "VERSION", "POSITION", "BEHIND", "STATE", "")
	for _, m := range s.Projections {
		t.row(m.Name, fmt.Sprint(m.Version), grouped(m.Position), grouped(m.Lag), m.State, text(m.Error))
	}
	return t.flush()
}
