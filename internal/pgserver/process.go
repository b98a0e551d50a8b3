package pgserver

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
	"time"
)

// How long an earlier server may take to leave the data directory, and when it is urged on.
const (
	evictAfter = time.Second      // SIGINT: fast shutdown
	quitAfter  = 40 * time.Second // SIGQUIT: immediate shutdown, recovery follows
	giveUp     = 60 * time.Second
	pollEvery  = 20 * time.Millisecond
)

// runOnLockedThread runs a short child to its end on one OS thread, as the death signal demands.
func runOnLockedThread(cmd *exec.Cmd) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	return cmd.Run()
}

// awaitEmpty returns when no earlier server works in the data directory any more: after a kill -9 of the
// ledger, its postmaster may still be shutting down. The caller holds the folder's lock, so whoever is in
// there belongs to nobody. Two servers on one directory would destroy it.
func awaitEmpty(ctx context.Context, data string) error {
	ctx, cancel := context.WithTimeout(ctx, giveUp)
	defer cancel()
	begin, urged := time.Now(), syscall.Signal(0)
	for {
		pids, err := inhabitants(data)
		if err != nil {
			return err
		}
		if len(pids) == 0 {
			return removeStale(data)
		}
		urge := syscall.Signal(0)
		switch waited := time.Since(begin); {
		case waited > quitAfter:
			urge = syscall.SIGQUIT
		case waited > evictAfter:
			urge = syscall.SIGINT
		}
		if urge != urged {
			signalAll(pids, urge)
			urged = urge
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("an earlier PostgreSQL (processes %v) still works in %s: %w", pids, data, ctx.Err())
		case <-time.After(pollEvery):
		}
	}
}

// removeStale drops the pid files of a server that was killed. PostgreSQL would refuse to start if their
// number meanwhile belonged to another process of the same user, as after a reboot. It has a second guard
// against a living server (the shared memory's key), which stays.
func removeStale(data string) error {
	for _, name := range []string{"postmaster.pid", socketName, socketName + ".lock"} {
		if err := os.Remove(filepath.Join(data, name)); err != nil && !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("remove stale pid file: %w", err)
		}
	}
	return nil
}

// killAll ends a server the hard way: the postmaster first, so that it can't start recovery, then whatever
// it had started. It returns when they are gone.
func killAll(ctx context.Context, postmaster int, data string) error {
	signalAll([]int{postmaster}, syscall.SIGKILL)
	for {
		pids, err := inhabitants(data)
		if err != nil || len(pids) == 0 {
			return err
		}
		signalAll(pids, syscall.SIGKILL)
		select {
		case <-ctx.Done():
			return fmt.Errorf("kill PostgreSQL processes %v: %w", pids, ctx.Err())
		case <-time.After(pollEvery):
		}
	}
}

// signalAll ignores errors: a process that is gone has done what we want.
func signalAll(pids []int, sig syscall.Signal) {
	for _, pid := range pids {
		_ = syscall.Kill(pid, sig)
	}
}
