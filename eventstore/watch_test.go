package eventstore_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"orderledger/eventstore"
	"orderledger/internal/schema"
	"orderledger/internal/testkit"
)

// Followers in the same process wake at once; those elsewhere when they are told, and by themselves when
// the telling is lost.
func TestWatchWakes(t *testing.T) {
	t.Parallel()
	db := testkit.Database(t)
	m := &mirror{t: t, log: eventstore.NewLog(db.Pool(t, schema.App))}
	m.reload()
	near := eventstore.NewWatch(m.log)
	t.Cleanup(near.Close)
	far := eventstore.NewWatch(eventstore.NewLog(db.Pool(t, schema.Projector)))
	t.Cleanup(far.Close)

	m.append(1)
	if position, _ := near.Position(); position != 1 {
		t.Errorf("after an append of its own log a watch is at %d", position)
	}
	woke(t, far, 0, 1) // untold
	for i := range int64(5) {
		m.append(1)
		start := time.Now()
		if err := m.log.Announce(t.Context(), m.head.Position); err != nil {
			t.Fatal(err)
		}
		woke(t, far, i+1, i+2)
		if took := time.Since(start); took > 500*time.Millisecond {
			t.Errorf("an announcement took %s", took)
		}
	}

	// Its connection is cut: it makes another one, and misses nothing.
	super, err := pgx.Connect(t.Context(), db.SuperURL)
	if err != nil {
		t.Fatal(err)
	}
	defer super.Close(context.Background())
	const q = `SELECT count(*) FROM (SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND query LIKE '%head%' AND usename IS NOT NULL) x`
	var killed int
	if err := super.QueryRow(t.Context(), q).Scan(&killed); err != nil || killed == 0 {
		t.Fatalf("%d connections were cut, %v", killed, err)
	}
	for range 3 { // the pool may yet hand out a connection that was cut
		if m.reloaded() == nil {
			break
		}
	}
	m.append(1)
	woke(t, far, m.head.Position-1, m.head.Position)
	woke(t, near, m.head.Position-1, m.head.Position)
	_ = m.log.Announce(t.Context(), 3) // an old announcement that comes late
	woke(t, far, m.head.Position-1, m.head.Position)
}

func (m *mirror) reloaded() (err error) {
	m.head, err = m.log.Head(context.Background())
	return err
}

func woke(t *testing.T, w *eventstore.Watch, beyond, want int64) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if got, err := w.Wait(ctx, beyond); err != nil || got != want {
		t.Errorf("woke at %d, %v, want %d", got, err, want)
	}
}

func TestWatchWaitEndsWithItsContext(t *testing.T) {
	t.Parallel()
	m := newMirror(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if position, err := m.watch.Wait(ctx, 5); !errors.Is(err, context.Canceled) || position != 0 {
		t.Errorf("waited to %d, %v", position, err)
	}
}
