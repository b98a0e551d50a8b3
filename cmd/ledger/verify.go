package main

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/nats-io/nats.go"
	"github.com/spf13/cobra"

	"orderledger/internal/schema"
	"orderledger/projections"
)

func newVerify() *cobra.Command {
	c := &cobra.Command{
		Use:   "verify",
		Short: "Check everything that can be checked",
		Long: "Check everything that can be checked, while the ledger runs: the log by itself, what was derived from it, its copy on the\n" +
			"broker. Exits 0 when all is clean, 1 with the first difference of each check otherwise.",
		Args: cobra.NoArgs,
		RunE: withPlace(func(ctx context.Context, c *cobra.Command, p *place, _ []string) error {
			report, err := verify(ctx, c, p)
			if err != nil {
				return err
			}
			if err := printReport(c, report); err != nil {
				return err
			}
			for _, check := range report.Checks {
				if !check.OK {
					return fmt.Errorf("%s: %s", check.Name, check.Detail)
				}
			}
			return nil
		}),
	}
	dataFlag(c)
	jsonFlag(c)
	return c
}

func verify(ctx context.Context, c *cobra.Command, p *place) (projections.Report, error) {
	var nc *nats.Conn
	if p.natsURL == "" {
		fmt.Fprintln(c.ErrOrStderr(), "LEDGER_NATS_URL is not set: the mirror is left out")
	} else {
		var err error
		if nc, err = connectBroker(p); err != nil {
			return projections.Report{}, err
		}
		defer nc.Close()
	}
	var shown *progress
	report, err := verifyLedger(ctx, p.databaseURL, nc, func(check string, done, total int64) {
		if shown == nil || shown.what != "events, "+check {
			if shown != nil {
				shown.end()
			}
			shown = newProgress(c.ErrOrStderr(), "events, "+check, total)
		}
		shown.at(done)
	})
	if shown != nil {
		shown.end()
	}
	return report, err
}

// verifyLedger makes a verification on pools of its own, which are open as long as it takes. A nil connection leaves the
// mirror out.
func verifyLedger(ctx context.Context, databaseURL string, nc *nats.Conn, progress func(check string, done, total int64)) (projections.Report, error) {
	v := projections.Verification{NATS: nc, Progress: progress}
	for _, p := range []struct {
		pool  **pgxpool.Pool
		role  string
		conns int32
	}{{&v.App, schema.App, 4}, {&v.Owner, schema.Owner, 6}, {&v.Projector, schema.Projector, 6}} {
		pool, err := schema.Pool(ctx, databaseURL, p.role, p.conns)
		if err != nil {
			return projections.Report{}, err
		}
		defer pool.Close()
		*p.pool = pool
	}
	return v.Run(ctx)
}

func printReport(c *cobra.Command, r projections.Report) error {
	if wantsJSON(c) {
		return printJSON(c.OutOrStdout(), r)
	}
	t := newTable(c.OutOrStdout(), "CHECK", "", "CHECKED", "")
	for _, check := range r.Checks {
		verdict := "ok"
		if !check.OK {
			verdict = "WRONG"
		}
		t.row(check.Name, verdict, grouped(check.Checked), text(check.Detail))
	}
	if err := t.flush(); err != nil {
		return err
	}
	if r.Clean {
		fmt.Fprintf(c.OutOrStdout(), "clean at position %s\n", grouped(r.Position))
	}
	return nil
}
