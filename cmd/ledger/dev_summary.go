package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	"orderledger/domain"
	"orderledger/internal/client"
	"orderledger/projections"
)

// importRates is how fast an import went, measured at its ends.
type importRates struct {
	tally  client.Tally
	took   time.Duration
	events int64
	behind time.Duration // how long the read models took to see the last event after its answer
}

const (
	behindMost  = 30 * time.Second
	orgsInTable = 12
)

// importDemo imports the example and measures.
func (d *dev) importDemo(ctx context.Context, before int64, stderr io.Writer) (*importRates, error) {
	fmt.Fprintln(stderr, "importing the example (--no-demo leaves it out)")
	start := time.Now()
	tally, err := importDemo(ctx, d.dir, d.api, stderr)
	if err != nil {
		return nil, err
	}
	r := &importRates{tally: tally, took: time.Since(start)}
	start = time.Now()
	position, err := d.caughtUp(ctx)
	r.events, r.behind = position-before, time.Since(start)
	return r, err
}

// caughtUp waits until the read models are where the log is, so that what they say is what there is.
func (d *dev) caughtUp(ctx context.Context) (position int64, err error) {
	head, err := d.app.log.Head(ctx)
	if err != nil {
		return 0, err
	}
	ctx, cancel := context.WithTimeout(ctx, behindMost)
	defer cancel()
	return head.Position, d.app.reader.WaitFor(ctx, head.Position, projections.Names...)
}

// summary prints what the ledger holds, as its read models have it.
func (d *dev) summary(ctx context.Context, w io.Writer, rates *importRates) error {
	if rates != nil {
		s := rates.took.Seconds()
		fmt.Fprintf(w, "Imported %s commands in %.1f s: %s commands/s, %s events/s; the read models had the last event %s after its answer.\n",
			grouped(rates.tally.Read), s, grouped(int64(float64(rates.tally.Read)/s)), grouped(int64(float64(rates.events)/s)),
			rates.behind.Round(time.Millisecond))
	}
	if _, err := d.caughtUp(ctx); err != nil {
		return err
	}
	reader := d.app.reader
	counts, asOf, err := reader.StatusCounts(ctx, projections.AllOrgs)
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "\nOrders by status, at position %s\n", grouped(asOf))
	t := newTable(w)
	for _, status := range slices.Sorted(maps.Keys(counts)) {
		t.row("  "+status, grouped(counts[status]))
	}
	if err := t.flush(); err != nil {
		return err
	}
	orgs, err := reader.OrgIDs(ctx, "", orgsInTable)
	if err != nil || len(orgs) == 0 {
		return err
	}
	zone, _ := domain.Zone(domain.DefaultTimeZone) // it is built in
	period := domain.PeriodOf(time.Now(), zone)
	fmt.Fprintf(w, "\nThis month's bills (%s) and the balances\n", period)
	t = newTable(w, "  ORG", "CURRENCY", "BILL LINES", "AMOUNT", "CASH LEFT")
	for _, org := range orgs {
		if err := addOrg(ctx, t, reader, org, period); err != nil {
			return err
		}
	}
	if err := t.flush(); err != nil {
		return err
	}
	return d.showBill(ctx, w)
}

// addOrg adds an organisation's rows, one for each currency that it has money or a bill in.
func addOrg(ctx context.Context, t *table, reader *projections.Reader, org string, period domain.Period) error {
	bill, err := reader.Bill(ctx, org, period, "")
	if err != nil {
		return err
	}
	account, err := reader.Account(ctx, org)
	if err != nil {
		return err
	}
	for _, b := range account.Balances {
		lines, amount := "0", ""
		for _, sum := range bill.Totals {
			if sum.Currency == b.Currency {
				lines, amount = grouped(sum.Lines), sum.Amount
			}
		}
		t.row("  "+org, string(b.Currency), lines, amount, b.Cash)
	}
	return nil
}
