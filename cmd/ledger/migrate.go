package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"orderledger/internal/schema"
)

func newMigrate() *cobra.Command {
	c := &cobra.Command{
		Use:   "migrate",
		Short: "Bring the database's schema up to date",
		Long: "Bring the database's schema up to date. It may run any number of times, on any number of machines at once.\n" +
			"The URL's role owns the database; it makes the roles ledger_* that are missing, or somebody else has.",
		Args: cobra.NoArgs,
		RunE: withPlace(func(ctx context.Context, c *cobra.Command, p *place, _ []string) error {
			if err := schema.Migrate(ctx, p.databaseURL); err != nil {
				return err
			}
			steps, err := schema.Status(ctx, p.databaseURL)
			if err != nil {
				return err
			}
			for _, s := range steps {
				fmt.Fprintf(c.OutOrStdout(), "%04d  %s\n", s.Version, s.File)
			}
			return nil
		}),
	}
	dataFlag(c)
	return c
}
