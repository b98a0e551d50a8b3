package eventstore

import "github.com/jackc/pgx/v5/pgxpool"

// Log is the event log in Postgres. It is safe for concurrent use.
type Log struct{ pool *pgxpool.Pool }

// NewLog opens the log. The pool runs as ledger_app, or as a role that may only read; the caller closes it.
func NewLog(pool *pgxpool.Pool) *Log { return &Log{pool} }
