// Package natsserver runs a NATS server with JetStream inside this process, with its store in one folder.
package natsserver

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"path/filepath"
	"strconv"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
)

// Options of Start.
type Options struct {
	Dir  string // folder of the JetStream store; made if missing, used by one server at a time
	Addr string // "host:port" to listen on; port 0 takes a free one, no host is 127.0.0.1; "" only Connect reaches it

	// User and Password are asked of everybody who connects, Connect apart. Without them nobody is asked.
	User, Password string

	// SyncInterval is how long a stored message may wait for fsync. 0 is no time at all: a message is
	// acknowledged when it is on disk, and outlives a power cut.
	SyncInterval time.Duration

	Name string // tells the servers of a cluster apart; "" is "ledger"

	// Cluster makes the server one of several, which needs Name and Addr; nil leaves it alone.
	Cluster *Cluster

	Log *slog.Logger // gets warnings and errors; nil: slog.Default()
}

const (
	maxPayload   = 2 << 20 // bytes: the largest event, 768 KiB, with its headers and room to spare
	readyWithin  = time.Minute
	settleMost   = 5 * time.Second
	memoryStores = 64 << 20 // bytes; the ledger's streams are all on disk
)

// Server is a running NATS server.
type Server struct {
	options Options
	nats    *server.Server
}

// Start starts the server and returns when it takes connections and JetStream has recovered its streams. In a cluster it
// does not wait for the others: Healthy tells.
func Start(o Options) (*Server, error) {
	opts := &server.Options{
		ServerName:         cmp.Or(o.Name, "ledger"),
		DontListen:         o.Addr == "",
		Username:           o.User,
		Password:           o.Password,
		NoSigs:             true, // signals are the program's to handle
		MaxPayload:         maxPayload,
		JetStream:          true,
		StoreDir:           filepath.Clean(o.Dir),
		JetStreamMaxMemory: memoryStores,
		JetStreamMaxStore:  -1,
		SyncAlways:         o.SyncInterval == 0,
		SyncInterval:       o.SyncInterval,
	}
	if o.Dir == "" {
		return nil, errors.New("a NATS server needs a folder for its store")
	}
	if o.Addr != "" {
		if err := listenOn(opts, o.Addr); err != nil {
			return nil, err
		}
	}
	if o.Cluster != nil {
		if err := o.Cluster.join(opts); err != nil {
			return nil, err
		}
	}
	ns, err := server.NewServer(opts)
	if err != nil {
		return nil, fmt.Errorf("configure NATS server: %w", err)
	}
	log := o.Log
	if log == nil {
		log = slog.Default()
	}
	lines := &logger{log: log.With("part", "nats"), fatal: make(chan string, 1)}
	ns.SetLogger(lines, false, false)
	ns.Start()
	s := &Server{options: o, nats: ns}
	if err := s.awaitReady(lines.fatal); err != nil {
		s.Stop()
		return nil, fmt.Errorf("start NATS server: %w", err)
	}
	return s, nil
}

// awaitReady: the library tells of readiness by being asked, and of failures only in its log.
func (s *Server) awaitReady(fatal <-chan string) error {
	for deadline := time.Now().Add(readyWithin); ; {
		ready := s.nats.ReadyForConnections(20 * time.Millisecond)
		select {
		case line := <-fatal:
			return errors.New(line)
		default:
		}
		if ready && s.nats.JetStreamEnabled() {
			return nil
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("not ready within %s", readyWithin)
		}
	}
}

// Stop ends the server and waits until its store is closed. Calling it again is harmless.
func (s *Server) Stop() {
	s.settle()
	s.nats.Shutdown()
	s.nats.WaitForShutdown()
}

// settle waits until no request to JetStream is under way, whose client may have left. The library takes note of a
// stream when it is made, and closes those that it has noted: one that is made meanwhile stays open, with the goroutines
// of its store. As long as clients go on asking it stops all the same after a while.
func (s *Server) settle() {
	for deadline := time.Now().Add(settleMost); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		info, err := s.nats.Jsz(nil)
		if err != nil || info.Disabled || info.API.Inflight == 0 {
			return
		}
	}
}

// Addr is the "host:port" listened on, with the port that 0 became; "" without a listener.
func (s *Server) Addr() string {
	if a, ok := s.nats.Addr().(*net.TCPAddr); ok {
		return a.String()
	}
	return ""
}

// URL is what a client outside this process connects to, user and password included; "" without a listener.
func (s *Server) URL() string {
	if s.Addr() == "" {
		return ""
	}
	u := url.URL{Scheme: "nats", Host: s.Addr()}
	if s.options.User != "" {
		u.User = url.UserPassword(s.options.User, s.options.Password)
	}
	return u.String()
}

// Connect connects from within the process: where the server listens through a socket, which buffers and so is faster
// under load than the library's pipe.
func (s *Server) Connect(opts ...nats.Option) (*nats.Conn, error) {
	all := opts
	if s.options.Addr == "" {
		all = append([]nats.Option{nats.InProcessServer(s.nats)}, opts...)
	}
	if s.options.User != "" {
		all = append(all, nats.UserInfo(s.options.User, s.options.Password))
	}
	nc, err := nats.Connect(s.URL(), all...)
	if err != nil {
		return nil, fmt.Errorf("connect to embedded NATS server: %w", err)
	}
	return nc, nil
}

func listenOn(opts *server.Options, addr string) error {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return fmt.Errorf("NATS address: %w", err)
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return fmt.Errorf("NATS address %q: port: %w", addr, err)
	}
	if host == "" {
		host = "127.0.0.1" // the library would take every interface
	}
	opts.Host, opts.Port = host, int(n)
	if n == 0 {
		opts.Port = server.RANDOM_PORT // its own 0 means 4222
	}
	return nil
}
