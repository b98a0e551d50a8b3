package bench

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"orderledger/eventstore"
	"orderledger/handlers"
	"orderledger/handlers/console"
	"orderledger/internal/auth"
	"orderledger/internal/schema"
	"orderledger/projections"
)

// What every page keeps to, with a million orders.
const (
	pageWithin = 100 // ms of the server's time, at the 99th percentile
	pageBytes  = 60  // KB of the first page with its styles and scripts, compressed
)

// console measures every page of the console on a long history: for the organisation that has half of all orders, and for
// a platform key that sees all organisations.
func (b *bed) console(ctx context.Context) error {
	url, err := b.history(ctx)
	if err != nil {
		return err
	}
	return b.look(ctx, url)
}

// history makes a database with so many orders, or takes the one that an earlier run left in the folder.
func (b *bed) history(ctx context.Context) (string, error) {
	conn, err := pgx.Connect(ctx, b.admin())
	if err != nil {
		return "", err
	}
	defer conn.Close(ctx)
	kept, there := fmt.Sprint("console_", b.Orders), false
	if err := conn.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM pg_database WHERE datname = $1)`, kept).Scan(&there); err != nil {
		return "", err
	}
	if there && b.Data != "" {
		url := b.url(conn, kept)
		return url, schema.Migrate(ctx, url)
	}
	url, err := b.database(ctx)
	if err != nil {
		return "", err
	}
	e, err := b.newExecutor(ctx, url)
	if err != nil {
		return "", err
	}
	b.say("making a history of %d orders", b.Orders)
	err = history(ctx, e.log, b.Orders)
	e.close() // the log has grown without it
	if err == nil {
		err = b.fill(ctx, url)
	}
	if err != nil || b.Data == "" {
		return url, err
	}
	// Only what is whole has the name that the next run looks for.
	_, err = conn.Exec(ctx, fmt.Sprintf(`ALTER DATABASE %s RENAME TO %s`, b.made[len(b.made)-1], kept))
	return b.url(conn, kept), err
}

// fill makes the read models by rebuilds, which is faster than following.
func (b *bed) fill(ctx context.Context, url string) error {
	owner, err := pool(ctx, url, schema.Owner, 8)
	if err != nil {
		return err
	}
	defer owner.Close()
	projector, err := pool(ctx, url, schema.Projector, 16)
	if err != nil {
		return err
	}
	defer projector.Close()
	// A rebuild goes as far as the rows that are served, unless they have stopped.
	if _, err := owner.Exec(ctx, `UPDATE projections SET state = 'stopped'`); err != nil {
		return err
	}
	for _, name := range projections.Names {
		b.say("making the read model %s", name)
		if _, err := (projections.Rebuilding{Owner: owner, Projector: projector}).Rebuild(ctx, name); err != nil {
			return err
		}
	}
	_, err = owner.Exec(ctx, `VACUUM ANALYZE`) // as in a database that has been running for a while
	return err
}

// look signs in and asks for all pages.
func (b *bed) look(ctx context.Context, url string) error {
	e, err := b.newExecutor(ctx, url)
	if err != nil {
		return err
	}
	defer e.close()
	read, err := schema.Pool(ctx, url, schema.Reader, 16, projections.CustomPlans)
	if err != nil {
		return err
	}
	defer read.Close()
	app, err := pool(ctx, url, schema.App, 8)
	if err != nil {
		return err
	}
	defer app.Close()
	verifications := console.NewVerifications(app, nil)
	defer verifications.Close()
	api, err := b.serveMore(ctx, url, e, func(o *handlers.Options) {
		o.Reader, o.Reads = projections.NewReader(read, nil), eventstore.NewLog(read)
	}, func(s *handlers.Server) {
		s.UseConsole(console.New(console.Options{Server: s, Sessions: auth.NewSessions(app), Verifications: verifications}))
	})
	if err != nil {
		return err
	}
	defer api.stop()
	keys := auth.NewKeys(app)
	_, big, err := keys.Create(ctx, org(0), auth.OrgAdmin, "bench", "bench")
	if err != nil {
		return err
	}
	for _, who := range []struct{ name, key string }{{"half of all orders", big}, {everybody, api.key}} {
		v := &visitor{at: "http://" + api.addr}
		if err := v.signIn(ctx, who.key); err != nil {
			return err
		}
		if err := b.visit(ctx, v, who.name); err != nil {
			return err
		}
	}
	return nil
}
