package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"orderledger/internal/schema"
	"orderledger/projections"
)

func newRebuild() *cobra.Command {
	var force bool
	c := &cobra.Command{
		Use:   "rebuild [PROJECTION…]",
		Short: "Make read models anew from the log, while the old ones are read",
		Long: "Make read models anew from the log, beside those that are read, and put them in their place when both say the same.\n" +
			"Without names: all of them, " + strings.Join(projections.Names, ", ") + ".",
		ValidArgs: projections.Names,
		Args:      cobra.OnlyValidArgs,
		RunE: withPlace(func(ctx context.Context, c *cobra.Command, p *place, names []string) error {
			if len(names) == 0 {
				names = projections.Names
			}
			owner, err := schema.Pool(ctx, p.databaseURL, schema.Owner, 6)
			if err != nil {
				return err
			}
			defer owner.Close()
			projector, err := schema.Pool(ctx, p.databaseURL, schema.Projector, 6)
			if err != nil {
				return err
			}
			defer projector.Close()
			r := projections.Rebuilding{Owner: owner, Projector: projector, Force: force}
			for _, name := range slices.Compact(slices.Sorted(slices.Values(names))) {
				if err := rebuildOne(ctx, c, r, name); err != nil {
					return err
				}
			}
			return nil
		}),
	}
	c.Flags().BoolVar(&force, "force", false, "put the new rows in place even where they differ from the old ones")
	dataFlag(c)
	return c
}

func rebuildOne(ctx context.Context, c *cobra.Command, r projections.Rebuilding, name string) error {
	var shown *progress
	r.Progress = func(done, total int64, _ float64) {
		if shown == nil {
			shown = newProgress(c.ErrOrStderr(), "events into "+name, total)
		}
		shown.at(done)
	}
	made, err := r.Rebuild(ctx, name)
	if shown != nil {
		shown.end()
	}
	switch {
	case errors.Is(err, projections.ErrRowsDiffer):
		return hinted(err, "The first difference: "+made.Difference+". --force puts the new rows in place.")
	case err != nil:
		return err
	}
	var rows int64
	for _, n := range made.Rows {
		rows += n
	}
	said := "put in place unseen: the old rows could not be compared"
	switch {
	case made.Difference != "":
		said = "put in place although they differ: " + made.Difference
	case made.Compared:
		said = "equal to those that were served"
	}
	fmt.Fprintf(c.OutOrStdout(), "%s: %s rows as of position %s in %s, %s events/s; %s\n", name, grouped(rows), grouped(made.Position),
		made.Took.Round(time.Millisecond), grouped(int64(float64(made.Position)/max(made.Filled.Seconds(), 0.001))), said)
	return nil
}
