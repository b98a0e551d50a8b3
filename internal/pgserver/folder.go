package pgserver

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// systemHome holds the clusters of a root whose own folders the database's user can't enter.
const systemHome = "/var/lib/ledger"

// folder is the place a server lives in: Dir/postgres (the cluster, or a link to it), Dir/postgres.new (one
// being made), Dir/postgres.log, Dir/postgres.secret and Dir/postgres.lock.
type folder struct {
	dir  string
	lock *os.File
}

// openFolder makes dir if need be and takes its lock, which ends with this process at the latest.
func openFolder(ctx context.Context, dir string) (*folder, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("resolve data folder: %w", err)
	}
	if err := MakeFolder(dir); err != nil {
		return nil, fmt.Errorf("make data folder: %w", err)
	}
	if dir, err = filepath.EvalSymlinks(dir); err != nil {
		return nil, fmt.Errorf("resolve data folder: %w", err)
	}
	lock, err := os.OpenFile(filepath.Join(dir, "postgres.lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open lock: %w", err)
	}
	// A holder that was just killed may need a moment to be torn down.
	for deadline := time.Now().Add(5 * time.Second); ; time.Sleep(pollEvery) {
		err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			return &folder{dir: dir, lock: lock}, nil
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) || time.Now().After(deadline) || ctx.Err() != nil {
			lock.Close()
			return nil, fmt.Errorf("the data folder %s is in use by another ledger process: %w", dir, err)
		}
	}
}

func (f *folder) close() { f.lock.Close() }

func (f *folder) path(name string) string { return filepath.Join(f.dir, name) }

// MakeFolder makes the folder of a server, and those above it: root's new folders may be passed through, though
// not read, so that the database's user reaches its part. Folders that exist are left as they are.
func MakeFolder(dir string) error {
	if _, err := os.Stat(dir); err == nil {
		return nil
	}
	mode := os.FileMode(0o700)
	if os.Geteuid() == 0 {
		mode = 0o711
	}
	if err := os.MkdirAll(dir, mode); err != nil {
		return err
	}
	return os.Chmod(dir, mode) // whatever the umask
}

// newPlace makes room for a cluster under the name postgres.new and returns its real path: a folder right
// here, or, where the account can't come here, a link to one under systemHome. Nobody's folder is opened up.
func (f *folder) newPlace(who account) (string, error) {
	link := f.path("postgres.new")
	if err := clearPlace(link); err != nil {
		return "", fmt.Errorf("clear %s: %w", link, err)
	}
	data := link
	if !who.canEnter(f.dir) {
		if err := MakeFolder(systemHome); err != nil {
			return "", fmt.Errorf("make %s: %w", systemHome, err)
		}
		data = filepath.Join(systemHome, rand.Text(), "postgres")
		// The link comes first: a crash from here on leaves nothing that nobody points to.
		if err := os.Symlink(data, link); err != nil {
			return "", err
		}
		if err := MakeFolder(filepath.Dir(data)); err != nil {
			return "", err
		}
	}
	if err := os.Mkdir(data, 0o700); err != nil {
		return "", err
	}
	return data, who.give(data)
}

// clearPlace removes what an interrupted first start left. A process of its initdb may go on writing there
// for a moment, until it finds that nobody reads its output any more.
func clearPlace(path string) error {
	for until := time.Now().Add(clearWithin); ; time.Sleep(50 * time.Millisecond) {
		err := removePlace(path)
		if !errors.Is(err, syscall.ENOTEMPTY) || time.Now().After(until) {
			return err
		}
	}
}

const clearWithin = 30 * time.Second

// removePlace removes a cluster: the folder, or a link with the folder under systemHome that it names.
func removePlace(path string) error {
	target, err := os.Readlink(path)
	if err == nil && strings.HasPrefix(target, systemHome+"/") {
		if err := os.RemoveAll(filepath.Dir(target)); err != nil {
			return err
		}
	}
	return os.RemoveAll(path)
}

// secret is what the roles' passwords come from: 32 random bytes, made once, readable by us alone.
func (f *folder) secret() ([]byte, error) {
	name := f.path("postgres.secret")
	raw, err := os.ReadFile(name)
	if err == nil && len(raw) == sha256.Size {
		return raw, nil
	}
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("read secret: %w", err)
	}
	if _, err := os.Lstat(f.path("postgres")); err == nil {
		return nil, fmt.Errorf("%s is missing or damaged, and the cluster beside it can't be opened without it", name)
	}
	raw = make([]byte, sha256.Size)
	rand.Read(raw) // never fails
	if err := os.WriteFile(name+".new", raw, 0o600); err != nil {
		return nil, fmt.Errorf("write secret: %w", err)
	}
	return raw, os.Rename(name+".new", name)
}

// password is hexadecimal: it needs no quoting in URLs and SQL.
func password(secret []byte, role string) string {
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(role))
	return hex.EncodeToString(mac.Sum(nil))
}
