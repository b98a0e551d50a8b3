package main

import (
	"os"
	"runtime/pprof"
	"strings"

	"github.com/spf13/cobra"

	"orderledger/cmd/ledger/bench"
)

func newBench() *cobra.Command {
	o := bench.Options{}
	var profile string
	c := &cobra.Command{
		Use:   "bench [SCENARIO]",
		Short: "Measure this build beside its own physical limits",
		Long: "Measures this build, in one run beside the limits of the machine: absolute figures drift, ratios hold.\n" +
			"It starts servers of its own in a temporary folder, unless LEDGER_DATABASE_URL names a database server.\n\n" +
			"Scenarios: " + strings.Join(bench.Scenarios(), ", ") + ". Without one, all of them run.",
		Args:      cobra.MaximumNArgs(1),
		ValidArgs: bench.Scenarios(),
		RunE: func(cmd *cobra.Command, args []string) error {
			if asked, err := bench.Client(cmd.Context()); asked {
				return err
			}
			if len(args) > 0 {
				o.Scenario = args[0]
			}
			if profile != "" {
				stop, err := startProfile(profile)
				if err != nil {
					return err
				}
				defer stop()
			}
			o.DatabaseURL = os.Getenv("LEDGER_DATABASE_URL")
			o.Out, o.Log = cmd.OutOrStdout(), cmd.ErrOrStderr()
			return bench.Run(cmd.Context(), o)
		},
	}
	c.Flags().BoolVar(&o.JSON, "json", false, "one JSON object a line")
	c.Flags().Float64Var(&o.Seconds, "seconds", 3, "how long each timed measurement runs")
	c.Flags().IntVar(&o.Events, "events", 1_000_000, "size of the log where a large one is needed")
	c.Flags().IntVar(&o.Orders, "orders", 1_000_000, "how many orders there are in the scenario console")
	c.Flags().IntVar(&o.Turns, "turns", 200, "how often the scenario console asks for each page")
	c.Flags().StringVar(&o.Data, "data", "", "a folder that keeps the private server and the history of the scenario console for the next run")
	c.Flags().StringVar(&profile, "cpuprofile", "", "write a CPU profile for go tool pprof to this file")
	return c
}

func startProfile(name string) (stop func(), err error) {
	f, err := os.Create(name)
	if err != nil {
		return nil, err
	}
	if err := pprof.StartCPUProfile(f); err != nil {
		return nil, err
	}
	return func() {
		pprof.StopCPUProfile()
		_ = f.Close()
	}, nil
}
