package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/prometheus/client_golang/prometheus"

	"orderledger/eventstore"
	"orderledger/handlers"
	"orderledger/handlers/console"
	"orderledger/handlers/intake"
	"orderledger/handlers/webhooks"
	"orderledger/internal/auth"
	"orderledger/internal/schema"
	"orderledger/projections"
)

// What a process may do; one machine does all of it, several may share it in any way.
const (
	roleAPI         = "api"
	roleRelay       = "relay"
	roleProjections = "projections"
	roleTimers      = "timers"
	roleIntake      = "intake"
	roleWebhooks    = "webhooks"
)

var allRoles = []string{roleAPI, roleRelay, roleProjections, roleTimers, roleIntake, roleWebhooks}

// Connections of each pool. The projector's has one for each read model, and some to read the log.
const (
	appConns       = 12
	projectorConns = 8
	readerConns    = 16
	webhookConns   = 4
	webhookReads   = 2
	queryTimeout   = 15 * time.Second
	shutdownMost   = 10 * time.Second // for requests that are under way
)

// appConfig is what an app runs on.
type appConfig struct {
	databaseURL string
	connectNATS func(...nats.Option) (*nats.Conn, error)
	// natsSynced: the broker syncs every write.
	natsSynced bool
	// natsReplicas is of the streams, where they are made.
	natsReplicas int
	http         string // address of the API, with the role api
	pprof        string // address of profiles, "" has none
	roles        []string
	// drainDelay is how long it answers on after its readiness has said that it will stop.
	drainDelay time.Duration
	// held keeps readiness back while it is true; nil does not.
	held *atomic.Bool
	// webhooksAllowPrivate lets webhooks go to private networks and this machine.
	webhooksAllowPrivate bool
}

// app is the running system, or the part of it that its roles name.
type app struct {
	config   appConfig
	pool     *pgxpool.Pool // as ledger_app
	log      *eventstore.Log
	watch    *eventstore.Watch
	nc       *nats.Conn
	relay    *eventstore.Relay
	worker   *projections.Worker
	reader   *projections.Reader
	reads    *eventstore.Log // as ledger_reader
	executor *handlers.Executor
	sender   *webhooks.Sender
	// collectors are of parts that count.
	collectors []prometheus.Collector
	listener   net.Listener

	failed  chan error // why a part ended by itself
	closers []func()   // in the order of opening
}

// openApp opens the parts from the database upwards. Closing goes the other way round: no more requests, then
// no more commands, then nothing to follow them.
func openApp(ctx context.Context, config appConfig) (_ *app, err error) {
	a := &app{config: config, failed: make(chan error, 16)}
	defer func() {
		if err != nil {
			a.close()
		}
	}()
	for _, step := range []func(context.Context) error{a.openLog, a.openBroker, a.openReadModels, a.openCommands, a.openWebhooks, a.openPprof, a.openAPI} {
		if err := step(ctx); err != nil {
			return nil, err
		}
	}
	return a, nil
}

// wait returns when ctx ends, with nil, or when a part fails, with why.
func (a *app) wait(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return nil
	case err := <-a.failed:
		return err
	}
}

// close ends all parts and waits for them; up to 10 s for requests that are under way.
func (a *app) close() {
	for _, end := range slices.Backward(a.closers) {
		end()
	}
	a.closers = nil
}

func (a *app) has(roles ...string) bool {
	return slices.ContainsFunc(roles, func(r string) bool { return slices.Contains(a.config.roles, r) })
}

func (a *app) onClose(end func()) { a.closers = append(a.closers, end) }

// start runs a part until it is closed. A part that ends earlier ends the app.
func (a *app) start(name string, run func(context.Context) error) {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if err := run(ctx); ctx.Err() == nil {
			a.failed <- fmt.Errorf("%s ended: %w", name, err)
		}
	}()
	a.onClose(func() { cancel(); <-ended })
}

func (a *app) openPool(ctx context.Context, role string, conns int32, adjust ...func(*pgxpool.Config)) (*pgxpool.Pool, error) {
	pool, err := schema.Pool(ctx, a.config.databaseURL, role, conns, adjust...)
	if err != nil {
		return nil, err
	}
	a.onClose(pool.Close)
	return pool, nil
}

func (a *app) openLog(ctx context.Context) (err error) {
	if a.pool, err = a.openPool(ctx, schema.App, appConns); err != nil {
		return err
	}
	if err := checkDurable(ctx, a.pool); err != nil {
		return err
	}
	a.log = eventstore.NewLog(a.pool)
	if _, err := a.log.Head(ctx); err != nil {
		var pg *pgconn.PgError
		if errors.As(err, &pg) && pg.Code == "42P01" { // undefined table
			err = hinted(errors.New("the database has no ledger in it"), "`ledger migrate` makes its tables.")
		}
		return err
	}
	a.watch = eventstore.NewWatch(a.log)
	a.onClose(a.watch.Close)
	return nil
}

// openBroker does not wait for the broker: commands and queries go on without it.
func (a *app) openBroker(context.Context) (err error) {
	if a.config.connectNATS == nil {
		return nil
	}
	a.nc, err = a.config.connectNATS(
		nats.Name("ledger"), nats.RetryOnFailedConnect(true), nats.MaxReconnects(-1),
		nats.ReconnectWait(250*time.Millisecond), nats.ReconnectJitter(250*time.Millisecond, time.Second),
		nats.DisconnectErrHandler(func(_ *nats.Conn, err error) {
			if err != nil {
				slog.Warn("the broker is away; the log is mirrored when it is back", "cause", err)
			}
		}),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) { slog.Warn("NATS", "error", err) }),
	)
	if err != nil {
		return fmt.Errorf("connect to NATS: %w", err)
	}
	a.onClose(a.nc.Close)
	if a.has(roleRelay) {
		a.relay = eventstore.NewRelay(a.log, a.watch, a.nc, eventstore.RelayOptions{
			SyncedWrites: a.config.natsSynced, Replicas: a.config.natsReplicas,
		})
		a.start("the relay", a.relay.Run)
	}
	return nil
}

func (a *app) openReadModels(ctx context.Context) error {
	if a.has(roleProjections) {
		pool, err := a.openPool(ctx, schema.Projector, projectorConns)
		if err != nil {
			return err
		}
		log := eventstore.NewLog(pool)
		a.worker = projections.NewWorker(pool, log, eventstore.NewFeed(log, a.watch, a.nc))
		a.start("the read models' worker", func(ctx context.Context) error { a.worker.Run(ctx); return nil })
	}
	if a.has(roleAPI, roleTimers) {
		pool, err := a.openPool(ctx, schema.Reader, readerConns, projections.CustomPlans, schema.StatementTimeout(queryTimeout))
		if err != nil {
			return err
		}
		a.reader, a.reads = projections.NewReader(pool, a.worker), eventstore.NewLog(pool)
	}
	return nil
}

func (a *app) openCommands(ctx context.Context) (err error) {
	if !a.has(roleAPI, roleTimers, roleIntake) {
		return nil
	}
	if a.executor, err = handlers.NewExecutor(ctx, a.log, time.Now); err != nil {
		return err
	}
	a.onClose(a.executor.Close)
	if a.has(roleTimers) {
		timers := handlers.NewTimers(a.executor, a.reader)
		a.start("the timers", func(ctx context.Context) error { timers.Run(ctx); return nil })
	}
	if a.has(roleIntake) && a.nc != nil {
		in := intake.New(intake.Options{
			Executor: a.executor, Services: auth.NewServices(a.pool), Pool: a.pool, NATS: a.nc, Replicas: a.config.natsReplicas,
		})
		a.collectors = append(a.collectors, in)
		a.start("the intake", in.Run)
	}
	return nil
}

// openWebhooks gives the worker connections of its own: commands and queries don't wait for deliveries to be noted.
func (a *app) openWebhooks(ctx context.Context) error {
	a.sender = webhooks.NewSender(webhooks.SenderOptions{AllowPrivate: a.config.webhooksAllowPrivate})
	a.onClose(a.sender.Close)
	if !a.has(roleWebhooks) {
		return nil
	}
	pool, err := a.openPool(ctx, schema.App, webhookConns)
	if err != nil {
		return err
	}
	reads, err := a.openPool(ctx, schema.Reader, webhookReads, schema.StatementTimeout(queryTimeout))
	if err != nil {
		return err
	}
	log := eventstore.NewLog(pool)
	w := webhooks.NewWorker(webhooks.WorkerOptions{
		Pool: pool, Log: log, Reads: eventstore.NewLog(reads), Feed: eventstore.NewFeed(log, a.watch, a.nc), Sender: a.sender,
	})
	a.collectors = append(a.collectors, w)
	a.start("the webhooks", w.Run)
	return nil
}

func (a *app) openAPI(context.Context) (err error) {
	if !a.has(roleAPI) {
		return nil
	}
	if a.listener, err = net.Listen("tcp", a.config.http); err != nil {
		return hinted(fmt.Errorf("the API can't listen: %w", err), "If the port is taken: --http 127.0.0.1:0 takes a free one.")
	}
	options := handlers.Options{
		Executor: a.executor, Log: a.log, Watch: a.watch, Keys: auth.NewKeys(a.pool), Reader: a.reader, Reads: a.reads,
		Webhooks: webhooks.NewStore(a.pool, a.sender, time.Now), Held: a.config.held, Collectors: a.collectors,
	}
	if a.nc != nil {
		options.Connected = a.nc.IsConnected
		options.Relay = func(ctx context.Context) eventstore.RelayStatus { return streamStatus(ctx, a.nc) }
	}
	if a.relay != nil {
		options.Relay = func(context.Context) eventstore.RelayStatus { return a.relay.Status() }
	}
	server := handlers.NewServer(options)
	verifications := console.NewVerifications(a.pool, func(ctx context.Context, progress func(string, int64, int64)) (projections.Report, error) {
		return verifyLedger(ctx, a.config.databaseURL, a.nc, progress)
	})
	a.onClose(verifications.Close)
	pages := console.Options{Server: server, Sessions: auth.NewSessions(a.pool), Verifications: verifications, Services: auth.NewServices(a.pool)}
	if a.nc != nil {
		if pages.Queue, err = jetstream.New(a.nc); err != nil {
			return fmt.Errorf("open the broker's streams: %w", err)
		}
	}
	server.UseConsole(console.New(pages))
	a.serve("the API", a.listener, server.HTTPServer(a.config.http))
	a.onClose(func() {
		server.Drain()
		time.Sleep(a.config.drainDelay) // balancers ask for readiness now and then, and go on sending until they know
	})
	return nil
}

// serve answers on a listener until it is closed.
func (a *app) serve(name string, l net.Listener, h *http.Server) {
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if err := h.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			a.failed <- fmt.Errorf("%s ended: %w", name, err)
		}
	}()
	a.onClose(func() {
		ctx, cancel := context.WithTimeout(context.Background(), shutdownMost)
		defer cancel()
		if h.Shutdown(ctx) != nil {
			_ = h.Close() // whoever is still there is cut off; their keys tell them what became of it
		}
		<-ended
	})
}

// address is what the API listens on, with the port that 0 became; "" without the role api.
func (a *app) address() string {
	if a.listener == nil {
		return ""
	}
	return a.listener.Addr().String()
}
