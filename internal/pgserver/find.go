package pgserver

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The majors that the ledger is tested on.
const (
	oldestMajor = 15
	newestMajor = 18
)

// ErrNotInstalled is wrapped by every error that means "no usable PostgreSQL on this machine".
var ErrNotInstalled = errors.New("no usable PostgreSQL installation")

// Binaries is one PostgreSQL installation: a folder with postgres and initdb in it.
type Binaries struct {
	Dir   string
	Major int
}

func (b Binaries) path(name string) string { return filepath.Join(b.Dir, name) }

// Find returns the newest installed PostgreSQL of a supported major. LEDGER_PG_BIN, when set, is the only
// folder looked at. The error says what to install.
func Find() (Binaries, error) {
	found, err := findAll()
	if err != nil {
		return Binaries{}, err
	}
	return found[0], nil
}

// findMajor returns an installation that can open a cluster of that major.
func findMajor(major int) (Binaries, error) {
	found, err := findAll()
	if err != nil {
		return Binaries{}, err
	}
	for _, b := range found {
		if b.Major == major {
			return b, nil
		}
	}
	return Binaries{}, fmt.Errorf("%w: the data is PostgreSQL %d's, but only %s (major %d) is here; "+
		"install postgresql-%d or set LEDGER_PG_BIN to its bin folder (or use pg_upgrade, or another --data folder)",
		ErrNotInstalled, major, found[0].Dir, found[0].Major, major)
}

// findAll returns every usable installation, newest first, never an empty list without an error.
func findAll() ([]Binaries, error) {
	if dir := os.Getenv("LEDGER_PG_BIN"); dir != "" {
		b, err := inspect(dir)
		if err != nil {
			return nil, fmt.Errorf("%w in LEDGER_PG_BIN=%s: %w", ErrNotInstalled, dir, err)
		}
		return []Binaries{b}, nil
	}
	var found []Binaries
	for _, dir := range candidateDirs() {
		if b, err := inspect(dir); err == nil && !slices.Contains(found, b) {
			found = append(found, b)
		}
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("%w (versions %d to %d): not in PATH, not in `pg_config --bindir`, not in the usual folders; "+
			"install it (Debian, Ubuntu: apt-get install postgresql; Fedora: dnf install postgresql-server; macOS: brew install postgresql@17) "+
			"or set LEDGER_PG_BIN to the folder that holds postgres and initdb", ErrNotInstalled, oldestMajor, newestMajor)
	}
	slices.SortStableFunc(found, func(a, b Binaries) int { return b.Major - a.Major })
	return found, nil
}

// candidateDirs lists where installations may be, those the user points to first.
func candidateDirs() []string {
	var dirs []string
	if p, err := exec.LookPath("postgres"); err == nil {
		if real, err := filepath.EvalSymlinks(p); err == nil {
			p = real
		}
		dirs = append(dirs, filepath.Dir(p))
	}
	if out, err := output("pg_config", "--bindir"); err == nil {
		dirs = append(dirs, strings.TrimSpace(out))
	}
	for _, pattern := range []string{
		"/usr/lib/postgresql/*/bin", // Debian, Ubuntu
		"/usr/pgsql-*/bin",          // PGDG on Fedora, RHEL
		"/usr/lib/postgresql*/bin",  // SUSE, Gentoo
		"/usr/libexec/postgresql*",  // Alpine
		"/opt/homebrew/opt/postgresql@*/bin",
		"/usr/local/opt/postgresql@*/bin",
		"/Applications/Postgres.app/Contents/Versions/*/bin",
		"/usr/local/pgsql/bin", // built from source
	} {
		matches, _ := filepath.Glob(pattern) // the patterns are constants: no error is possible
		dirs = append(dirs, matches...)
	}
	return dirs
}

var versionLine = regexp.MustCompile(`\(PostgreSQL\) (\d+)`)

// inspect says what stands in dir, or why it can't be used.
func inspect(dir string) (Binaries, error) {
	out, err := output(filepath.Join(dir, "postgres"), "--version")
	if err != nil {
		return Binaries{}, err
	}
	if _, err := os.Stat(filepath.Join(dir, "initdb")); err != nil {
		return Binaries{}, err
	}
	m := versionLine.FindStringSubmatch(out)
	if m == nil {
		return Binaries{}, fmt.Errorf("unknown version %q", strings.TrimSpace(out))
	}
	major, err := strconv.Atoi(m[1])
	if err != nil || major < oldestMajor || major > newestMajor {
		return Binaries{}, fmt.Errorf("PostgreSQL %s is not one of %d to %d", m[1], oldestMajor, newestMajor)
	}
	return Binaries{Dir: filepath.Clean(dir), Major: major}, nil
}

func output(name string, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	out, err := exec.CommandContext(ctx, name, args...).Output()
	return string(out), err
}
