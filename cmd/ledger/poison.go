package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/spf13/cobra"

	"orderledger/handlers"
	"orderledger/handlers/intake"
)

func newPoison() *cobra.Command {
	c := &cobra.Command{Use: "poison", Short: "List, mend and send again the commands over NATS that could not be read"}
	c.AddCommand(newPoisonList(), newPoisonShow(), newPoisonRetry())
	return c
}

func newPoisonList() *cobra.Command {
	var service string
	c := &cobra.Command{
		Use:   "list [--service NAME]",
		Short: "List the commands that were put aside, oldest first",
		Args:  cobra.NoArgs,
		RunE: withQueue(func(ctx context.Context, c *cobra.Command, js jetstream.JetStream, _ []string) error {
			t := newTable(c.OutOrStdout(), "NUMBER", "AT", "SUBJECT", "KEY", "CODE", "REASON")
			err := intake.EachPoison(ctx, js, service, func(p intake.Poison) error {
				if wantsJSON(c) {
					p.Body = ""
					return printJSON(c.OutOrStdout(), p)
				}
				t.row(strconv.FormatUint(p.Sequence, 10), p.At.Format(time.RFC3339), p.Subject, p.Key, p.Code, p.Reason)
				return nil
			})
			if err != nil || wantsJSON(c) {
				return err
			}
			return t.flush()
		}),
	}
	c.Flags().StringVar(&service, "service", "", "only this service's")
	dataFlag(c)
	jsonFlag(c)
	return c
}

func newPoisonShow() *cobra.Command {
	c := &cobra.Command{
		Use:   "show NUMBER",
		Short: "Print a command's body on standard output, and what is wrong with it on standard error",
		Args:  cobra.ExactArgs(1),
		RunE: withQueue(func(ctx context.Context, c *cobra.Command, js jetstream.JetStream, args []string) error {
			p, err := findPoison(ctx, js, args[0])
			if err != nil {
				return err
			}
			if wantsJSON(c) {
				return printJSON(c.OutOrStdout(), p)
			}
			fmt.Fprintf(c.ErrOrStderr(), "%s, key %q, %s\n%s: %s\n", p.Subject, p.Key, p.At.Format(time.RFC3339), p.Code, p.Reason)
			fmt.Fprintln(c.OutOrStdout(), p.Body)
			return nil
		}),
	}
	dataFlag(c)
	jsonFlag(c)
	return c
}

func newPoisonRetry() *cobra.Command {
	var key, body string
	c := &cobra.Command{
		Use:   "retry NUMBER [--key KEY] [--body FILE]",
		Short: "Send a command again, as it was or mended; its service gets the result",
		Args:  cobra.ExactArgs(1),
		RunE: withQueue(func(ctx context.Context, c *cobra.Command, js jetstream.JetStream, args []string) error {
			p, err := findPoison(ctx, js, args[0])
			if err != nil {
				return err
			}
			if c.Flags().Changed("key") {
				p.Key = key
			}
			if err := handlers.CheckKey(p.Key); err != nil {
				return usage(fmt.Errorf("it has no key that could be used; give one with --key: %w", err))
			}
			if body != "" {
				raw, err := bodyFrom(c, body)
				if err != nil {
					return err
				}
				p.Body = raw
			}
			if err := intake.RetryPoison(ctx, js, p); err != nil {
				return err
			}
			fmt.Fprintf(c.OutOrStdout(), "sent again to %s with key %s\n", p.Subject, p.Key)
			return nil
		}),
	}
	c.Flags().StringVar(&key, "key", "", "its idempotency key (the one that it has)")
	c.Flags().StringVar(&body, "body", "", "file of its body, - for standard input (the one that it has)")
	dataFlag(c)
	return c
}

func bodyFrom(c *cobra.Command, name string) (string, error) {
	if name == "-" {
		raw, err := io.ReadAll(c.InOrStdin())
		return string(raw), err
	}
	raw, err := os.ReadFile(name)
	return string(raw), err
}

func findPoison(ctx context.Context, js jetstream.JetStream, number string) (intake.Poison, error) {
	n, err := strconv.ParseUint(number, 10, 64)
	if err != nil || n == 0 {
		return intake.Poison{}, usage(fmt.Errorf("%q is no number; `ledger poison list` has them", number))
	}
	p, err := intake.GetPoison(ctx, js, n)
	if errors.Is(err, intake.ErrNoPoison) {
		return p, &failure{code: exitNotFound, cause: fmt.Errorf("%w: %d", err, n)}
	}
	return p, err
}

// withQueue runs what a command does on the broker.
func withQueue(do func(context.Context, *cobra.Command, jetstream.JetStream, []string) error) func(*cobra.Command, []string) error {
	return withPlace(func(ctx context.Context, c *cobra.Command, p *place, args []string) error {
		nc, err := connectBroker(p)
		if err != nil {
			return err
		}
		defer nc.Close()
		js, err := jetstream.New(nc)
		if err != nil {
			return err
		}
		return do(ctx, c, js, args)
	})
}
