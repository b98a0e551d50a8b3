package main

import (
	"errors"
	"os"
	"testing"
	"time"
)

// A start that comes at once after a kill finds the lock still held, for as long as the kernel tears the process down.
func TestStartWaitsForTheDying(t *testing.T) {
	t.Parallel()
	dir, err := os.MkdirTemp("", "ledger-dying-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	dying, err := takeDataDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var busy *inUse
	if _, err := takeDataDir(dir); !errors.As(err, &busy) {
		t.Fatalf("a folder in use: %v", err)
	}
	time.AfterFunc(50*time.Millisecond, dying.release)
	next, err := awaitDataDir(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	defer next.release()
	if _, err := awaitDataDir(t.Context(), dir); !errors.As(err, &busy) {
		t.Errorf("a folder whose process lives: %v", err)
	}
}
