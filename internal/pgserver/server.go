// Package pgserver runs a private PostgreSQL cluster from installed binaries, as a child of this process:
// on a Unix socket only, with its data below one folder, durable, and safe against kill -9 of either side.
package pgserver

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// Options of Start.
type Options struct {
	Dir      string            // the folder of the cluster; made if missing
	Settings map[string]string // PostgreSQL settings beside and above the default ones
	Log      *slog.Logger      // nil: slog.Default()
}

// Server is a running cluster. Its methods may be called from any goroutine.
type Server struct {
	folder  *folder
	cluster cluster
	socket  string // folder of the socket
	secret  []byte
	log     *slog.Logger

	cmd     *exec.Cmd
	done    chan struct{} // closed when the postmaster has ended and all is released
	err     error         // why it ended; read after done
	ordered bool          // Stop or Kill came first
	mu      sync.Mutex    // guards ordered
}

// Recovery after a crash replays up to max_wal_size of log; waiting longer than this means something is stuck.
const readyWithin = 5 * time.Minute

// Start starts the cluster in o.Dir, making it at the first time, and returns when it answers and the database
// `ledger` exists, owned by the role `ledger`. It waits up to a minute for a server that a killed predecessor
// left shutting down. One process at a time may use a folder. As root it runs PostgreSQL as an existing
// unprivileged user. ctx bounds the start only.
func Start(ctx context.Context, o Options) (*Server, error) {
	ctx, cancel := context.WithTimeout(ctx, readyWithin)
	defer cancel()
	f, err := openFolder(ctx, o.Dir)
	if err != nil {
		return nil, err
	}
	s := &Server{folder: f, log: o.Log, done: make(chan struct{})}
	if s.log == nil {
		s.log = slog.Default()
	}
	if err := s.prepare(ctx, o); err != nil {
		f.close()
		return nil, err
	}
	if err := s.launch(o.Settings); err != nil {
		s.release()
		return nil, err
	}
	if err = s.awaitReady(ctx); err == nil {
		err = ensureDatabase(ctx, s.SuperURL("postgres"), password(s.secret, login))
	}
	if err != nil {
		_ = s.Stop() // err says more
		return nil, err
	}
	return s, nil
}

// URL connects to a database as the role `ledger`, over the Unix socket. It holds while the server runs.
func (s *Server) URL(database string) string { return s.url(login, database) }

// SuperURL connects to a database as the cluster's superuser.
func (s *Server) SuperURL(database string) string { return s.url(superuser, database) }

// Dir is the folder that the server was started on, without links in its path.
func (s *Server) Dir() string { return s.folder.dir }

// PID is the postmaster's.
func (s *Server) PID() int { return s.cmd.Process.Pid }

// Done is closed when the server has ended, ordered or not.
func (s *Server) Done() <-chan struct{} { return s.done }

// Wait waits for the end and returns nil if Stop or Kill ordered it, else why PostgreSQL ended.
func (s *Server) Wait() error {
	<-s.done
	return s.err
}

// Stop shuts down fast (open transactions are rolled back), or at once when that takes over a minute, and
// waits for the end. Calling it again is harmless.
func (s *Server) Stop() error {
	s.order()
	for _, step := range []struct {
		sig  syscall.Signal
		wait time.Duration
	}{{syscall.SIGINT, time.Minute}, {syscall.SIGQUIT, 10 * time.Second}} {
		signalAll(s.livePID(), step.sig)
		select {
		case <-s.done:
			return s.err
		case <-time.After(step.wait):
		}
	}
	return s.Kill()
}

// Kill ends the postmaster and all its children with SIGKILL, as a power cut would, and waits until they are gone.
func (s *Server) Kill() error {
	s.order()
	for _, pid := range s.livePID() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := killAll(ctx, pid, s.cluster.data); err != nil {
			return err
		}
	}
	return s.Wait()
}

func (s *Server) order() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ordered = true
}

// livePID is empty once the postmaster was waited for: its number may then be another process's.
func (s *Server) livePID() []int {
	select {
	case <-s.done:
		return nil
	default:
		return []int{s.PID()}
	}
}

func (s *Server) prepare(ctx context.Context, o Options) (err error) {
	if s.secret, err = s.folder.secret(); err != nil {
		return err
	}
	if s.cluster, err = openCluster(ctx, s.folder, s.secret, o.Settings["fsync"] == "off"); err != nil {
		return err
	}
	s.socket, err = socketDir(s.cluster)
	return err
}

// launch starts the postmaster and the goroutine that waits for it.
func (s *Server) launch(settings map[string]string) error {
	logFile, err := openLog(s.folder.path("postgres.log"))
	if err != nil {
		return err
	}
	args := append([]string{"-D", s.cluster.data}, settingArgs(s.socket, settings)...)
	s.cmd = s.cluster.who.command(syscall.SIGINT, s.cluster.bins.path("postgres"), args...)
	s.cmd.Stdout, s.cmd.Stderr = logFile, logFile

	started := make(chan error, 1)
	go func() {
		// The death signal comes when the thread that forked ends: it must live as long as the child.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := s.cmd.Start()
		started <- err
		if err == nil {
			stop := boundLog(logFile)
			s.ended(s.cmd.Wait())
			stop()
		}
		logFile.Close()
	}()
	if err := <-started; err != nil {
		return fmt.Errorf("start postgres: %w", err)
	}
	return nil
}

// ended notes why the postmaster ended and lets go of everything.
func (s *Server) ended(err error) {
	s.mu.Lock()
	if !s.ordered {
		s.err = fmt.Errorf("PostgreSQL ended unexpectedly (%w): %s", err, logTail(s.folder.path("postgres.log")))
		s.log.Error("PostgreSQL ended unexpectedly", "cause", err, "log", s.folder.path("postgres.log"))
	}
	s.mu.Unlock()
	s.release()
	close(s.done)
}

func (s *Server) release() {
	if s.socket != s.cluster.data {
		os.RemoveAll(s.socket)
	}
	s.folder.close()
}

// awaitReady returns when the server takes connections; until then it is replaying its log.
func (s *Server) awaitReady(ctx context.Context) error {
	for {
		conn, err := pgx.Connect(ctx, s.SuperURL("postgres"))
		if err == nil {
			return conn.Close(ctx)
		}
		select {
		case <-s.done:
			return s.Wait()
		case <-ctx.Done():
			return fmt.Errorf("wait for PostgreSQL to take connections: %w", err)
		case <-time.After(pollEvery):
		}
	}
}

func (s *Server) url(role, database string) string {
	u := url.URL{
		Scheme:   "postgres",
		User:     url.UserPassword(role, password(s.secret, role)),
		Path:     "/" + database,
		RawQuery: url.Values{"host": {s.socket}, "port": {port}}.Encode(),
	}
	return u.String()
}

// Remove deletes the cluster of a folder whose server has ended, wherever its data stands.
func Remove(dir string) error {
	f, err := openFolder(context.Background(), dir)
	if err != nil {
		return err
	}
	defer f.close()
	if data, err := filepath.EvalSymlinks(f.path("postgres")); err == nil {
		if err := awaitEmpty(context.Background(), data); err != nil {
			return err
		}
	}
	for _, name := range []string{"postgres", "postgres.new"} {
		if err := removePlace(f.path(name)); err != nil {
			return fmt.Errorf("remove cluster: %w", err)
		}
	}
	if err := os.Remove(f.path("postgres.secret")); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("remove secret: %w", err)
	}
	return nil
}

// settingArgs: durability (fsync, synchronous_commit, full_page_writes) stays as PostgreSQL has it: on. The log
// tells of errors without statements and details, which hold customers' data.
func settingArgs(socket string, own map[string]string) []string {
	settings := map[string]string{
		"listen_addresses":        "",
		"unix_socket_directories": `"` + socket + `"`,
		"unix_socket_permissions": "0700",
		"port":                    port,
		"cluster_name":            "ledger",
		"shared_buffers":          "256MB",
		"max_wal_size":            "4GB",
		"max_connections":         "200",
		"log_checkpoints":         "off",
		"log_error_verbosity":     "terse",
		"log_min_error_statement": "panic",
		"log_line_prefix":         "%m [%p] %u@%d ",
		"log_timezone":            "UTC",
		"timezone":                "UTC",
	}
	for k, v := range own {
		settings[k] = v
	}
	var args []string
	for k, v := range settings {
		args = append(args, "--"+k+"="+v)
	}
	slices.Sort(args)
	return args
}
