package main

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"orderledger/internal/pgserver"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(tests{m}) }

// tests removes the programs after the tests.
type tests struct{ m *testing.M }

func (r tests) Run() int {
	code := r.m.Run()
	if dir, err := programs(); err == nil {
		_ = os.RemoveAll(dir)
	}
	return code
}

// programs builds the ledger and the service, once for all tests.
var programs = sync.OnceValues(func() (dir string, err error) {
	if dir, err = os.MkdirTemp("", "ledger-programs-"); err != nil {
		return "", err
	}
	out, err := exec.Command("go", "build", "-o", dir+"/", "orderledger/cmd/ledger", "orderledger/examples/provisioner").CombinedOutput()
	if err != nil {
		_, _ = os.Stderr.Write(out)
	}
	return dir, err
})

// newLedger starts a ledger in a folder of its own, which is removed at the end.
func newLedger(t *testing.T) (l *ledger, dir, provisioner string) {
	t.Helper()
	built, err := programs()
	if err != nil {
		t.Fatal(err)
	}
	if dir, err = os.MkdirTemp("", "ledger-demo-"); err == nil {
		err = os.Chmod(dir, 0o711)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := pgserver.Remove(filepath.Join(dir, "ledger")); err != nil {
			t.Error(err)
		}
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	l, err = startLedger(t.Context(), filepath.Join(built, "ledger"), dir)
	if l != nil {
		t.Cleanup(func() {
			if err := l.process.stop(); err != nil {
				t.Error(err)
			}
		})
	}
	if err != nil {
		t.Fatal(err)
	}
	return l, dir, filepath.Join(built, "provisioner")
}

// TestDemo is `make demo`, shorter: it fails when something does not add up.
func TestDemo(t *testing.T) {
	t.Parallel()
	built, err := programs()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	o := options{ledger: filepath.Join(built, "ledger"), provisioner: filepath.Join(built, "provisioner"), span: 5 * time.Second, seed: 1}
	if err := run(ctx, o); err != nil {
		t.Fatal(err)
	}
}
