package client_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"

	"orderledger/client"
	"orderledger/handlers/intake"
)

// The permissions that `ledger service permissions` prints are enough for all of this package, and it is told at once
// what they do not allow.
func TestUnderPrintedPermissions(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := filepath.Join(dir, "nats.conf")
	config := fmt.Sprintf("listen: 127.0.0.1:-1\nmax_payload: 2MB\njetstream: { store_dir: %q }\nauthorization: { users: [\n"+
		"{ user: ledger, password: l }\n{ user: gpu, password: g, %s }\n{ user: all, password: a, %s } ] }\n",
		dir, intake.Permissions("gpu", "org-acme", "b"), intake.Permissions("gpu", ""))
	must(t, os.WriteFile(file, []byte(config), 0o600))
	options, err := server.ProcessConfigFile(file)
	must(t, err)
	options.NoSigs, options.NoLog = true, true
	s, err := server.NewServer(options)
	must(t, err)
	s.Start()
	t.Cleanup(func() { s.Shutdown(); s.WaitForShutdown() })
	if !s.ReadyForConnections(time.Minute) {
		t.Fatal("the server is not ready")
	}
	l := startLedger(t, s.ClientURL(), func(o ...nats.Option) (*nats.Conn, error) {
		return nats.Connect(s.ClientURL(), append(o, nats.UserInfo("ledger", "l"))...)
	})
	ctx := patient(t)
	one := client.NATS{URL: s.ClientURL(), Service: "gpu", OrgID: "org-acme", Consumer: "b", Options: []nats.Option{nats.UserInfo("gpu", "g")}}
	every := client.NATS{URL: s.ClientURL(), Service: "gpu", Options: []nats.Option{nats.UserInfo("all", "a")}}
	for _, via := range []client.NATS{one, every} {
		c := l.open(t, via)
		placed, err := c.Place(ctx, purchase())
		must(t, err)
		ended := make(chan error, 1)
		go func() {
			_, err := c.WaitPaid(ctx, placed.OrderID)
			ended <- err
		}()
		_, err = c.Pay(ctx, client.PayOrder{OrderID: placed.OrderID})
		must(t, err)
		must(t, <-ended)
		for _, f := range []client.Filter{{}, {OrderID: placed.OrderID}} {
			ctx, cancel := context.WithCancel(ctx)
			err = c.Subscribe(ctx, f, client.PositionFile(filepath.Join(t.TempDir(), "p")), func(_ context.Context, e client.Event) error {
				if e.Name() == "order.paid" && e.Stream == "order-"+placed.OrderID {
					cancel()
				}
				return nil
			})
			if !errors.Is(err, context.Canceled) {
				t.Errorf("%+v: %v", f, err)
			}
			cancel()
		}
	}
	// Another's name, another organisation, a consumer that was not asked for.
	other, strange, more := one, one, one
	other.Service, strange.OrgID, more.Consumer = "bank", "org-other", "c"
	if _, err := l.open(t, other).Place(ctx, purchase()); !client.IsRefused(err, "not_allowed") {
		t.Errorf("in another's name: %v", err)
	}
	for _, via := range []client.NATS{strange, more} {
		err := l.open(t, via).Subscribe(ctx, client.Filter{}, client.PositionFile(filepath.Join(dir, "p")), nil)
		if !client.IsRefused(err, "not_allowed") {
			t.Errorf("%+v: %v", via, err)
		}
	}
}
