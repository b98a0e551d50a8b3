//go:build unix && !linux

package pgserver

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// childAttr: without Linux's death signal a killed ledger leaves its postmaster running; the next start
// finds it in the data directory and ends it.
func childAttr(syscall.Signal) *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }

// inhabitants is the postmaster that the pid file names, if a process of that number is a postgres.
func inhabitants(data string) ([]int, error) {
	raw, err := os.ReadFile(filepath.Join(data, "postmaster.pid"))
	if err != nil {
		return nil, nil // no pid file: nobody is in
	}
	first, _, _ := strings.Cut(string(raw), "\n")
	pid, err := strconv.Atoi(strings.TrimSpace(first))
	if err != nil {
		return nil, nil // half-written: its writer died
	}
	comm, err := output("ps", "-p", strconv.Itoa(pid), "-o", "comm=")
	if err != nil || !strings.Contains(comm, "postgres") {
		return nil, nil
	}
	return []int{pid}, nil
}
