package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync/atomic"

	"github.com/spf13/cobra"

	"orderledger/internal/auth"
	"orderledger/internal/client"
	"orderledger/internal/natsserver"
	"orderledger/internal/pgserver"
	"orderledger/internal/schema"
)

func newDev() *cobra.Command {
	var o devOptions
	c := &cobra.Command{
		Use:   "dev",
		Short: "Run the whole system in one process, on a folder",
		Long: "Run the whole system in one process: a private PostgreSQL from installed binaries, a NATS server, the API, the relay,\n" +
			"the read models and the timers, all on the loopback and with their data in one folder. An empty folder gets an\n" +
			"example, half a year of four organisations. Ctrl-C stops it; the next start goes on where it stopped, however it stopped.\n\n" +
			"While it runs, the folder has http.addr, nats.url, database.url and admin.key for other programs.",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			s, err := readSettings()
			if err != nil {
				return err
			}
			o.pprof = s.PprofAddr
			o.webhooksAllowPrivate = o.webhooksAllowPrivate || s.WebhooksAllowPrivate
			if err := logTo(c.ErrOrStderr(), s, false, slog.LevelWarn); err != nil {
				return err
			}
			return runDev(c.Context(), o, c.OutOrStdout(), c.ErrOrStderr())
		},
	}
	c.Flags().StringVar(&o.data, "data", defaultData, "folder of the data")
	c.Flags().StringVar(&o.http, "http", "127.0.0.1:8080", "address of the API; port 0 takes a free one")
	c.Flags().StringVar(&o.nats, "nats", "127.0.0.1:4222", "address of the NATS server; port 0 takes a free one")
	c.Flags().BoolVar(&o.noDemo, "no-demo", false, "leave an empty folder's ledger empty")
	allowPrivateFlag(c, &o.webhooksAllowPrivate)
	_ = c.MarkFlagDirname("data") // only fails for a flag that is missing
	return c
}

type devOptions struct {
	data, http, nats, pprof string
	noDemo                  bool
	webhooksAllowPrivate    bool
}

// dev is a running system with servers of its own.
type dev struct {
	dir    *dataDir
	broker *natsserver.Server
	app    *app
	api    *client.Client
	held   atomic.Bool // until other programs have been told where the servers are
	lost   chan error  // why the database is gone for good
}

// runDev runs until ctx ends, which is no error, or something fails for good. Everything that it started has ended
// when it returns; killed instead, the next start finds everything in order.
func runDev(ctx context.Context, o devOptions, stdout, stderr io.Writer) (err error) {
	d := &dev{lost: make(chan error, 1)}
	if d.dir, err = awaitDataDir(ctx, o.data); err != nil {
		var busy *inUse
		if errors.As(err, &busy) {
			err = hinted(err, "One ledger at a time works in a folder: stop the other, or name another folder with --data.")
		}
		return err
	}
	defer d.dir.release()

	fmt.Fprintf(stderr, "starting PostgreSQL and NATS in %s\n", d.dir.path)
	db, err := pgserver.Start(ctx, pgserver.Options{Dir: d.dir.path})
	if err != nil {
		return err
	}
	stopDB := d.keepDatabase(db)
	defer func() { err = errors.Join(err, stopDB()) }()
	if d.broker, err = startNATS(d.dir, o.nats); err != nil {
		return err
	}
	defer d.broker.Stop()

	url := db.URL("ledger")
	if err := d.open(ctx, o, url); err != nil {
		return err
	}
	defer d.app.close()
	defer d.api.Close()
	defer func() { err = errors.Join(err, d.dir.removeAddresses()) }()
	if err := d.announce(url); err != nil {
		return err
	}
	d.held.Store(false) // whoever sees /readyz say 200 finds the files there
	return d.use(ctx, o, stdout, stderr)
}

// keepDatabase keeps the database running; the returned function stops it.
func (d *dev) keepDatabase(db *pgserver.Server) (stop func() error) {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() {
		err := keepPostgres(ctx, d.dir, db)
		if ctx.Err() == nil {
			d.lost <- err
			err = nil
		}
		ended <- err
	}()
	return func() error { cancel(); return <-ended }
}

// open brings the schema up, sees to the platform key and starts the parts.
func (d *dev) open(ctx context.Context, o devOptions, databaseURL string) error {
	if err := schema.Migrate(ctx, databaseURL); err != nil {
		return err
	}
	d.held.Store(true)
	var err error
	if d.app, err = openApp(ctx, appConfig{
		databaseURL: databaseURL, connectNATS: d.broker.Connect, natsSynced: true,
		http: o.http, pprof: o.pprof, roles: allRoles, held: &d.held,
		webhooksAllowPrivate: o.webhooksAllowPrivate,
	}); err != nil {
		return err
	}
	key, err := d.adminKey(ctx)
	if err == nil {
		d.api, err = client.New(d.app.address(), key)
	}
	if err == nil {
		err = awaitReady(ctx, d.app.address())
	}
	if err != nil {
		d.app.close()
	}
	return err
}

// adminKey is the folder's platform key. A kill between making it and writing it down leaves a key that nobody knows.
func (d *dev) adminKey(ctx context.Context) (string, error) {
	text, err := d.dir.read(adminKeyFile)
	if err != nil {
		return "", err
	}
	keys := auth.NewKeys(d.app.pool)
	if text != "" {
		_, err := keys.Find(ctx, text)
		if err == nil || !errors.Is(err, auth.ErrUnauthenticated) {
			return text, err
		}
		slog.Warn("the folder's admin.key is not valid any more; making a new one")
	}
	if _, text, err = keys.Create(ctx, "", auth.Platform, "ledger dev", "ledger dev"); err != nil {
		return "", err
	}
	return text, d.dir.write(adminKeyFile, text)
}

// announce tells other programs where the servers are. http.addr comes last: who sees it finds the others.
func (d *dev) announce(databaseURL string) error {
	for _, f := range [][2]string{{databaseURLFile, databaseURL}, {natsURLFile, d.broker.URL()}, {httpAddrFile, d.app.address()}} {
		if err := d.dir.write(f[0], f[1]); err != nil {
			return err
		}
	}
	return nil
}

// use imports the example where it is due, says what is there, and serves.
func (d *dev) use(ctx context.Context, o devOptions, stdout, stderr io.Writer) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	failed := make(chan error, 1)
	go func() { // a part that fails ends the import too
		var err error
		select {
		case <-ctx.Done():
		case err = <-d.lost:
		case err = <-d.app.failed:
		}
		cancel(err)
		failed <- err
	}()
	err := d.fill(ctx, o, stdout, stderr)
	if err == nil {
		d.greet(ctx, stdout)
		<-ctx.Done()
	}
	cancel(nil)
	if cause := <-failed; cause != nil {
		return cause
	}
	if errors.Is(err, context.Canceled) { // asked to stop
		return nil
	}
	return err
}

// greet says where the servers are, with a link that signs somebody in to the console, once. Without the database, which
// may be starting again, there is no link; the key does as well.
func (d *dev) greet(ctx context.Context, w io.Writer) {
	link, err := d.signInLink(ctx)
	if err != nil && ctx.Err() == nil {
		slog.Warn("no sign-in link could be made; the console takes the key, too", "error", err)
	}
	console := "/"
	if err == nil {
		console = "/signin/" + link + " (works once)"
	}
	fmt.Fprintf(w, "\nConsole   http://%s%s\nAPI       http://%s (key in %s)\nNATS      %s (password in %s)\n\nCtrl-C stops; the next start goes on here.\n",
		d.app.address(), console, d.app.address(), d.dir.file(adminKeyFile), d.broker.Addr(), d.dir.file(natsURLFile))
}

func (d *dev) signInLink(ctx context.Context) (string, error) {
	key, err := d.dir.read(adminKeyFile)
	if err != nil {
		return "", err
	}
	who, err := auth.NewKeys(d.app.pool).Find(ctx, key)
	if err != nil {
		return "", err
	}
	return auth.NewSessions(d.app.pool).Link(ctx, who.KeyID)
}

// fill imports the example where it is due and prints what the ledger holds, if the database lets it.
func (d *dev) fill(ctx context.Context, o devOptions, stdout, stderr io.Writer) error {
	head, err := d.app.log.Head(ctx)
	if err != nil {
		return err
	}
	due, err := demoDue(d.dir, head.Position)
	if err != nil {
		return err
	}
	var rates *importRates
	if due && !o.noDemo {
		if rates, err = d.importDemo(ctx, head.Position, stderr); err != nil {
			return err
		}
	}
	if err := d.summary(ctx, stdout, rates); err != nil && ctx.Err() == nil {
		slog.Warn("what the ledger holds could not be summed up", "error", err) // it serves all the same
	}
	return ctx.Err()
}
