package main

import (
	"context"
	"fmt"

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
	var v projections.Verification
	var err error
	if v.App, err = schema.Pool(ctx, p.databaseURL, schema.App, 4); err != nil {
		return projections.Report{}, err
	}
	defer v.App.Close()
	if v.Owner, err = schema.Pool(ctx, p.databaseURL, schema.Owner, 6); err != nil {
		return projections.Report{}, err
	}
	defer v.Owner.Close()
	if v.Projector, err = schema.Pool(ctx, p.databaseURL, schema.Projector, 6); err != nil {
		return projections.Report{}, err
	}
	defer v.Projector.Close()
	if p.natsURL == "" {
		fmt.Fprintln(c.ErrOrStderr(), "LEDGER_NATS_URL is not set: the mirror is left out")
	} else {
		if v.NATS, err = connectBroker(p); err != nil {
			return projections.Report{}, err
		}
		defer v.NATS.Close()
	}
	var shown *progress
	v.Progress = func(check string, done, total int64) {
		if shown == nil || shown.what != "events, "+check {
			if shown != nil {
				shown.end()
			}
			shown = newProgress(c.ErrOrStderr(), "events, "+check, total)
		}
		shown.at(done)
	}
	report, err := v.Run(ctx)
	if shown != nil {
		shown.end()
	}
	return report, err
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
