// demo runs a ledger and three provisioning services for a while, pays for what they sell, and shows that it adds up.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"
)

const org = "org-demo"

// service is one of the three.
type service struct {
	name, over string
	failures   float64
}

var services = []service{{"gpu", "NATS", 0.1}, {"vm", "NATS", 0.3}, {"disk", "HTTP", 0}}

// patience is how long orders may take to come to their end after the time of the demo.
const patience = time.Minute

func main() {
	o := options{}
	flag.StringVar(&o.ledger, "ledger", "bin/ledger", "the `program` ledger")
	flag.StringVar(&o.provisioner, "provisioner", "bin/provisioner", "the `program` of the services")
	flag.DurationVar(&o.span, "for", time.Minute, "how long it takes, at least 5s")
	flag.Uint64Var(&o.seed, "seed", 1, "another seed makes other orders fail, or be forgotten")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, o); err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1) //nolint:gocritic // the signals end with the process
	}
}

type options struct {
	ledger, provisioner string
	span                time.Duration
	seed                uint64
}

// run ends everything that it started before it returns, and removes its folder.
func run(ctx context.Context, o options) (err error) {
	if o.span < 5*time.Second {
		return errors.New("-for is at least 5s")
	}
	dir, err := os.MkdirTemp("", "ledger-demo-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	if err := os.Chmod(dir, 0o711); err != nil { // run by root, the database has a user of its own
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, o.span+2*patience)
	defer cancel()
	fmt.Printf("starting a ledger in %s\n", dir)
	l, err := startLedger(ctx, o.ledger, dir)
	if l != nil {
		defer func() { err = errors.Join(err, l.stop()) }()
	}
	if err != nil {
		return err
	}
	if err := l.prepare(ctx, o.span); err != nil {
		return err
	}
	counted, err := l.trade(ctx, dir, o)
	if err != nil {
		return err
	}
	b, err := readBooks(ctx, l, counted)
	if err != nil {
		return err
	}
	return b.print(os.Stdout, services)
}

// prepare gives the organisation money, and settings by which everything happens within the demo.
func (l *ledger) prepare(ctx context.Context, span time.Duration) error {
	settings := map[string]any{
		"pay_before_seconds":          max(2, int(span.Seconds()/8)),
		"refund_failed_after_seconds": 1,
		"overdue_days":                0, // an instance is to be released when its lease ends
	}
	if err := l.call(ctx, "PUT", "/v1/orgs/"+org, "demo-settings", settings, nil); err != nil {
		return err
	}
	top := map[string]any{"amount": "10000.00", "currency": "CNY", "reference": "demo"}
	return l.call(ctx, "POST", "/v1/accounts/"+org+"/top-ups", "demo-top-up", top, nil)
}

// trade lets the services sell, and the customer buy, until every order has come to its end. It returns what happened.
func (l *ledger) trade(ctx context.Context, dir string, o options) (counted tally, err error) {
	p, err := newPayer(ctx, l, o.seed)
	if err != nil {
		return counted, err
	}
	defer func() { err = errors.Join(err, p.stop()) }()

	// Half of the time is for selling, a quarter for leases, the rest for what comes after.
	each := int((o.span / 2).Seconds() * 2)
	var all []*process
	defer func() {
		for _, s := range all {
			err = errors.Join(err, s.stop())
		}
	}()
	for _, s := range services {
		env, args, err := l.admit(ctx, s)
		if err != nil {
			return counted, err
		}
		args = append(args, "-orders", fmt.Sprint(each), "-place-every", "500ms", "-usage-every", "1s",
			"-lease", (o.span / 4).String(), "-failures", fmt.Sprint(s.failures), "-seed", fmt.Sprint(o.seed))
		started, err := start(dir, s.name, env, o.provisioner, args...)
		if err != nil {
			return counted, err
		}
		all = append(all, started)
	}
	return p.await(ctx, all, each*len(services), o.span+patience)
}

// admit lets a service in, and returns how it is told where the ledger is.
func (l *ledger) admit(ctx context.Context, s service) (env, args []string, err error) {
	args = []string{"-service", s.name, "-org", org}
	if s.over == "NATS" {
		_, err := l.run(ctx, "service", "create", s.name, "--org", org)
		return os.Environ(), append(args, "-nats", l.nats), err
	}
	key, err := l.run(ctx, "key", "create", "--org", org, "--role", "service", "--name", s.name)
	return append(os.Environ(), "LEDGER_API_KEY="+key), append(args, "-http", l.http), err
}

// await waits until everything has come to its end, and says how far it is.
func (p *payer) await(ctx context.Context, all []*process, orders int, most time.Duration) (tally, error) {
	began, beat := time.Now(), time.NewTicker(5*time.Second)
	defer beat.Stop()
	ctx, cancel := context.WithTimeout(ctx, most)
	defer cancel()
	for {
		counted := p.tally()
		if counted.done(orders) {
			return counted, nil
		}
		select {
		case <-p.changed:
		case <-beat.C:
			fmt.Printf("%3.0f s: %s\n", time.Since(began).Seconds(), &counted)
			for _, s := range all {
				select {
				case <-s.ended:
					return counted, fmt.Errorf("%s ended:\n%s", s.name, s.tail())
				default:
				}
			}
		case <-ctx.Done():
			var said []string
			for _, s := range all {
				said = append(said, s.name+":\n"+s.tail())
			}
			return counted, fmt.Errorf("after %s there are only %s\n%s", time.Since(began).Round(time.Second), &counted, strings.Join(said, "\n"))
		}
	}
}
