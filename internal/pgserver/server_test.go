package pgserver

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(ownerOf); dir != "" {
		own(dir)
		return
	}
	goleak.VerifyTestMain(m)
}

func TestKeepsDataOverStopAndKill(t *testing.T) {
	t.Parallel()
	dir := folderFor(t)
	s := start(t, dir)
	query(t, s, `CREATE TABLE kept (n int)`)
	query(t, s, `INSERT INTO kept VALUES (1)`)
	if err := s.Stop(); err != nil {
		t.Fatal(err)
	}
	if err := s.Stop(); err != nil {
		t.Fatalf("second stop: %v", err)
	}

	s = start(t, dir)
	query(t, s, `INSERT INTO kept VALUES (2)`)
	if err := s.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := s.Wait(); err != nil {
		t.Fatalf("an ordered end is no error: %v", err)
	}

	s = start(t, dir)
	if got := query(t, s, `SELECT string_agg(n::text, ',' ORDER BY n) FROM kept`); got != "1,2" {
		t.Fatalf("after kill -9: %q", got)
	}
	for _, name := range []string{"fsync", "synchronous_commit", "full_page_writes", "data_checksums"} {
		if got := query(t, s, `SHOW `+name); got != "on" {
			t.Errorf("%s is %s", name, got)
		}
	}
}

func TestRolesCanBeTaken(t *testing.T) {
	t.Parallel()
	s := start(t, folderFor(t))
	if got := query(t, s, `SELECT rolsuper OR rolcreaterole FROM pg_roles WHERE rolname = current_user`); got != "f" {
		t.Error("the program's role has more rights than it needs")
	}
	for _, role := range []string{"ledger_owner", "ledger_app", "ledger_projector", "ledger_reader"} {
		if got := query(t, s, `SELECT set_config('role', '`+role+`', false)`); got != role {
			t.Errorf("SET ROLE %s gave %s", role, got)
		}
	}
}

func TestUnexpectedEndIsToldAndLocksAreReleased(t *testing.T) {
	t.Parallel()
	dir := folderFor(t)
	s := start(t, dir)
	if _, err := openFolder(canceled(), dir); err == nil {
		t.Fatal("a second server could have taken the folder")
	}
	if err := syscall.Kill(s.PID(), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	<-s.Done()
	if err := s.Wait(); err == nil || !strings.Contains(err.Error(), "unexpectedly") {
		t.Fatalf("got %v", err)
	}
	start(t, dir) // its orphans may still be there
}

// With this variable the test binary is a process that runs a server, to be killed with SIGKILL.
const ownerOf = "PGSERVER_TEST_OWNER"

func own(dir string) {
	s, err := Start(context.Background(), Options{Dir: dir})
	if err != nil {
		fmt.Print(err)
		return
	}
	fmt.Println("ready")
	<-s.Done()
}

// startOwner returns the process and what it prints: "ready" when the server is up.
func startOwner(t *testing.T, dir string) (*exec.Cmd, io.Reader) {
	t.Helper()
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), ownerOf+"="+dir)
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	return child, out
}

func kill(t *testing.T, child *exec.Cmd) {
	t.Helper()
	if err := child.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = child.Wait() // it was killed: always an error
}

func TestKilledOwner(t *testing.T) {
	t.Parallel()
	dir := folderFor(t)
	for range 3 {
		child, out := startOwner(t, dir)
		line := make([]byte, 6)
		if _, err := io.ReadFull(out, line); err != nil || string(line) != "ready\n" {
			t.Fatalf("child said %q, %v", line, err)
		}
		kill(t, child)
	}
	start(t, dir)
}

// Killed at any moment of the first start, in initdb too, where the account can come and where it can't.
func TestOwnerKilledWhileStarting(t *testing.T) {
	t.Parallel()
	dir := folderFor(t)
	if os.Geteuid() == 0 {
		if err := os.Chmod(dir, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	for after := range 8 {
		child, _ := startOwner(t, dir)
		time.Sleep(time.Duration(after) * 150 * time.Millisecond)
		kill(t, child)
	}
	s := start(t, dir)
	if err := s.Stop(); err != nil {
		t.Fatal(err)
	}
	if err := Remove(dir); err != nil {
		t.Fatal(err)
	}
}

func TestInterruptedInit(t *testing.T) {
	t.Parallel()
	dir := folderFor(t)
	half := filepath.Join(dir, "postgres.new", "base")
	if err := os.MkdirAll(half, 0o700); err != nil {
		t.Fatal(err)
	}
	start(t, dir)
	if _, err := os.Stat(half); !errors.Is(err, os.ErrNotExist) {
		t.Fatal("the half-made cluster is still there")
	}
}

func TestStalePidOfAnotherProcess(t *testing.T) {
	t.Parallel()
	dir := folderFor(t)
	s := start(t, dir)
	data := s.cluster.data
	pidFile, err := os.ReadFile(filepath.Join(data, "postmaster.pid"))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Kill(); err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(pidFile), "\n")
	if err := os.WriteFile(filepath.Join(data, "postmaster.pid"), []byte("1\n"+rest), 0o600); err != nil {
		t.Fatal(err)
	}
	start(t, dir)
}

func TestFolderThatTheAccountCannotEnter(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("only root runs PostgreSQL as somebody else")
	}
	closed := folderFor(t)
	if err := os.Chmod(closed, 0o700); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(closed, "data")
	s := start(t, dir)
	query(t, s, `CREATE TABLE kept (n int)`)
	if err := s.Stop(); err != nil {
		t.Fatal(err)
	}
	s = start(t, dir)
	query(t, s, `INSERT INTO kept VALUES (1)`)
	target, err := os.Readlink(filepath.Join(dir, "postgres"))
	if err != nil || !strings.HasPrefix(target, systemHome+"/") {
		t.Fatalf("link %q, %v", target, err)
	}
	if info, _ := os.Stat(closed); info.Mode().Perm() != 0o700 {
		t.Fatal("somebody's folder was opened up")
	}
	if err := s.Stop(); err != nil {
		t.Fatal(err)
	}
	if err := Remove(dir); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Dir(target)); !errors.Is(err, os.ErrNotExist) {
		t.Fatal("Remove left the cluster behind")
	}
}

func TestOddAndLongPaths(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(folderFor(t), strings.Repeat("long", 30), `odd ,"%20`)
	s := start(t, dir)
	if s.socket == s.cluster.data {
		t.Fatal("the socket's path can't be used by others")
	}
	if err := s.Stop(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(s.socket); !errors.Is(err, os.ErrNotExist) {
		t.Fatal("the socket's folder is left")
	}
}

func TestMissingOrWrongBinaries(t *testing.T) {
	t.Setenv("LEDGER_PG_BIN", t.TempDir())
	if _, err := Find(); !errors.Is(err, ErrNotInstalled) || !strings.Contains(err.Error(), "LEDGER_PG_BIN") {
		t.Fatalf("got %v", err)
	}
	t.Setenv("LEDGER_PG_BIN", "")
	if _, err := findMajor(9); !errors.Is(err, ErrNotInstalled) || !strings.Contains(err.Error(), "postgresql-9") {
		t.Fatalf("got %v", err)
	}
}

// folderFor makes a folder that other users may pass through, unlike t.TempDir, and clears it up.
func folderFor(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "ledger-pgserver-test-")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o711); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return dir
}

func start(t *testing.T, dir string) *Server {
	t.Helper()
	s, err := Start(t.Context(), Options{Dir: dir, Settings: map[string]string{"shared_buffers": "16MB"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Stop() }) // a test that expects an end checks it itself
	return s
}

// query runs one statement as `ledger` and returns the last row's first column.
func query(t *testing.T, s *Server, sql string) (text string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), s.URL("ledger"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	rows, err := conn.Query(t.Context(), sql, pgx.QueryExecModeSimpleProtocol)
	if err != nil {
		t.Fatal(err)
	}
	for rows.Next() {
		text = string(rows.RawValues()[0])
	}
	if rows.Err() != nil {
		t.Fatal(rows.Err())
	}
	return text
}

func canceled() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}
