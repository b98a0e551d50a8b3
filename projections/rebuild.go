package projections

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"orderledger/eventstore"
)

// What a rebuild can come to, beside success.
var (
	// ErrRebuilding: somebody else is rebuilding the same read model.
	ErrRebuilding = errors.New("the read model is being rebuilt already")
	// ErrRowsDiffer: the rows made anew are not those that are served. Nothing was changed.
	ErrRowsDiffer = errors.New("the rebuilt rows differ from those that are served")
	// ErrUnknownModel: there is no read model of that name.
	ErrUnknownModel = errors.New("there is no read model of that name; they are " + strings.Join(Names, ", "))
)

// Rebuilding is what a rebuild needs.
type Rebuilding struct {
	// Owner is a pool as ledger_owner, Projector one as ledger_projector; each lends a few connections.
	Owner, Projector *pgxpool.Pool
	// Force puts the new rows in the place of the old ones even if they differ.
	Force bool
	// Progress is told of the events folded so far, about every second; nil tells nobody.
	Progress func(done, total int64, perSecond float64)
}

// Rebuilt is what a rebuild did.
type Rebuilt struct {
	Name string
	// Position is how far the new rows have got, Rows how many there are, by table.
	Position int64
	Rows     map[string]int64
	// Difference tells the first row that was not the same, old and new; "" when all were, or when they
	// could not be compared.
	Difference string
	// Compared says that old and new rows were held against each other. They are not when the old ones
	// had stopped, or were made by another version of the fold.
	Compared bool
	// Filled is how long folding and writing the events took, Took the whole.
	Filled, Took time.Duration
}

// rebuild is one in progress.
type rebuild struct {
	Rebuilding
	model *model
	log   *eventstore.Log
	// at is the checkpoint of the new tables.
	at     checkpoint
	result Rebuilt
}

// Rebuild makes a read model anew from the log in the schema rebuild, beside the one that is served, while
// reads and workers go on. When both stand at the same position with the same rows, one transaction puts
// the new tables in the place of the old. An ended or killed rebuild leaves nothing that is served, and
// the next one clears up after it. Errors: ErrRebuilding, ErrRowsDiffer, ErrUnknownModel.
func (r Rebuilding) Rebuild(ctx context.Context, name string) (Rebuilt, error) {
	m := models[name]
	if m == nil {
		return Rebuilt{}, ErrUnknownModel
	}
	b := r.begin(m)
	began := time.Now()
	err := b.alone(ctx, func() error {
		return errors.Join(b.run(ctx), b.clear(context.WithoutCancel(ctx)))
	})
	b.result.Position, b.result.Took = b.at.position, time.Since(began)
	if err != nil {
		return b.result, fmt.Errorf("rebuild %s: %w", name, err)
	}
	return b.result, nil
}

func (r Rebuilding) begin(m *model) *rebuild {
	return &rebuild{
		Rebuilding: r, model: m, log: eventstore.NewLog(r.Projector),
		at: checkpoint{name: RebuildPrefix + m.name, version: m.version}, result: Rebuilt{Name: m.name},
	}
}

// alone holds a lock while do runs, on a connection of its own: it is let go with that, whatever happens.
func (b *rebuild) alone(ctx context.Context, do func() error) error {
	const lock = `SELECT pg_try_advisory_lock(hashtextextended('rebuild of ' || $1, 0))`
	conn, err := b.Owner.Acquire(ctx)
	if err != nil {
		return err
	}
	defer conn.Release()
	defer conn.Conn().Close(context.WithoutCancel(ctx))
	var mine bool
	if err := conn.QueryRow(ctx, lock, b.model.name).Scan(&mine); err != nil {
		return err
	}
	if !mine {
		return ErrRebuilding
	}
	return do()
}

func (b *rebuild) run(ctx context.Context) error {
	if err := b.fresh(ctx); err != nil {
		return err
	}
	return b.put(ctx)
}

// fresh makes the new tables, at the position of those that are served, and compares the two.
func (b *rebuild) fresh(ctx context.Context) error {
	if err := b.clear(ctx); err != nil {
		return err
	}
	live, err := readLive(ctx, b.Owner, b.model.name, "")
	if err != nil {
		return err
	}
	b.at.position, b.at.hash = live.position, live.hash
	if !live.comparable(b.model) {
		// The served rows will not move on by themselves, so the new ones go as far as the log does.
		head, err := b.log.Head(ctx)
		if err != nil {
			return err
		}
		b.at.position, b.at.hash = head.Position, head.Hash
	}
	if err := b.make(ctx); err != nil {
		return err
	}
	began := time.Now()
	if err := b.fill(ctx, b.at.position); err != nil {
		return err
	}
	b.result.Filled = time.Since(began)
	if err := b.finish(ctx); err != nil {
		return err
	}
	return b.compare(ctx)
}

// clear drops what a rebuild leaves.
func (b *rebuild) clear(ctx context.Context) error {
	return pgx.BeginFunc(ctx, b.Owner, func(tx pgx.Tx) error {
		for _, t := range b.model.tables {
			if _, err := tx.Exec(ctx, `DROP TABLE IF EXISTS rebuild.`+t.name+`, rebuild.`+t.parts()); err != nil {
				return fmt.Errorf("drop what an earlier rebuild left: %w", err)
			}
		}
		_, err := tx.Exec(ctx, `DELETE FROM projections WHERE name = $1`, b.at.name)
		return err
	})
}

// make creates the new tables, shaped like those that are served, without indexes and policies: those come
// when the rows are there, which is faster and lets COPY in.
func (b *rebuild) make(ctx context.Context) error {
	const start = `INSERT INTO projections (name, version, position, hash, state) VALUES ($1, $2, 0, $3, 'building')`
	return pgx.BeginFunc(ctx, b.Owner, func(tx pgx.Tx) error {
		for _, t := range b.model.tables {
			create := `CREATE TABLE rebuild.` + t.name + ` (LIKE public.` + t.name + ` INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING STORAGE)`
			if _, err := tx.Exec(ctx, create); err != nil {
				return fmt.Errorf("make the new table %s: %w", t.name, err)
			}
			if t.sumUp == "" {
				continue
			}
			if _, err := tx.Exec(ctx, `CREATE UNLOGGED TABLE rebuild.`+t.parts()+` (LIKE rebuild.`+t.name+`)`); err != nil {
				return fmt.Errorf("make the table %s: %w", t.parts(), err)
			}
		}
		_, err := tx.Exec(ctx, start, b.at.name, b.at.version, make([]byte, 32))
		return err
	})
}

// finish gives the new tables the indexes of those that are served, and their protection, and says how
// far their rows go.
func (b *rebuild) finish(ctx context.Context) error {
	const reached = `UPDATE projections SET position = $2, hash = $3, updated_at = clock_timestamp() WHERE name = $1`
	return pgx.BeginFunc(ctx, b.Owner, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `SET LOCAL maintenance_work_mem = '256MB'`); err != nil {
			return err
		}
		for _, t := range b.model.tables {
			statements, err := indexStatements(ctx, tx, t)
			if err != nil {
				return err
			}
			for _, s := range append(statements, `SELECT protect_read_model('rebuild.`+t.name+`')`, `ANALYZE rebuild.`+t.name) {
				if _, err := tx.Exec(ctx, s); err != nil {
					return fmt.Errorf("finish the new table %s: %s: %w", t.name, s, err)
				}
			}
		}
		_, err := tx.Exec(ctx, reached, b.at.name, b.at.position, b.at.hash[:])
		return err
	})
}

// indexStatements makes the indexes of a served table on the new one, under the same names.
func indexStatements(ctx context.Context, tx pgx.Tx, t *table) ([]string, error) {
	const q = `
SELECT i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid), i.indisprimary
FROM pg_index i
WHERE i.indrelid = ('public.' || $1)::regclass
ORDER BY i.indexrelid`
	rows, err := tx.Query(ctx, q, t.name)
	if err != nil {
		return nil, fmt.Errorf("read the indexes of %s: %w", t.name, err)
	}
	var all []string
	var name, text string
	var primary bool
	_, err = pgx.ForEachRow(rows, []any{&name, &text, &primary}, func() error {
		all = append(all, strings.Replace(text, " ON public."+t.name+" ", " ON rebuild."+t.name+" ", 1))
		if primary {
			all = append(all, `ALTER TABLE rebuild.`+t.name+` ADD CONSTRAINT `+name+` PRIMARY KEY USING INDEX `+name)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the indexes of %s: %w", t.name, err)
	}
	return all, nil
}

// put puts the new tables in the place of those that are served, as of the position that these are at.
func (b *rebuild) put(ctx context.Context) error {
	for try := 1; ; try++ {
		err := b.putOnce(ctx)
		// A long read of the old tables: let the others through that queue up behind us, and try again.
		if !isLockTimeout(err) || try == lockTries {
			return err
		}
	}
}

func (b *rebuild) putOnce(ctx context.Context) error {
	const done = `
UPDATE projections
SET version = $2, position = $3, hash = $4, state = 'running', error = NULL, updated_at = clock_timestamp()
WHERE name = $1`
	return pgx.BeginFunc(ctx, b.Owner, func(tx pgx.Tx) error {
		if err := b.hold(ctx, tx); err != nil {
			return err
		}
		old := b.model.tableList("public.")
		statements := []string{`SET LOCAL lock_timeout = '2s'`, `LOCK TABLE ` + old + ` IN ACCESS EXCLUSIVE MODE`, `DROP TABLE ` + old}
		for _, t := range b.model.tables {
			statements = append(statements, `ALTER TABLE rebuild.`+t.name+` SET SCHEMA public`)
		}
		for _, s := range statements {
			if _, err := tx.Exec(ctx, s); err != nil {
				return fmt.Errorf("put the new tables in place: %w", err)
			}
		}
		_, err := tx.Exec(ctx, done, b.model.name, b.at.version, b.at.position, b.at.hash[:])
		return err
	})
}

// hold locks the served model's checkpoint, so that no worker moves it, and brings the new tables to the
// same position.
func (b *rebuild) hold(ctx context.Context, tx pgx.Tx) error {
	// All but the last events are caught up with before, without holding anybody up.
	for range 10 {
		live, err := readLive(ctx, b.Owner, b.model.name, "")
		if err != nil {
			return err
		}
		if behind := live.position - b.at.position; behind < pageMax {
			break
		}
		if err := b.catchUp(ctx, live.position); err != nil {
			return err
		}
	}
	live, err := readLive(ctx, tx, b.model.name, "FOR UPDATE")
	if err != nil {
		return err
	}
	return b.catchUp(ctx, live.position)
}

// catchUp brings the new tables to a position as workers do.
func (b *rebuild) catchUp(ctx context.Context, to int64) error {
	for b.at.position < to {
		events, err := b.log.Read(ctx, b.at.position, int(min(to-b.at.position, pageMax)))
		if err != nil {
			return err
		}
		if len(events) == 0 {
			return fmt.Errorf("the log ends at %d, before the read model's position %d", b.at.position, to)
		}
		if err := advance(ctx, b.Projector, b.log, b.model, &b.at, events); err != nil {
			return err
		}
	}
	return nil
}

// liveModel is the checkpoint of a model that is served.
type liveModel struct {
	checkpoint
	stopped bool
}

// comparable says whether the served rows can be held against new ones: they move on, and mean the same.
func (l *liveModel) comparable(m *model) bool { return !l.stopped && l.version == m.version }

func readLive(ctx context.Context, q querier, name, lock string) (liveModel, error) {
	sql := `SELECT version, position, hash, state = 'stopped' FROM projections WHERE name = $1 ` + lock
	l := liveModel{checkpoint: checkpoint{name: name}}
	var hash []byte
	if err := q.QueryRow(ctx, sql, name).Scan(&l.version, &l.position, &hash, &l.stopped); err != nil {
		return l, fmt.Errorf("read the checkpoint of %s: %w", name, err)
	}
	copy(l.hash[:], hash)
	return l, nil
}
