package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/spf13/cobra"

	"orderledger/eventstore"
	"orderledger/internal/schema"
)

func newEpoch() *cobra.Command {
	c := &cobra.Command{Use: "epoch", Short: "Begin a new epoch after a restore"}
	c.AddCommand(newEpochOpen())
	return c
}

func newEpochOpen() *cobra.Command {
	var reason string
	c := &cobra.Command{
		Use:   "open --reason TEXT",
		Short: "Let a ledger go on whose database and broker have different histories",
		Long: "Let a ledger go on whose database and broker have different histories, as after the database was restored from a\n" +
			"backup. The database's history is the true one from here on; what the broker had beyond it is kept aside.",
		Args: cobra.NoArgs,
		PreRunE: func(*cobra.Command, []string) error {
			if strings.TrimSpace(reason) == "" {
				return usage(errors.New("give the --reason: it is what people will look for later"))
			}
			return nil
		},
		RunE: withPlace(func(ctx context.Context, c *cobra.Command, p *place, _ []string) error {
			pool, err := schema.Pool(ctx, p.databaseURL, schema.App, 2)
			if err != nil {
				return err
			}
			defer pool.Close()
			nc, err := connectBroker(p)
			if err != nil {
				return err
			}
			defer nc.Close()
			head, err := eventstore.OpenEpoch(ctx, eventstore.NewLog(pool), nc, reason)
			if err != nil {
				return err
			}
			fmt.Fprintf(c.OutOrStdout(), "epoch %d is open at position %d\n", head.Epoch, head.Position)
			return nil
		}),
	}
	c.Flags().StringVar(&reason, "reason", "", "why, for the record")
	dataFlag(c)
	return c
}

// connectBroker connects once, for a command that needs the broker now.
func connectBroker(p *place) (*nats.Conn, error) {
	if p.natsURL == "" {
		return nil, usage(errors.New("LEDGER_NATS_URL is not set"))
	}
	nc, err := nats.Connect(p.natsURL, nats.Name("ledger"), nats.Timeout(5*time.Second))
	if err != nil {
		return nil, hinted(fmt.Errorf("reach the NATS server: %w", err), "Is LEDGER_NATS_URL right, and the server up?")
	}
	return nc, nil
}
