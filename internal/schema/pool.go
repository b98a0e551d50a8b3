package schema

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
)

// The roles a pool can work as. The URL's own role must be a member (Migrate sees to it).
const (
	Owner     = "ledger_owner"     // owns the tables; for migrations
	App       = "ledger_app"       // executor and relay
	Projector = "ledger_projector" // read models
	Reader    = "ledger_reader"    // queries of one organisation, named per transaction
)

const connectWithin = 10 * time.Second

// StatementTimeout bounds every statement of a pool; PostgreSQL counts in milliseconds, 0 is no bound.
func StatementTimeout(d time.Duration) func(*pgxpool.Config) {
	return func(c *pgxpool.Config) {
		c.ConnConfig.RuntimeParams["statement_timeout"] = strconv.FormatInt(d.Milliseconds(), 10)
	}
}

// Pool opens a pool of at most maxConns connections, each with the rights of that role from its first statement
// on. It returns when one connection stands, so that a wrong URL or role is told here. adjust changes the
// configuration before that. The caller closes the pool.
func Pool(ctx context.Context, databaseURL, role string, maxConns int32, adjust ...func(*pgxpool.Config)) (*pgxpool.Pool, error) {
	c, err := pgxpool.ParseConfig(databaseURL)
	if err != nil {
		return nil, fmt.Errorf("read database URL: %w", err)
	}
	c.MaxConns = maxConns
	c.ConnConfig.ConnectTimeout = connectWithin
	c.ConnConfig.RuntimeParams["role"] = role // a start-up parameter: RESET ROLE comes back to it
	c.ConnConfig.RuntimeParams["application_name"] = role
	if role == App {
		// It locks the one row that every append moves. Should its process or its network die with the lock held,
		// the others must not wait for TCP to notice.
		c.ConnConfig.RuntimeParams["idle_in_transaction_session_timeout"] = "15s"
		c.ConnConfig.RuntimeParams["lock_timeout"] = "10s"
		c.ConnConfig.RuntimeParams["client_connection_check_interval"] = "2s"
		c.ConnConfig.RuntimeParams["tcp_user_timeout"] = "15s"
	}
	for _, f := range adjust {
		f(c)
	}
	pool, err := pgxpool.NewWithConfig(ctx, c)
	if err != nil {
		return nil, fmt.Errorf("open pool: %w", err)
	}
	if err := pool.Ping(ctx); err != nil {
		pool.Close()
		return nil, fmt.Errorf("connect as %s: %w", role, err)
	}
	return pool, nil
}
