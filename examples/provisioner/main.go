// provisioner is a small service that sells instances through a ledger: it places orders, waits until they are paid, creates
// what was bought, reports what is used, and takes it down when the ledger says so. It is made to be copied.
//
// It keeps nothing on disk. What it knows it reads from the ledger's events ([service.fold]), what is to be done next follows
// from what it knows ([service.next]), and everything that it asks for is named by what it is for. So it may be killed
// between any two steps: the next process asks for what is missing, and what was asked before does not happen twice.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"

	"orderledger/client"
)

// options are what the service is told.
type options struct {
	http, nats  string
	name, org   string
	own         int
	placeEvery  time.Duration
	usageEvery  time.Duration
	lease       time.Duration
	failureRate float64
	seed        uint64
}

func parse(args []string) (o options, err error) {
	f := flag.NewFlagSet("provisioner", flag.ContinueOnError)
	f.StringVar(&o.http, "http", "", "`URL` of the ledger's API; the key is in LEDGER_API_KEY")
	f.StringVar(&o.nats, "nats", "", "`URL` of the ledger's NATS server, instead of -http")
	f.StringVar(&o.name, "service", "gpu", "name of the service and of its product")
	f.StringVar(&o.org, "org", "org-demo", "organisation that the service works for")
	f.IntVar(&o.own, "orders", 0, "orders that it places itself; others' for its product are fulfilled all the same")
	f.DurationVar(&o.placeEvery, "place-every", time.Second, "time from one of its own orders to the next")
	f.DurationVar(&o.usageEvery, "usage-every", time.Minute, "how often use is reported")
	f.DurationVar(&o.lease, "lease", 0, "how long an instance is leased, to see it end; 0 is what was ordered, a month")
	f.Float64Var(&o.failureRate, "failures", 0, "share of the instances that can't be created, from 0 to 1")
	f.Uint64Var(&o.seed, "seed", 1, "another seed places other orders, and fails with others")
	if err := f.Parse(args); err != nil {
		return o, err
	}
	if (o.http == "") == (o.nats == "") || f.NArg() > 0 {
		return o, errors.New("name the ledger with -http or with -nats")
	}
	if o.placeEvery <= 0 || o.usageEvery < time.Second || o.usageEvery%time.Second != 0 {
		return o, errors.New("-usage-every is whole seconds, and -place-every longer than nothing")
	}
	return o, nil
}

// connect makes the client, over HTTP or NATS; the rest of the program can't tell them apart.
func connect(o options) (*client.Client, error) {
	if o.nats != "" {
		return client.New(client.NATS{URL: o.nats, Service: o.name, OrgID: o.org})
	}
	return client.New(client.HTTP{URL: o.http, Key: os.Getenv("LEDGER_API_KEY")})
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	o, err := parse(os.Args[1:])
	if errors.Is(err, flag.ErrHelp) {
		return
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "provisioner:", err)
		os.Exit(2)
	}
	c, err := connect(o)
	if err == nil {
		defer c.Close()
		err = serve(ctx, o, c)
	}
	if err != nil && ctx.Err() == nil {
		slog.Error("the service ends", "error", err)
		os.Exit(1) //nolint:gocritic // the connection ends with the process
	}
}
