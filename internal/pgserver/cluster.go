package pgserver

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// cluster is a data directory with the programs that can open it.
type cluster struct {
	data string // real path: no links in it
	bins Binaries
	who  account
}

// openCluster finds the folder's cluster, or makes it at the first start, and waits until no earlier server
// works in it.
func openCluster(ctx context.Context, f *folder, secret []byte, quick bool) (cluster, error) {
	who, err := runAs()
	if err != nil {
		return cluster{}, err
	}
	name := f.path("postgres")
	if _, err := os.Lstat(name); errors.Is(err, os.ErrNotExist) {
		bins, err := Find()
		if err != nil {
			return cluster{}, err
		}
		if err := initCluster(ctx, f, bins, who, secret, quick); err != nil {
			return cluster{}, err
		}
	}
	data, err := filepath.EvalSymlinks(name)
	if err != nil {
		return cluster{}, fmt.Errorf("the database cluster that %s points to is gone: %w", name, err)
	}
	major, err := majorOf(data)
	if err != nil {
		return cluster{}, err
	}
	bins, err := findMajor(major)
	if err != nil {
		return cluster{}, err
	}
	return cluster{data: data, bins: bins, who: who}, awaitEmpty(ctx, data)
}

// initCluster runs initdb under another name and renames when all is done and on disk, so that a cluster
// that has its name is whole, whenever we are killed.
func initCluster(ctx context.Context, f *folder, bins Binaries, who account, secret []byte, quick bool) error {
	data, err := f.newPlace(who)
	if err != nil {
		return fmt.Errorf("make room for the database cluster: %w", err)
	}
	pwfile := data + ".pw" // beside the cluster, where the account can come; initdb wants an empty folder
	if err := os.WriteFile(pwfile, []byte(password(secret, superuser)+"\n"), 0o600); err != nil {
		return fmt.Errorf("write password file: %w", err)
	}
	defer os.Remove(pwfile)
	if err := who.give(pwfile); err != nil {
		return fmt.Errorf("hand over password file: %w", err)
	}
	args := []string{
		"-D", data, "--username=" + superuser, "--pwfile=" + pwfile, "--encoding=UTF8", "--locale=C",
		"--auth=scram-sha-256", "--data-checksums",
	}
	if quick {
		args = append(args, "--no-sync")
	}
	cmd := who.command(syscall.SIGKILL, bins.path("initdb"), args...)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := runOnLockedThread(cmd); err != nil {
		return fmt.Errorf("initdb: %w: %s", err, tail(out.Bytes()))
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := os.Rename(f.path("postgres.new"), f.path("postgres")); err != nil {
		return fmt.Errorf("name the new cluster: %w", err)
	}
	return syncDir(f.dir)
}

// majorOf reads which PostgreSQL made the cluster.
func majorOf(data string) (int, error) {
	raw, err := os.ReadFile(filepath.Join(data, "PG_VERSION"))
	if err != nil {
		return 0, fmt.Errorf("%s is not a PostgreSQL cluster: %w", data, err)
	}
	major, err := strconv.Atoi(strings.TrimSpace(string(raw)))
	if err != nil {
		return 0, fmt.Errorf("read PG_VERSION of %s: %w", data, err)
	}
	return major, nil
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}

// tail is the end of a program's output, as much as an error message can carry.
func tail(out []byte) string {
	const most = 1500
	out = bytes.TrimSpace(out)
	if len(out) > most {
		out = append([]byte("…"), out[len(out)-most:]...)
	}
	return string(out)
}
