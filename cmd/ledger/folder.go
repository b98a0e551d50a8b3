package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"orderledger/internal/pgserver"
)

// The files of a running `ledger dev` that other programs read.
const (
	httpAddrFile    = "http.addr"
	natsURLFile     = "nats.url"
	databaseURLFile = "database.url"
	adminKeyFile    = "admin.key" // stays when dev stops
)

// dataDir is the folder of a `ledger dev`. One process at a time works in it; its lock ends with that process.
type dataDir struct {
	path string
	lock *os.File
}

// inUse says that another process works in the folder.
type inUse struct {
	path, pid string
}

func (e *inUse) Error() string {
	who := "another process"
	if e.pid != "" {
		who = "process " + e.pid
	}
	return fmt.Sprintf("the data folder %s is in use by %s", e.path, who)
}

// takeDataDir makes the folder if need be and locks it; *inUse when somebody else has.
func takeDataDir(path string) (*dataDir, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("resolve data folder: %w", err)
	}
	if err := pgserver.MakeFolder(path); err != nil {
		return nil, fmt.Errorf("make data folder: %w", err)
	}
	lock, err := os.OpenFile(filepath.Join(path, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open lock: %w", err)
	}
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		defer lock.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			pid, _ := os.ReadFile(lock.Name()) // the message does without
			return nil, &inUse{path: path, pid: strings.TrimSpace(string(pid))}
		}
		return nil, fmt.Errorf("lock data folder: %w", err)
	}
	d := &dataDir{path: path, lock: lock}
	err = lock.Truncate(0)
	if err == nil {
		_, err = lock.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0)
	}
	if err == nil {
		err = d.removeAddresses() // those of a predecessor that was killed
	}
	if err != nil {
		d.release()
		return nil, fmt.Errorf("take data folder: %w", err)
	}
	return d, nil
}

// dyingWithin is how long a process that was killed may take to be torn down; until then it has its lock.
const dyingWithin = time.Second

// awaitDataDir is takeDataDir just after a predecessor was killed. *inUse when there is one that lives.
func awaitDataDir(ctx context.Context, path string) (*dataDir, error) {
	for deadline := time.Now().Add(dyingWithin); ; time.Sleep(20 * time.Millisecond) {
		d, err := takeDataDir(path)
		var busy *inUse
		if !errors.As(err, &busy) || time.Now().After(deadline) || ctx.Err() != nil {
			return d, err
		}
	}
}

// release lets the next process in.
func (d *dataDir) release() { _ = d.lock.Close() }

func (d *dataDir) file(name string) string { return filepath.Join(d.path, name) }

// read is a file's text without its line end, "" when there is no such file.
func (d *dataDir) read(name string) (string, error) {
	raw, err := os.ReadFile(d.file(name))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return "", err
	}
	return strings.TrimSpace(string(raw)), nil
}

// write puts a file in place whole, on disk, readable by its owner alone. The lock keeps others from writing too.
func (d *dataDir) write(name, text string) error {
	f, err := os.OpenFile(d.file(name+".new"), os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	_, err = f.WriteString(text + "\n")
	if err == nil {
		err = f.Sync()
	}
	err = errors.Join(err, f.Close())
	if err == nil {
		err = os.Rename(f.Name(), d.file(name))
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	return nil
}

// removeAddresses takes back what only a running dev answers to.
func (d *dataDir) removeAddresses() error {
	var all error
	for _, name := range []string{httpAddrFile, natsURLFile, databaseURLFile} {
		if err := os.Remove(d.file(name)); err != nil && !errors.Is(err, os.ErrNotExist) {
			all = errors.Join(all, err)
		}
	}
	return all
}

// secret is a random text of the folder's own, made at the first ask.
func (d *dataDir) secret(name string) (string, error) {
	text, err := d.read(name)
	if err != nil || text != "" {
		return text, err
	}
	text = rand.Text()
	return text, d.write(name, text)
}
