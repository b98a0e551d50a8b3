package pgserver

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

const (
	superuser = "postgres"
	login     = "ledger" // the program's role, and the name of its database
)

// The roles that the schema's grants and policies name. They belong to the whole cluster, so the superuser
// makes them here; the migration makes them where there is no such help. `ledger` gets them with the right to
// pass them on, and needs no CREATEROLE, which up to PostgreSQL 15 is nearly a superuser.
const ensureRoles = `
DO $$
DECLARE r text;
BEGIN
	IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'ledger') THEN
		CREATE ROLE ledger LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE;
	END IF;
	FOREACH r IN ARRAY ARRAY['ledger_owner', 'ledger_app', 'ledger_projector', 'ledger_reader'] LOOP
		IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = r) THEN
			EXECUTE format('CREATE ROLE %I NOLOGIN', r);
		END IF;
		EXECUTE format('GRANT %I TO ledger WITH ADMIN OPTION', r);
	END LOOP;
END $$`

// ensureDatabase brings the cluster to what URL promises; a second run changes nothing.
func ensureDatabase(ctx context.Context, superURL, ledgerPassword string) error {
	conn, err := pgx.Connect(ctx, superURL)
	if err != nil {
		return fmt.Errorf("connect as superuser: %w", err)
	}
	defer conn.Close(context.WithoutCancel(ctx))

	if _, err := conn.Exec(ctx, ensureRoles); err != nil {
		return fmt.Errorf("make roles: %w", err)
	}
	// The password is hexadecimal; utility statements take no parameters.
	if _, err := conn.Exec(ctx, `ALTER ROLE ledger PASSWORD '`+ledgerPassword+`'`); err != nil {
		return fmt.Errorf("set password: %w", err)
	}
	var exists bool
	if err := conn.QueryRow(ctx, `SELECT EXISTS (SELECT FROM pg_database WHERE datname = 'ledger')`).Scan(&exists); err != nil {
		return fmt.Errorf("look for database: %w", err)
	}
	if !exists {
		if _, err := conn.Exec(ctx, `CREATE DATABASE ledger OWNER ledger`); err != nil {
			return fmt.Errorf("make database: %w", err)
		}
	}
	return nil
}
