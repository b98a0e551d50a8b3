package console

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"orderledger/projections"
)

const (
	verificationsKept = 100         // in the table
	goneAfter         = time.Minute // without a sign of life, the process that verified is gone
	aliveEvery        = time.Second
)

// errVerifying: somebody verifies already, here or in another process.
var errVerifying = errors.New("a verification is under way")

// verify checks everything that can be checked, and tells how it goes.
type verify func(ctx context.Context, progress func(check string, done, total int64)) (projections.Report, error)

// Verifications runs verifications, one at a time over all processes, and keeps what they found. It is safe for concurrent
// use.
type Verifications struct {
	pool *pgxpool.Pool
	run  verify

	ctx     context.Context
	cancel  func()
	running sync.WaitGroup
}

// NewVerifications keeps verifications in the database of a pool that runs as ledger_app, which the caller closes after
// Close. run makes one; it ends with its context.
func NewVerifications(pool *pgxpool.Pool, run verify) *Verifications {
	v := &Verifications{pool: pool, run: run}
	v.ctx, v.cancel = context.WithCancel(context.Background())
	return v
}

// Close ends a verification that is under way here, and waits for that.
func (s *Verifications) Close() {
	s.cancel()
	s.running.Wait()
}

// verification is one that was started.
type verification struct {
	ID                  string
	StartedAt           time.Time
	StartedBy           string
	Doing               string
	DoneEvents, OfTotal int64
	FinishedAt          *time.Time
	Report              *projections.Report
	Error               string
	// Alive says that its process gave a sign of life lately.
	Alive bool
}

// State is running, clean, wrong (a check found a fault), failed (it could not be finished) or gone (its process is).
func (v *verification) State() string {
	switch {
	case v.FinishedAt == nil && v.Alive:
		return "running"
	case v.FinishedAt == nil:
		return "gone"
	case v.Report == nil || v.Error != "":
		return "failed"
	case v.Report.Clean:
		return "clean"
	}
	return "wrong"
}

// Took is how long it took.
func (v *verification) Took() time.Duration {
	if v.FinishedAt == nil {
		return 0
	}
	return v.FinishedAt.Sub(v.StartedAt)
}

// start starts a verification, which goes on by itself. Error: errVerifying.
func (s *Verifications) start(ctx context.Context, by string) (id string, err error) {
	const (
		alone = `SELECT pg_advisory_xact_lock(hashtextextended('start of a verification', 0))`
		tidy  = `DELETE FROM verifications WHERE verification_id IN (SELECT verification_id FROM verifications ORDER BY started_at DESC OFFSET $1)`
		begin = `
INSERT INTO verifications (verification_id, started_by)
SELECT $1, $2
WHERE NOT EXISTS (SELECT FROM verifications WHERE finished_at IS NULL AND seen_at > clock_timestamp() - $3::interval)`
	)
	id = uuid.NewString()
	err = pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, alone); err != nil {
			return err
		}
		tag, err := tx.Exec(ctx, begin, id, by, goneAfter)
		if err == nil && tag.RowsAffected() == 0 {
			err = errVerifying
		}
		if err == nil {
			_, err = tx.Exec(ctx, tidy, verificationsKept)
		}
		return err
	})
	if err != nil {
		return "", fmt.Errorf("start a verification: %w", err)
	}
	s.running.Go(func() { s.make(id) })
	return id, nil
}

// make makes a verification and keeps what it found.
func (s *Verifications) make(id string) {
	const finish = `
UPDATE verifications
SET finished_at = clock_timestamp(), seen_at = clock_timestamp(), report = $2, error = $3
WHERE verification_id = $1`
	now := &progress{}
	ended := make(chan struct{})
	var alive sync.WaitGroup
	alive.Go(func() { s.keepAlive(id, now, ended) })
	report, err := s.run(s.ctx, now.set)
	close(ended)
	alive.Wait()
	var text []byte
	var fault *string
	if err == nil {
		text, err = json.Marshal(report)
	}
	if err != nil {
		said := err.Error()
		if s.ctx.Err() != nil {
			said = "the server was stopped meanwhile"
		}
		fault = &said
	}
	// What was found is kept also while the server ends.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(s.ctx), 5*time.Second)
	defer cancel()
	if _, err := s.pool.Exec(ctx, finish, id, text, fault); err != nil {
		slog.Error("the result of a verification could not be kept", "verification", id, "error", err)
	}
}

// progress is how far a verification is.
type progress struct {
	mu          sync.Mutex
	check       string
	done, total int64
}

func (p *progress) set(check string, done, total int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.check, p.done, p.total = check, done, total
}

func (p *progress) get() (check string, done, total int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.check, p.done, p.total
}

// keepAlive tells all processes how far it is, until it ended: also while a check says nothing for a while.
func (s *Verifications) keepAlive(id string, now *progress, ended <-chan struct{}) {
	const tell = `UPDATE verifications SET seen_at = clock_timestamp(), doing = $2, done = $3, total = $4 WHERE verification_id = $1`
	tick := time.NewTicker(aliveEvery)
	defer tick.Stop()
	for {
		select {
		case <-ended:
			return
		case <-tick.C:
		}
		check, done, total := now.get()
		if _, err := s.pool.Exec(s.ctx, tell, id, check, done, total); err != nil && s.ctx.Err() == nil {
			slog.Warn("how far a verification is could not be told", "verification", id, "error", err)
		}
	}
}

const verificationColumns = `verification_id, started_at, started_by, doing, done, total, finished_at, report, coalesce(error, ''),
    seen_at > clock_timestamp() - interval '1 minute'`

func (v *verification) scan() []any {
	return []any{&v.ID, &v.StartedAt, &v.StartedBy, &v.Doing, &v.DoneEvents, &v.OfTotal, &v.FinishedAt, &v.Report, &v.Error, &v.Alive}
}

// list lists verifications, newest first.
func (s *Verifications) list(ctx context.Context, limit int) ([]*verification, error) {
	const q = `SELECT ` + verificationColumns + ` FROM verifications ORDER BY started_at DESC LIMIT $1`
	rows, err := s.pool.Query(ctx, q, limit)
	if err != nil {
		return nil, fmt.Errorf("list verifications: %w", err)
	}
	all, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (*verification, error) {
		v := &verification{}
		return v, row.Scan(v.scan()...)
	})
	if err != nil {
		return nil, fmt.Errorf("list verifications: %w", err)
	}
	return all, nil
}

// find finds one: projections.ErrNotFound.
func (s *Verifications) find(ctx context.Context, id string) (*verification, error) {
	const q = `SELECT ` + verificationColumns + ` FROM verifications WHERE verification_id = $1`
	v := &verification{}
	err := s.pool.QueryRow(ctx, q, id).Scan(v.scan()...)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, projections.ErrNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("read the verification %s: %w", id, err)
	}
	return v, nil
}
