package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"orderledger/eventstore"
	"orderledger/handlers/intake"
)

// configured starts three servers with one configuration, as it stands, but for where they are: on this machine, at
// other ports, with folders of the test. env is the i-th server's environment.
func configured(t *testing.T, config string, env func(i int) map[string]string) []*server.Server {
	t.Helper()
	name := filepath.Join(t.TempDir(), "nats.conf")
	if err := os.WriteFile(name, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	all := make([]*server.Options, 3)
	addrs := make([]string, 3)
	for i := range all {
		for k, v := range env(i) {
			t.Setenv(k, v) // the library reads no other
		}
		o, err := server.ProcessConfigFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if o.Port != 4222 || o.Cluster.Port != 6222 || o.HTTPPort != 8222 || o.StoreDir != "/data" || !o.SyncAlways || len(o.Routes) != 3 {
			t.Fatalf("the configuration is %+v", o)
		}
		addrs[i] = freeAddr(t)
		o.Host, o.Port, o.Cluster.Host, o.HTTPHost, o.HTTPPort = "127.0.0.1", server.RANDOM_PORT, "127.0.0.1", "127.0.0.1", server.RANDOM_PORT
		o.StoreDir, o.NoSigs, o.NoLog = t.TempDir(), true, true
		all[i] = o
	}
	var servers []*server.Server
	for i, o := range all {
		_, port, _ := net.SplitHostPort(addrs[i])
		_, _ = fmt.Sscan(port, &o.Cluster.Port)
		for j, r := range o.Routes {
			if !strings.HasPrefix(r.Host, fmt.Sprintf("nats-%d", j+1)) && !strings.HasPrefix(r.Host, fmt.Sprintf("nats-%d", j)) {
				t.Errorf("route %d leads to %s", j, r.Host)
			}
			r.Host = addrs[j]
		}
		s, err := server.NewServer(o)
		if err != nil {
			t.Fatal(err)
		}
		go s.Start()
		t.Cleanup(func() { s.Shutdown(); s.WaitForShutdown() })
		servers = append(servers, s)
	}
	for i, s := range servers {
		awaitTrue(t, fmt.Sprintf("server %d is healthy", i), func() bool { return s.Healthz(nil).StatusCode == 200 })
	}
	return servers
}

func awaitTrue(t *testing.T, what string, so func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !so(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not within a minute: %s", what)
		}
	}
}

// dialAs connects to a server as a user of the configuration.
func dialAs(t *testing.T, s *server.Server, user, password string, options ...nats.Option) *nats.Conn {
	t.Helper()
	nc, err := nats.Connect(s.ClientURL(), append(options, nats.UserInfo(user, password), nats.MaxReconnects(-1), nats.ReconnectWait(20*time.Millisecond))...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	return nc
}

// keepsStreams makes the ledger's streams with three replicas and publishes on, with one server after another away.
func keepsStreams(t *testing.T, servers []*server.Server, nc *nats.Conn) {
	t.Helper()
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	awaitTrue(t, "the streams are made", func() bool {
		if err := intake.EnsureStreams(t.Context(), js, 3); err != nil {
			return false
		}
		_, err := eventstore.EnsureStream(t.Context(), js, 3)
		return err == nil
	})
	for _, s := range servers {
		awaitTrue(t, "it has its streams", func() bool { return s.Healthz(nil).StatusCode == 200 })
	}
	servers[0].Shutdown()
	servers[0].WaitForShutdown()
	awaitTrue(t, "two go on without the third", func() bool {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := js.Publish(ctx, "ledger.commands.gpu.place_order", []byte("{}"))
		return err == nil
	})
}

// The configuration of docker-compose.yml forms a cluster, and holds the example's service to its name.
func TestComposeNATS(t *testing.T) { // not parallel: the configuration reads the environment
	config := interpolated(yamlFile(t, "docker-compose.yml")[0].at("configs", "nats", "content").(string))
	servers := configured(t, config, func(i int) map[string]string { return map[string]string{"NATS_NAME": fmt.Sprint("nats-", i+1)} })
	gpu := dialAs(t, servers[1], "gpu", "gpu-local", nats.CustomInboxPrefix("_INBOX_gpu"))
	refused := make(chan struct{}, 10)
	gpu.SetErrorHandler(func(*nats.Conn, *nats.Subscription, error) { refused <- struct{}{} })
	if err := gpu.Publish("ledger.commands.other.place_order", nil); err != nil {
		t.Fatal(err)
	}
	select {
	case <-refused:
	case <-time.After(time.Minute):
		t.Error("the service may publish as another")
	}
	keepsStreams(t, servers, dialAs(t, servers[1], "ledger", "ledger-local"))

	publish, subscribe := intake.PermittedSubjects("gpu", "org-demo")
	name := filepath.Join(t.TempDir(), "nats.conf")
	if err := os.WriteFile(name, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	o, err := server.ProcessConfigFile(name)
	if err != nil {
		t.Fatal(err)
	}
	may := o.Users[slices.IndexFunc(o.Users, func(u *server.User) bool { return u.Username == "gpu" })].Permissions
	if !slices.Equal(may.Publish.Allow, publish) || !slices.Equal(may.Subscribe.Allow, subscribe) {
		t.Errorf("the service gpu may publish\n%q and subscribe\n%q; `ledger service permissions` has\n%q\n%q",
			may.Publish.Allow, may.Subscribe.Allow, publish, subscribe)
	}
}

// The configuration of deploy/kubernetes forms a cluster too, with the variables that its manifests give.
func TestKubernetesNATS(t *testing.T) {
	var config string
	var env []any
	for _, o := range yamlFile(t, "deploy", "kubernetes", "nats.yaml") {
		switch o.text("kind") {
		case "ConfigMap":
			config = o.at("data", "nats.conf").(string)
		case "StatefulSet":
			env = o.list("spec", "template", "spec", "containers")[0].(object).list("env")
		}
	}
	servers := configured(t, config, func(i int) map[string]string {
		vars := map[string]string{"NATS_NAME": fmt.Sprint("nats-", i), "NATS_PASSWORD": "changeme"}
		for _, e := range env {
			if v := e.(object).text("value"); v != "" {
				vars[e.(object).text("name")] = strings.ReplaceAll(v, "$(NATS_PASSWORD)", "changeme")
			}
		}
		return vars
	})
	for _, path := range probePaths(t, "StatefulSet nats") {
		answers(t, "http://"+servers[1].MonitorAddr().String()+path)
	}
	keepsStreams(t, servers, dialAs(t, servers[1], "ledger", "changeme"))
}

// answers wants a probe to be answered with 200.
func answers(t *testing.T, url string) {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Errorf("%s: %s", url, resp.Status)
	}
}
