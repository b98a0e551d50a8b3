// gpu-trace turns the life of the pods of a GPU cluster into a file for
// `ledger import`: each pod an order, paid, cancelled or left to expire.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"

	"orderledger/examples/internal/importfile"
)

const usage = `gpu-trace turns pods of a GPU cluster into ledger commands, one JSON object a line.

  go run ./examples/gpu-trace -pods FILE -prices FILE [-as prepaid|usage] [-out FILE|-]

As prepaid, every pod is a purchase, second 0 of the trace being 2026-04-01T00:00:00+08:00:
  organisation  by QoS class: org-ls, org-be, org-burstable, org-guaranteed
  price         of the cheapest type of the families c6i, m6i, r6i (without GPU) or
                g4dn, g5 (with GPU) that holds its CPU, memory and cards; a share of a
                card needs a whole card; 24 hours a day, 720 hours a month
  term          creation to deletion in whole days, beyond 30 days in whole months
  discount      40 % for best effort (BE)
  outcome       Running, Succeeded: paid within a minute; Failed: cancelled when the pod
                is gone, at the latest after 6 days; Pending: expires after 7 days
Top-ups of whole 100,000 CNY come an hour before the payment that would fall short.

As usage, every pod that was scheduled is a pay-as-you-go resource:
  organisation  as above, with -usage behind it
  price         the same, by the second; 40 % less for best effort, whose charge mode is spot
  use           from schedule to deletion, reported at each month's end and settled then
  Failed        what was settled is refunded at the end of the month of the deletion
Each month is closed when its use is settled. Top-ups come before each month is settled.

The same input gives the same output: import it again and nothing happens twice.

`

func main() {
	if err := run(os.Args[1:], os.Stdout, os.Stderr); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return
		}
		fmt.Fprintln(os.Stderr, "gpu-trace:", err)
		os.Exit(1)
	}
}

func run(args []string, stdout, stderr io.Writer) error {
	flags := flag.NewFlagSet("gpu-trace", flag.ContinueOnError)
	flags.SetOutput(stderr)
	podsFile := flags.String("pods", "", "CSV `file` of pods: name, cpu_milli, memory_mib, num_gpu, gpu_milli, qos, pod_phase, creation_time, deletion_time, scheduled_time")
	pricesFile := flags.String("prices", "", "CSV `file` of prices: region, instance_type, cny_per_hour")
	as := flags.String("as", "prepaid", "what the pods become: prepaid or `usage`")
	out := flags.String("out", "-", "`file` to write, - for standard output")
	flags.Usage = func() {
		fmt.Fprint(stderr, usage)
		flags.PrintDefaults()
	}
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *podsFile == "" || *pricesFile == "" || flags.NArg() > 0 {
		return errors.New("give -pods FILE and -prices FILE, and nothing else but -as and -out (-h explains)")
	}
	prices, err := readFile(*pricesFile, readPrices)
	if err != nil {
		return err
	}
	pods, err := readFile(*podsFile, readPods)
	if err != nil {
		return err
	}
	become := map[string]func([]pod, []instance) ([]importfile.Command, error){"prepaid": commands, "usage": usageCommands}[*as]
	if become == nil {
		return fmt.Errorf("-as %q is neither prepaid nor usage", *as)
	}
	history, err := become(pods, prices)
	if err != nil {
		return err
	}
	if err := write(*out, stdout, history); err != nil {
		return err
	}
	fmt.Fprintf(stderr, "gpu-trace: %d pods became %d commands\n", len(pods), len(history))
	return nil
}

func readFile[T any](name string, read func(io.Reader) ([]T, error)) ([]T, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	rows, err := read(file)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return rows, nil
}

func write(name string, stdout io.Writer, history []importfile.Command) error {
	if name == "-" {
		return importfile.Write(stdout, history)
	}
	file, err := os.Create(name)
	if err != nil {
		return err
	}
	return errors.Join(importfile.Write(file, history), file.Close())
}
