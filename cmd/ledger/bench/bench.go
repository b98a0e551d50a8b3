// Package bench measures this build beside the physical limits of the machine it runs on, taken in the
// same run: absolute figures drift, ratios hold.
package bench

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"orderledger/internal/natsserver"
	"orderledger/internal/pgserver"
	"orderledger/internal/schema"
)

// Options say what to measure, and on what.
type Options struct {
	// Scenario is one of Scenarios, "" for all.
	Scenario string
	// DatabaseURL is a database server that new databases may be made on; "" starts a private one in a
	// temporary folder.
	DatabaseURL string
	// Data is a folder where the private server stays, so that a history is made once; "" is a temporary one.
	Data string
	// Seconds is how long each timed measurement runs.
	Seconds float64
	// Events is the size of the log in the scenarios that need a large one.
	Events int
	// Orders is how many there are when the console is looked at.
	Orders int
	// Turns is how often each page is asked for then.
	Turns int
	// JSON writes one object a line instead of a table.
	JSON bool
	Out  io.Writer
	// Log says what is going on.
	Log io.Writer
}

// Line is one figure. Ratio is Value ÷ Limit; both are null where nothing limits it.
type Line struct {
	Scenario string   `json:"scenario"`
	Name     string   `json:"name"`
	Value    float64  `json:"value"`
	Unit     string   `json:"unit"`
	Limit    *float64 `json:"limit"`
	Ratio    *float64 `json:"ratio"`
}

type scenario struct {
	name string
	run  func(*bed, context.Context) error
}

var scenarios = []scenario{
	{"commands", (*bed).commands},
	{"usage", (*bed).usage},
	{"settle", (*bed).settle},
	{"relay", (*bed).relay},
	{"projections", (*bed).projections},
	{"http", (*bed).http},
	{"import", (*bed).imports},
	{"intake", (*bed).intake},
	{"growth", (*bed).growth},
	{"console", (*bed).console},
}

// Scenarios lists what can be measured.
func Scenarios() []string {
	var names []string
	for _, s := range scenarios {
		names = append(names, s.name)
	}
	return names
}

// Run measures, and writes each figure as soon as it is known.
func Run(ctx context.Context, o Options) error {
	if o.Scenario != "" && !slices.Contains(Scenarios(), o.Scenario) {
		return fmt.Errorf("there is no scenario %q; there are: %s", o.Scenario, strings.Join(Scenarios(), ", "))
	}
	b := &bed{Options: o}
	defer b.close()
	if err := b.open(ctx); err != nil {
		return err
	}
	for _, s := range scenarios {
		if o.Scenario != "" && o.Scenario != s.name {
			continue
		}
		b.scenario = s.name
		if err := s.run(b, ctx); err != nil {
			return fmt.Errorf("bench %s: %w", s.name, err)
		}
	}
	return nil
}

// bed is what the measurements stand on: a database server, and a folder for brokers.
type bed struct {
	Options
	scenario  string
	dir       string
	postgres  *pgserver.Server
	databases int
	made      []string // the databases by name
}

func (b *bed) open(ctx context.Context) (err error) {
	if b.Data != "" {
		b.dir, err = b.Data, os.MkdirAll(b.Data, 0o711) //nolint:gosec // PostgreSQL's user passes through it
	} else {
		b.dir, err = os.MkdirTemp("", "ledger-bench-")
	}
	if err != nil {
		return err
	}
	if err := os.Chmod(b.dir, 0o711); err != nil {
		return err
	}
	if b.DatabaseURL == "" {
		b.postgres, err = pgserver.Start(ctx, pgserver.Options{Dir: b.dir, Settings: map[string]string{
			"shared_buffers": "1GB", "max_wal_size": "8GB", "checkpoint_timeout": "15min",
		}})
	}
	return err
}

func (b *bed) close() {
	if b.postgres == nil || b.Data != "" {
		if err := b.dropAll(); err != nil {
			fmt.Fprintln(b.Log, "bench: drop databases:", err)
		}
	}
	if b.postgres != nil {
		if err := b.postgres.Stop(); err != nil {
			fmt.Fprintln(b.Log, "bench: stop PostgreSQL:", err)
		}
	}
	if b.Data == "" {
		_ = pgserver.Remove(b.dir) // the cluster may lie elsewhere
		_ = os.RemoveAll(b.dir)
	}
}

// dropAll leaves a server that stays as it was, whatever ended the measurement.
func (b *bed) dropAll() error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if len(b.made) == 0 {
		return nil
	}
	conn, err := pgx.Connect(ctx, b.admin())
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	for _, name := range b.made {
		if _, err := conn.Exec(ctx, "DROP DATABASE IF EXISTS "+name+" WITH (FORCE)"); err != nil {
			return err
		}
	}
	return nil
}

// database makes a new database with the schema in it and returns its URL.
func (b *bed) database(ctx context.Context) (string, error) {
	b.databases++
	name := fmt.Sprintf("bench_%d_%d", os.Getpid(), b.databases)
	conn, err := pgx.Connect(ctx, b.admin())
	if err != nil {
		return "", err
	}
	defer conn.Close(ctx)
	create := "CREATE DATABASE " + name
	if b.postgres != nil {
		create += " OWNER ledger"
	}
	if _, err := conn.Exec(ctx, create); err != nil {
		return "", err
	}
	b.made = append(b.made, name)
	url := b.url(conn, name)
	return url, schema.Migrate(ctx, url)
}

func (b *bed) admin() string {
	if b.postgres != nil {
		return b.postgres.SuperURL("postgres")
	}
	return b.DatabaseURL
}

func (b *bed) url(admin *pgx.Conn, name string) string {
	if b.postgres != nil {
		return b.postgres.URL(name)
	}
	return strings.Replace(b.DatabaseURL, "/"+admin.Config().Database, "/"+name, 1)
}

// broker starts an embedded NATS server; synced says whether it syncs each write.
func (b *bed) broker(name string, synced bool) (*natsserver.Server, error) {
	o := natsserver.Options{Dir: b.dir + "/" + name, Addr: "127.0.0.1:0"}
	if !synced {
		o.SyncInterval = 2 * time.Minute
	}
	return natsserver.Start(o)
}

func pool(ctx context.Context, url, role string, conns int) (*pgxpool.Pool, error) {
	return schema.Pool(ctx, url, role, int32(conns))
}

// report writes a figure; limit 0 means that there is none.
func (b *bed) report(name string, value float64, unit string, limit float64) {
	line := Line{Scenario: b.scenario, Name: name, Value: value, Unit: unit}
	if limit > 0 {
		ratio := value / limit
		line.Limit, line.Ratio = &limit, &ratio
	}
	if b.JSON {
		_ = json.NewEncoder(b.Out).Encode(line)
		return
	}
	fmt.Fprintf(b.Out, "%-12s %-52s %12s %-10s", b.scenario, name, number(value), unit)
	if limit > 0 {
		fmt.Fprintf(b.Out, " limit %12s  ratio %.2f", number(limit), *line.Ratio)
	}
	fmt.Fprintln(b.Out)
}

func number(v float64) string {
	if v >= 1000 {
		return fmt.Sprintf("%.0f", v)
	}
	return fmt.Sprintf("%.3g", v)
}

func (b *bed) say(format string, args ...any) { fmt.Fprintf(b.Log, "bench: "+format+"\n", args...) }

func (b *bed) span() time.Duration { return time.Duration(b.Seconds * float64(time.Second)) }
