package bench

import (
	"context"
	"fmt"
	"net"
	"runtime"

	"orderledger/eventstore"
	"orderledger/handlers"
	"orderledger/internal/auth"
	"orderledger/internal/schema"
)

// http measures POST /v1/orders and POST /v1/commands against what the executor alone does. The client is
// a process of its own that shares the cores, so its CPU is reported too.
func (b *bed) http(ctx context.Context) error {
	url, err := b.database(ctx)
	if err != nil {
		return err
	}
	e, err := b.newExecutor(ctx, url)
	if err != nil {
		return err
	}
	defer e.close()
	if err := endow(ctx, e.Executor); err != nil {
		return err
	}
	api, err := b.serve(ctx, url, e)
	if err != nil {
		return err
	}
	defer api.stop()
	if err := b.httpOrders(ctx, e, api); err != nil {
		return err
	}
	return b.httpBulk(ctx, e, api)
}

func (b *bed) httpOrders(ctx context.Context, e *executor, api *api) error {
	var alone, over, p99s, cpus []float64
	for round := range rounds {
		run := fmt.Sprint("http-orders-", round)
		a, _, err := inTurns(ctx, 64, b.span(), func(ctx context.Context, caller, turn int) error {
			_, err := e.Do(ctx, request(fmt.Sprint(run, "-", caller, "-", turn), purchase(org(caller))))
			return err
		})
		if err != nil {
			return err
		}
		o, err := api.load(ctx, load{Run: run, Path: "/v1/orders", Connections: 64, Seconds: b.Seconds})
		if err != nil {
			return err
		}
		alone, over = append(alone, a), append(over, o.PerSecond)
		p99s, cpus = append(p99s, o.P99), append(cpus, o.CPU)
	}
	b.report("POST /v1/orders, 64 connections, against the executor alone", median(over), "commands/s", median(alone))
	b.report("POST /v1/orders, p99", median(p99s), "ms", 0)
	b.report("POST /v1/orders, the client's CPU", median(cpus), "cores", float64(runtime.NumCPU()))
	return nil
}

func (b *bed) httpBulk(ctx context.Context, e *executor, api *api) error {
	var alone, over, cpus []float64
	for round := range rounds {
		run := fmt.Sprint("http-bulk-", round)
		a, _, err := inTurns(ctx, 256, b.span(), placeAndPay(run, e.Executor))
		if err != nil {
			return err
		}
		o, err := api.load(ctx, load{Run: run, Path: "/v1/commands", Connections: 2, Seconds: b.Seconds})
		if err != nil {
			return err
		}
		alone, over, cpus = append(alone, a), append(over, o.PerSecond), append(cpus, o.CPU)
	}
	b.report("POST /v1/commands, 2 connections, against the executor alone", median(over), "commands/s", median(alone))
	b.report("POST /v1/commands, the client's CPU", median(cpus), "cores", float64(runtime.NumCPU()))
	return nil
}

// api is a server on a loopback port, and a platform key for it.
type api struct {
	addr, key string
	stop      func()
}

func (b *bed) serve(ctx context.Context, url string, e *executor) (*api, error) {
	return b.serveMore(ctx, url, e, func(*handlers.Options) {}, func(*handlers.Server) {})
}

// serveMore serves what more asks for, too; use finishes the server.
func (b *bed) serveMore(ctx context.Context, url string, e *executor, more func(*handlers.Options), use func(*handlers.Server)) (*api, error) {
	app, err := pool(ctx, url, schema.App, 8)
	if err != nil {
		return nil, err
	}
	keys := auth.NewKeys(app)
	_, key, err := keys.Create(ctx, "", auth.Platform, "bench", "bench")
	if err != nil {
		return nil, err
	}
	watch := eventstore.NewWatch(e.log)
	options := handlers.Options{Executor: e.Executor, Log: e.log, Watch: watch, Keys: keys, RateLimit: 1e6}
	more(&options)
	server := handlers.NewServer(options)
	use(server)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	h := server.HTTPServer("")
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = h.Serve(listener) // it ends when it is closed
	}()
	return &api{listener.Addr().String(), key, func() {
		_ = h.Close()
		<-done
		server.Close()
		watch.Close()
		app.Close()
	}}, nil
}
