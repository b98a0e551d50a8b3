package main

import (
	"errors"
	"fmt"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"
)

// version is set by the Makefile; a plain `go build` knows no more than its module and commit.
var version string

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:   "ledger",
		Short: "An event-sourced order ledger: orders, payments, bills and their proof",
		Long: "ledger runs an event-sourced order ledger, looks after it, and talks to it.\n\n" +
			"  ledger dev          the whole system in one process, with an example in it\n" +
			"  ledger order list   what the example bought",
		Version:       buildVersion(),
		SilenceUsage:  true, // a failed command is no reason for a page of flags
		SilenceErrors: true, // main prints them
	}
	root.AddGroup(
		&cobra.Group{ID: "run", Title: "Run the system:"},
		&cobra.Group{ID: "operate", Title: "Look after it (LEDGER_DATABASE_URL and LEDGER_NATS_URL, or --data):"},
		&cobra.Group{ID: "client", Title: "Talk to it (LEDGER_SERVER and LEDGER_API_KEY, --server and --key, or --data):"},
	)
	add := func(group string, commands ...*cobra.Command) {
		for _, c := range commands {
			c.GroupID = group
			root.AddCommand(c)
		}
	}
	add("run", newDev(), newServe())
	add("operate", newMigrate(), newStatus(), newVerify(), newRebuild(), newKey(), newService(), newPoison(), newEpoch(), newBench())
	add("client", newImport(), newUsage(), newOrder(), newResource(), newAccount(), newBill(), newSettings())
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usage(err) })
	markUsage(root)
	return root
}

// markUsage makes wrong arguments, and names of commands that there are none of, exit as such.
func markUsage(c *cobra.Command) {
	if check := c.Args; check != nil {
		c.Args = func(c *cobra.Command, args []string) error {
			if err := check(c, args); err != nil {
				return &failure{code: exitUsage, cause: err, hint: "Usage: " + c.UseLine()}
			}
			return nil
		}
	}
	if c.HasSubCommands() && c.RunE == nil {
		c.Args = cobra.ArbitraryArgs
		c.RunE = func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				_ = c.Help() // to the terminal
				return usage(errors.New("name a command"))
			}
			hint := "`" + c.CommandPath() + " --help` lists the commands."
			c.SuggestionsMinimumDistance = 2
			if near := c.SuggestionsFor(args[0]); len(near) > 0 {
				hint = "Did you mean " + strings.Join(near, " or ") + "?"
			}
			return &failure{code: exitUsage, cause: fmt.Errorf("there is no command %q", args[0]), hint: hint}
		}
	}
	for _, sub := range c.Commands() {
		markUsage(sub)
	}
}

func buildVersion() string {
	if version != "" {
		return version
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && len(s.Value) >= 12 {
			return s.Value[:12]
		}
	}
	return info.Main.Version
}
