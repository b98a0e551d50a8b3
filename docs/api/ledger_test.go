package api_test

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// ledger is a running program in a process of its own, which this package imports nothing of.
type ledger struct {
	program, dir string
	output       output
}

// startLedger builds the program, runs the whole system on an empty folder, and returns when its addresses are there.
func startLedger(t *testing.T) *ledger {
	t.Helper()
	dir, err := os.MkdirTemp("", "ledger-consumer-")
	if err == nil {
		err = os.Chmod(dir, 0o711) // the database's user has to come through
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	l := &ledger{program: filepath.Join(dir, "ledger"), dir: filepath.Join(dir, "data")}
	if out, err := exec.Command("go", "build", "-buildvcs=false", "-o", l.program, "../../cmd/ledger").CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	c := exec.Command(l.program, "dev", "--data", l.dir, "--http", "127.0.0.1:0", "--nats", "127.0.0.1:0", "--no-demo")
	c.Env, c.Stdout, c.Stderr = environment(), &l.output, &l.output
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { defer close(ended); _ = c.Wait() }()
	t.Cleanup(func() {
		_ = c.Process.Signal(syscall.SIGINT)
		select {
		case <-ended:
		case <-time.After(time.Minute):
			t.Errorf("it does not end:\n%s", &l.output)
			_ = c.Process.Kill()
			<-ended
		}
	})
	for deadline := time.Now().Add(2 * time.Minute); ; time.Sleep(10 * time.Millisecond) {
		if _, err := os.Stat(filepath.Join(l.dir, "http.addr")); err == nil {
			return l
		}
		select {
		case <-ended:
			t.Fatalf("it ended:\n%s", &l.output)
		default:
		}
		if time.Now().After(deadline) {
			t.Fatalf("it does not start:\n%s", &l.output)
		}
	}
}

// does runs a command line of the program on the folder.
func (l *ledger) does(t *testing.T, args ...string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	c := exec.CommandContext(ctx, l.program, append(args, "--data", l.dir)...)
	c.Env = environment()
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("ledger %v: %v\n%s", args, err, out)
	}
}

func (l *ledger) file(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(l.dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(text))
}

// environment is this process's without settings of a ledger.
func environment() []string {
	var all []string
	for _, pair := range os.Environ() {
		if !strings.HasPrefix(pair, "LEDGER_") || strings.HasPrefix(pair, "LEDGER_PG_BIN=") {
			all = append(all, pair)
		}
	}
	return all
}

// output is written by one goroutine while another looks.
type output struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.String()
}
