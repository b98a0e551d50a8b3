package natsserver

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"

	"github.com/nats-io/nats-server/v2/server"
)

// Cluster is what a server has to know of the cluster that it is in. Of three servers one may be away at a time: the
// other two go on, with all streams that have three replicas.
type Cluster struct {
	Name string
	Addr string // "host:port" to listen on for the other servers; the port is not 0, as they have to know it
	// Routes are such addresses of all servers, this one's or not. The number of them is taken for the cluster's size
	// when it is formed.
	Routes []string
}

// join configures the routes; the servers know each other by the password that clients have.
func (c *Cluster) join(opts *server.Options) error {
	host, port, err := net.SplitHostPort(c.Addr)
	if err != nil {
		return fmt.Errorf("address for the other servers of the cluster: %w", err)
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil || n == 0 {
		return fmt.Errorf("address for the other servers of the cluster: %q has no port", c.Addr)
	}
	if len(c.Routes) == 0 || opts.DontListen {
		return errors.New("a NATS server in a cluster needs routes, and an address for clients")
	}
	opts.Cluster = server.ClusterOpts{Name: c.Name, Host: host, Port: int(n), Username: opts.Username, Password: opts.Password}
	for _, addr := range c.Routes {
		u := &url.URL{Scheme: "nats", Host: addr}
		if opts.Username != "" {
			u.User = url.UserPassword(opts.Username, opts.Password)
		}
		opts.Routes = append(opts.Routes, u)
	}
	return nil
}

// Healthy says why the server can't do its part yet, nil when it can: it knows the cluster's leader, and has caught up
// with the streams and consumers that are its to keep.
func (s *Server) Healthy() error {
	h := s.nats.Healthz(&server.HealthzOptions{Details: true})
	if h.StatusCode == 200 {
		return nil
	}
	reasons := []string{h.Status, h.Error}
	for _, e := range h.Errors {
		reasons = append(reasons, e.Error)
	}
	return errors.New(strings.Join(reasons, " "))
}

// LeadsStream says whether the server is the one that writes to a stream.
func (s *Server) LeadsStream(stream string) bool {
	return s.nats.JetStreamIsStreamLeader(server.DEFAULT_GLOBAL_ACCOUNT, stream)
}

// LeadsConsumer says whether the server is the one that serves a consumer.
func (s *Server) LeadsConsumer(stream, consumer string) bool {
	return s.nats.JetStreamIsConsumerLeader(server.DEFAULT_GLOBAL_ACCOUNT, stream, consumer)
}

// Peers is how many servers the cluster's leader counts; 0 from any other.
func (s *Server) Peers() int { return len(s.nats.JetStreamClusterPeers()) }
