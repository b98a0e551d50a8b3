// Package schema brings a database to the tables this program needs, and opens pools that work with
// one role's rights.
package schema

import (
	"context"
	"embed"
	"fmt"
	"io/fs"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

//go:embed roles.sql
var rolesSQL string

//go:embed migrations/*.sql
var files embed.FS

// Migrate brings the database up to date. The URL's role needs to own the database, and, unless the roles
// ledger_* are there and granted to it, the right to make them. Any number of processes may call it at once:
// one works, the others wait, up to five minutes. Every migration is one transaction unless it says otherwise,
// and works as ledger_owner, whose the tables are.
func Migrate(ctx context.Context, databaseURL string) error {
	return withProvider(ctx, databaseURL, func(p *goose.Provider) error {
		if _, err := p.Up(ctx); err != nil {
			return fmt.Errorf("migrate: %w", err)
		}
		return nil
	})
}

// Migration is one numbered step of the schema.
type Migration struct {
	Version int64
	File    string
	Applied bool
}

// Status lists the schema's migrations in order, with what the database has of them. It needs the same rights
// as Migrate, and makes roles and the table of migrations where they are missing.
func Status(ctx context.Context, databaseURL string) ([]Migration, error) {
	var list []Migration
	err := withProvider(ctx, databaseURL, func(p *goose.Provider) error {
		states, err := p.Status(ctx)
		if err != nil {
			return fmt.Errorf("read migration status: %w", err)
		}
		for _, s := range states {
			list = append(list, Migration{Version: s.Source.Version, File: s.Source.Path, Applied: s.State == goose.StateApplied})
		}
		return nil
	})
	return list, err
}

// withProvider sees to the roles as the URL's role and then works as ledger_owner.
func withProvider(ctx context.Context, databaseURL string, do func(*goose.Provider) error) error {
	config, err := pgx.ParseConfig(databaseURL)
	if err != nil {
		return fmt.Errorf("read database URL: %w", err)
	}
	if err := ensureRoles(ctx, config); err != nil {
		return err
	}
	config.RuntimeParams["role"] = Owner
	config.RuntimeParams["application_name"] = Owner
	db := stdlib.OpenDB(*config)
	defer db.Close() // nothing is left to lose: each migration is committed or not

	// An advisory lock of the session, tried every second for five minutes.
	locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, 300))
	if err != nil {
		return fmt.Errorf("make migration lock: %w", err)
	}
	steps, err := fs.Sub(files, "migrations")
	if err != nil {
		return fmt.Errorf("open migrations: %w", err)
	}
	p, err := goose.NewProvider(goose.DialectPostgres, db, steps, goose.WithSessionLocker(locker))
	if err != nil {
		return fmt.Errorf("read migrations: %w", err)
	}
	return do(p)
}

func ensureRoles(ctx context.Context, config *pgx.ConnConfig) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return fmt.Errorf("reach database: %w", err)
	}
	defer conn.Close(context.WithoutCancel(ctx))
	if _, err := conn.Exec(ctx, rolesSQL); err != nil {
		return fmt.Errorf("make roles: %w", err)
	}
	return nil
}
