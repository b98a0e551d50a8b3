package schema_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"

	"orderledger/internal/schema"
	"orderledger/internal/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

// On a database and a cluster where nothing is prepared, as the superuser of a composed PostgreSQL.
func TestMigrateTwiceAtOnce(t *testing.T) {
	t.Parallel()
	db := testkit.EmptyDatabase(t)
	var g errgroup.Group
	for range 3 {
		g.Go(func() error { return schema.Migrate(t.Context(), db.SuperURL) })
	}
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
	steps, err := schema.Status(t.Context(), db.SuperURL)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range steps {
		if !s.Applied {
			t.Errorf("%s is not applied", s.File)
		}
	}
	if err := schema.Migrate(t.Context(), db.SuperURL); err != nil {
		t.Fatalf("again: %v", err)
	}
}

func TestStatusBeforeMigrate(t *testing.T) {
	t.Parallel()
	db := testkit.EmptyDatabase(t)
	steps, err := schema.Status(t.Context(), db.URL)
	if err != nil || len(steps) == 0 || steps[0].Applied {
		t.Fatalf("%v, %v", steps, err)
	}
	if err := schema.Migrate(t.Context(), db.URL); err != nil {
		t.Fatalf("as the role ledger: %v", err)
	}
}

func TestPoolWorksAsRole(t *testing.T) {
	t.Parallel()
	db := testkit.Database(t)
	pool, err := schema.Pool(t.Context(), db.URL, schema.Reader, 1, schema.StatementTimeout(50*time.Millisecond))
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	var who string
	if err := pool.QueryRow(t.Context(), `SELECT current_user`).Scan(&who); err != nil || who != schema.Reader {
		t.Fatalf("works as %s, %v", who, err)
	}
	if _, err := pool.Exec(t.Context(), `SET ROLE ledger_app; RESET ROLE`); err != nil {
		t.Fatal(err)
	}
	if err := pool.QueryRow(t.Context(), `SELECT current_user`).Scan(&who); err != nil || who != schema.Reader {
		t.Fatalf("after a reset works as %s, %v", who, err)
	}
	if _, err := pool.Exec(t.Context(), `SELECT pg_sleep(10)`); err == nil || !strings.Contains(err.Error(), "statement timeout") {
		t.Fatalf("a long statement: %v", err)
	}
	if _, err := pool.Exec(t.Context(), `CREATE TABLE mine (n int)`); err == nil {
		t.Fatal("a reader made a table")
	}
}

func TestPoolTellsOfWrongRole(t *testing.T) {
	t.Parallel()
	db := testkit.Database(t)
	if pool, err := schema.Pool(t.Context(), db.URL, "no_such_role", 1); err == nil {
		pool.Close()
		t.Fatal("opened a pool as a role that isn't there")
	}
}

// Read models that hold rows when their tables change keep what they say of themselves, so that nothing moves them on
// before they are made anew; what can be read of them still can.
func TestMigrationLeavesFilledReadModelsToARebuild(t *testing.T) {
	t.Parallel()
	db := testkit.EmptyDatabase(t)
	if err := schema.MigrateTo(t.Context(), db.SuperURL, 4); err != nil {
		t.Fatal(err)
	}
	conn, err := pgx.Connect(t.Context(), db.SuperURL)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	for _, s := range []string{
		`UPDATE projections SET position = 3 WHERE name IN ('orders', 'orgs')`,
		`INSERT INTO orgs VALUES ('org-acme', 'Europe/Berlin', 60, 2, 3, 1)`,
		`INSERT INTO orders VALUES ('o-1', 'org-acme', now(), 'unpaid', 'purchase', 'CNY', 'p', 'c', '', '', NULL, 1, 1, NULL, NULL, NULL, '{}', now(), NULL, 1, 1, '{}')`,
	} {
		if _, err := conn.Exec(t.Context(), s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
	if err := schema.Migrate(t.Context(), db.SuperURL); err != nil {
		t.Fatal(err)
	}
	const models = `SELECT string_agg(concat_ws(' ', name, version, position), ', ' ORDER BY name) FROM projections`
	const rows = `SELECT concat_ws(' ', refund_state, arrears, imported, g.doc ->> 'time_zone') FROM orders JOIN (SELECT doc FROM orgs) g (doc) ON true`
	for q, want := range map[string]string{
		models: "accounts 2 0, bill_lines 3 0, orders 1 3, orgs 1 3, resources 2 0, vouchers 1 0",
		rows:   "none f f Europe/Berlin",
	} {
		var got string
		if err := conn.QueryRow(t.Context(), q).Scan(&got); err != nil || got != want {
			t.Errorf("%s: %q, %v, want %q", q, got, err, want)
		}
	}
}
