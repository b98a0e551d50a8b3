package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"orderledger/handlers"
	"orderledger/internal/client"
	"orderledger/internal/pgserver"
	"orderledger/internal/testkit"
)

// asLedger makes the test binary be the program: what is tested is what main does, signals included.
const asLedger = "LEDGER_TEST_BE_THE_PROGRAM"

func TestMain(m *testing.M) {
	if options := os.Getenv(asBroker); options != "" {
		beBroker(options)
	}
	if os.Getenv(asLedger) != "" {
		main()
	}
	testkit.Main(m)
}

// newData makes a data folder that the database's user can come to, and removes what a test leaves of it.
func newData(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "ledger-e2e-")
	if err == nil {
		err = os.Chmod(dir, 0o711)
	}
	if err != nil {
		t.Fatal(err)
	}
	removeData(t, dir)
	return dir
}

func removeData(t *testing.T, dir string) {
	t.Cleanup(func() {
		if err := pgserver.Remove(dir); err != nil {
			t.Error(err)
		}
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
}

// program is a command line in an environment that has nothing of ours but env.
func program(ctx context.Context, env []string, args ...string) *exec.Cmd {
	c := exec.CommandContext(ctx, os.Args[0], args...)
	c.Env = append([]string{asLedger + "=1"}, env...)
	for _, pair := range os.Environ() {
		if !strings.HasPrefix(pair, "LEDGER_") || strings.HasPrefix(pair, "LEDGER_PG_BIN=") {
			c.Env = append(c.Env, pair)
		}
	}
	return c
}

// outcome is what a command line came to.
type outcome struct {
	code           int
	stdout, stderr string
}

// ledger runs the program to its end.
func ledger(t *testing.T, args ...string) outcome {
	t.Helper()
	return ledgerIn(t, nil, args...)
}

func ledgerIn(t *testing.T, env []string, args ...string) outcome {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	c := program(ctx, env, args...)
	var stdout, stderr bytes.Buffer
	c.Stdout, c.Stderr = &stdout, &stderr
	err := c.Run()
	if c.ProcessState == nil {
		t.Fatal(err)
	}
	return outcome{c.ProcessState.ExitCode(), stdout.String(), stderr.String()}
}

// must runs the program and wants it to succeed.
func must(t *testing.T, args ...string) string {
	t.Helper()
	return mustIn(t, nil, args...)
}

func mustIn(t *testing.T, env []string, args ...string) string {
	t.Helper()
	o := ledgerIn(t, env, args...)
	if o.code != exitDone {
		t.Fatalf("ledger %s: exit %d\n%s%s", strings.Join(args, " "), o.code, o.stdout, o.stderr)
	}
	return o.stdout
}

// readState is what `ledger status` says.
func readState(t *testing.T, dir string) (s handlers.Status) {
	t.Helper()
	if err := json.Unmarshal([]byte(must(t, "status", "--json", "--data", dir)), &s); err != nil {
		t.Fatal(err)
	}
	return s
}

// verifyClean has everything checked that can be.
func verifyClean(t *testing.T, dir string) {
	t.Helper()
	if out := must(t, "verify", "--data", dir); !strings.Contains(out, "clean") {
		t.Errorf("verify:\n%s", out)
	}
}

// running is a `ledger dev` or `ledger serve` that a test started.
type running struct {
	cmd    *exec.Cmd
	dir    string // of a dev
	output *lockedBuffer
	ended  chan struct{}
}

func launch(t *testing.T, env []string, args ...string) *running {
	t.Helper()
	d := &running{output: &lockedBuffer{}, ended: make(chan struct{})}
	d.cmd = program(context.Background(), env, args...)
	d.cmd.Stdout, d.cmd.Stderr = d.output, d.output
	if err := d.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(d.ended)
		_ = d.cmd.Wait() // the exit code says it
	}()
	t.Cleanup(func() { d.signal(syscall.SIGKILL); <-d.ended })
	return d
}

func launchDev(t *testing.T, dir string, args ...string) *running {
	t.Helper()
	d := launch(t, nil, append([]string{"dev", "--data", dir, "--nats", "127.0.0.1:0"}, args...)...)
	d.dir = dir
	return d
}

// startDev starts `ledger dev` on a folder and returns when its addresses are there.
func startDev(t *testing.T, dir string, args ...string) *running {
	t.Helper()
	d := launchDev(t, dir, args...)
	d.await(t, func() bool {
		_, err := os.Stat(filepath.Join(dir, httpAddrFile))
		return err == nil
	})
	return d
}

// await looks until something is so; there is no signal from another process.
func (d *running) await(t *testing.T, so func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !so(); time.Sleep(5 * time.Millisecond) {
		select {
		case <-d.ended:
			t.Fatalf("it ended:\n%s", d.output)
		default:
		}
		if time.Now().After(deadline) {
			t.Fatalf("it does not come so far:\n%s", d.output)
		}
	}
}

func (d *running) signal(s syscall.Signal) { _ = d.cmd.Process.Signal(s) }

func (d *running) kill() { d.signal(syscall.SIGKILL); <-d.ended }

// end ends it by a signal that asks for it.
func (d *running) end(t *testing.T, s syscall.Signal) {
	t.Helper()
	d.signal(s)
	select {
	case <-d.ended:
	case <-time.After(time.Minute):
		t.Fatalf("it does not end:\n%s", d.output)
	}
	if code := d.cmd.ProcessState.ExitCode(); code != exitDone {
		t.Errorf("exit %d\n%s", code, d.output)
	}
}

// stop ends a dev as a Ctrl-C does, and wants everything put away.
func (d *running) stop(t *testing.T) {
	t.Helper()
	d.end(t, syscall.SIGINT)
	for _, name := range []string{httpAddrFile, natsURLFile, databaseURLFile} {
		if _, err := os.Stat(filepath.Join(d.dir, name)); err == nil {
			t.Errorf("%s is there after the stop", name)
		}
	}
}

func (d *running) file(t *testing.T, name string) string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(d.dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(raw))
}

func (d *running) client(t *testing.T) *client.Client {
	t.Helper()
	c, err := client.New(d.file(t, httpAddrFile), d.file(t, adminKeyFile))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// freeAddr is an address that was free just now, for a server that must come back at the same one.
func freeAddr(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// lockedBuffer is written by one goroutine while another looks.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// historyFile writes commands of one organisation: top-ups, and orders that are placed and paid. It returns the
// file, its number of lines, and the events that they make.
func historyFile(t *testing.T, orders int) (name string, lines, events int64) {
	t.Helper()
	name = filepath.Join(t.TempDir(), "history.jsonl")
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	fmt.Fprintln(f, `{"key":"top-up","command":"top_up","body":{"org_id":"org-e2e","amount":"1000000.00","currency":"CNY","reference":"bank-1"}}`)
	for i := range orders {
		id := fmt.Sprintf("0198c2f0-0000-7000-8000-%012d", i)
		fmt.Fprintf(f, `{"key":"place-%d","command":"place_order","body":{"order_id":%q,"org_id":"org-e2e","order_type":"purchase","project_id":"p","consumer_id":"c","currency":"CNY","lines":[{"product_code":"gpu","product_name":"GPU","resource_type":"host","resource_id":"r-%d","count":"1","charge_mode":"month","quantity":"1","unit":"month","unit_price":"2.50"}]}}`+"\n", i, id, i)
		fmt.Fprintf(f, `{"key":"pay-%d","command":"pay_order","body":{"order_id":%q,"org_id":"org-e2e"}}`+"\n", i, id)
	}
	return name, int64(1 + 2*orders), int64(1 + 3*orders)
}
