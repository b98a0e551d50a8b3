package testkit

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"orderledger/internal/pgserver"
	"orderledger/internal/schema"
)

// DB is a database of one test, dropped when the test ends.
type DB struct {
	URL      string // as the role ledger, which owns it
	SuperURL string // as the cluster's superuser
}

// Pool opens a pool of up to 8 connections that works as one of schema's roles, closed when the test ends.
func (d *DB) Pool(t testing.TB, role string) *pgxpool.Pool {
	t.Helper()
	pool, err := schema.Pool(t.Context(), d.URL, role, 8)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	return pool
}

// Database makes a database with the whole schema in it. The cluster doesn't sync to disk: tests of
// power cuts want Postgres.
func Database(t testing.TB) *DB {
	t.Helper()
	return newDatabase(t, template)
}

// EmptyDatabase makes a database without the schema.
func EmptyDatabase(t testing.TB) *DB {
	t.Helper()
	return newDatabase(t, "template0")
}

// Postgres starts a cluster of the test's own, with its durability on, for tests that kill it. It has the
// database ledger, not yet migrated.
func Postgres(t testing.TB) *pgserver.Server {
	t.Helper()
	dir, err := newFolder()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := removeFolder(dir); err != nil {
			t.Error(err)
		}
	})
	return StartPostgres(t, dir)
}

// StartPostgres starts a cluster on a folder, for tests that start one again after its end: s.Dir() tells where.
func StartPostgres(t testing.TB, dir string) *pgserver.Server {
	t.Helper()
	s, err := pgserver.Start(t.Context(), pgserver.Options{Dir: dir, Settings: map[string]string{"shared_buffers": "64MB"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Stop() }) // a test that expects an end looks at it itself
	return s
}

const template = "ledger_template"

var (
	databases atomic.Int64
	starting  sync.Mutex // guards the two below
	shared    *pgserver.Server
	startErr  error
)

// cluster starts the binary's cluster once. A failure is every test's: none is skipped for want of PostgreSQL.
func cluster() (*pgserver.Server, error) {
	starting.Lock()
	defer starting.Unlock()
	if shared == nil && startErr == nil {
		shared, startErr = startCluster()
	}
	return shared, startErr
}

func startCluster() (*pgserver.Server, error) {
	sweep()
	dir, err := newFolder()
	if err != nil {
		return nil, err
	}
	// Nobody waits for the context's end: a bound for a machine where something hangs.
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	s, err := pgserver.Start(ctx, pgserver.Options{Dir: dir, Settings: map[string]string{
		"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off", // nothing here outlives the run
		"shared_buffers": "128MB", "max_wal_size": "1GB", "max_connections": "400",
	}})
	if err != nil {
		return nil, errors.Join(err, removeFolder(dir))
	}
	err = execute(ctx, s, `CREATE DATABASE `+template+` OWNER ledger`)
	if err == nil {
		err = schema.Migrate(ctx, s.URL(template))
	}
	if err != nil {
		return nil, errors.Join(err, s.Stop(), removeFolder(dir))
	}
	return s, nil
}

func stopCluster() error {
	starting.Lock()
	defer starting.Unlock()
	if shared == nil {
		return nil
	}
	return errors.Join(shared.Stop(), removeFolder(shared.Dir()))
}

func newDatabase(t testing.TB, from string) *DB {
	t.Helper()
	s, err := cluster()
	if err != nil {
		t.Fatalf("testkit: start PostgreSQL: %v", err)
	}
	name := fmt.Sprintf("test_%d", databases.Add(1))
	// Copying files takes a quarter of the time of copying through the log, as nothing is synced here.
	create := `CREATE DATABASE ` + name + ` OWNER ledger TEMPLATE ` + from + ` STRATEGY file_copy`
	if err := execute(t.Context(), s, create); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := execute(context.Background(), s, `DROP DATABASE `+name+` WITH (FORCE)`); err != nil {
			t.Error(err)
		}
	})
	return &DB{URL: s.URL(name), SuperURL: s.SuperURL(name)}
}

// execute runs one statement as the superuser, on a connection of its own: pools would be goroutines to end.
func execute(ctx context.Context, s *pgserver.Server, sql string) error {
	conn, err := pgx.Connect(ctx, s.SuperURL("postgres"))
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	if _, err = conn.Exec(ctx, sql); err != nil {
		return fmt.Errorf("%s: %w", sql, err)
	}
	return nil
}

const folders = "ledger-test-"

// newFolder makes a folder that PostgreSQL's user can pass through, which t.TempDir's parent forbids.
func newFolder() (string, error) {
	dir, err := os.MkdirTemp("", folders)
	if err != nil {
		return "", err
	}
	return dir, os.Chmod(dir, 0o711)
}

func removeFolder(dir string) error {
	return errors.Join(pgserver.Remove(dir), os.RemoveAll(dir))
}

// sweep clears what killed runs left, best effort: folders so old that no run of today is in them.
func sweep() {
	old, _ := filepath.Glob(filepath.Join(os.TempDir(), folders+"*"))
	for _, dir := range old {
		if info, err := os.Stat(dir); err == nil && time.Since(info.ModTime()) > 2*time.Hour {
			_ = removeFolder(dir)
		}
	}
}
