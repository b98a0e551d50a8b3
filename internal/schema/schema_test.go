package schema_test

import (
	"strings"
	"testing"
	"time"

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
