package client_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"orderledger/client"
	"orderledger/internal/testkit"
)

// asService makes the test binary be a service that handles events in its own database and kills itself now and then.
const asService = "LEDGER_TEST_BE_A_SERVICE"

type serviceConfig struct {
	Database string
	URL, Key string // over HTTP
	NATS     string // over NATS
	Until    int64
}

// A service is killed for real, again and again, right before and right after it commits: as its position is in its own
// transaction, each event has its effect exactly once.
func TestServiceKilledAroundItsCommit(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, l *ledger, via client.Via) {
		l.charge(t, 20)
		want := l.positionsOf(t)
		config := serviceConfig{Database: testkit.EmptyDatabase(t).SuperURL, Until: want[len(want)-1]}
		switch v := via.(type) {
		case client.HTTP:
			config.URL, config.Key = v.URL, v.Key
		case client.NATS:
			config.NATS = v.URL
		}
		raw, err := json.Marshal(config)
		must(t, err)
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute) // some fifteen processes, one after another
		defer cancel()
		conn, err := pgx.Connect(ctx, config.Database)
		must(t, err)
		defer func() { _ = conn.Close(ctx) }()
		_, err = conn.Exec(ctx, `CREATE TABLE effect (position bigint); CREATE TABLE place (position bigint); INSERT INTO place VALUES (0)`)
		must(t, err)
		kills := 0
		for {
			c := exec.CommandContext(ctx, os.Args[0])
			c.Env = append(os.Environ(), asService+"="+string(raw))
			out, err := c.CombinedOutput()
			if err == nil {
				break
			}
			var exit *exec.ExitError
			if !errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL || ctx.Err() != nil {
				t.Fatalf("%v after %d kills\n%s", err, kills, out)
			}
			kills++
		}
		rows, err := conn.Query(ctx, `SELECT position FROM effect ORDER BY position`)
		must(t, err)
		got, err := pgx.CollectRows(rows, pgx.RowTo[int64])
		must(t, err)
		if !slices.Equal(got, want) || kills == 0 {
			t.Errorf("after %d kills: %v, want %v", kills, got, want)
		}
	})
}

func beAService(config string) error {
	var c serviceConfig
	if err := json.Unmarshal([]byte(config), &c); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	conn, err := pgx.Connect(ctx, c.Database)
	if err != nil {
		return err
	}
	var via client.Via = client.HTTP{URL: c.URL, Key: c.Key}
	if c.NATS != "" {
		via = client.NATS{URL: c.NATS, Service: "gpu", OrgID: "org-acme"}
	}
	ledger, err := client.New(via)
	if err != nil {
		return err
	}
	maybe := func() {
		if rand.N(20) == 0 {
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
			select {} // until it has come
		}
	}
	positions := client.PositionFuncs{LoadFunc: func(ctx context.Context) (position int64, err error) {
		return position, conn.QueryRow(ctx, `SELECT position FROM place`).Scan(&position)
	}}
	err = ledger.Subscribe(ctx, client.Filter{}, positions, func(ctx context.Context, e client.Event) error {
		err := pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
			_, err := tx.Exec(ctx, fmt.Sprintf(`INSERT INTO effect (position) VALUES (%d); UPDATE place SET position = %[1]d`, e.Position))
			maybe()
			return err
		})
		maybe()
		if err == nil && e.Position == c.Until {
			cancel()
		}
		return err
	})
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}
