package eventstore

import (
	"sync"

	"github.com/jackc/pgx/v5/pgxpool"
)

// Log is the event log in Postgres. It is safe for concurrent use.
type Log struct {
	pool *pgxpool.Pool

	mu      sync.Mutex
	watches map[*Watch]bool // to be told of this Log's own appends at once
}

// NewLog opens the log. The pool runs as ledger_app, or as a role that may only read; the caller closes it.
func NewLog(pool *pgxpool.Pool) *Log { return &Log{pool: pool, watches: map[*Watch]bool{}} }

// woke tells those who follow this Log in this process how far it reaches.
func (l *Log) woke(position int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for w := range l.watches {
		w.raise(position)
	}
}

func (l *Log) watch(w *Watch, on bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if on {
		l.watches[w] = true
	} else {
		delete(l.watches, w)
	}
}
