package main

import (
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/caarlos0/env/v11"
)

// settings are what the environment says; flags win over it. A secret may stand in a file instead, named by the
// same variable with _FILE.
type settings struct {
	DatabaseURL string `env:"DATABASE_URL"` // postgres://…, a role that may become ledger_app, ledger_projector and ledger_reader
	NATSURL     string `env:"NATS_URL"`     // nats://…, of a cluster several with commas between
	// NATSSynced says that the NATS server syncs every write, which it can't be asked.
	NATSSynced bool `env:"NATS_SYNCED"`
	// NATSReplicas is how many servers of a cluster keep each stream that is made here.
	NATSReplicas int    `env:"NATS_REPLICAS" envDefault:"1"`
	HTTP         string `env:"HTTP" envDefault:"127.0.0.1:8080"`
	PprofAddr    string `env:"PPROF_ADDR"` // a loopback address for profiles; "" has none
	// DrainDelay is how long serve answers on after /readyz has begun to say that it will stop.
	DrainDelay time.Duration `env:"DRAIN_DELAY"`
	// WebhooksAllowPrivate lets webhooks go to private networks and this machine, and without TLS.
	WebhooksAllowPrivate bool   `env:"WEBHOOKS_ALLOW_PRIVATE"`
	LogLevel             string `env:"LOG_LEVEL"`
	Server               string `env:"SERVER"`
	APIKey               string `env:"API_KEY"`
}

func readSettings() (settings, error) {
	vars := map[string]string{}
	for _, pair := range os.Environ() {
		if name, value, _ := strings.Cut(pair, "="); strings.HasPrefix(name, "LEDGER_") {
			vars[name] = value
		}
	}
	for _, name := range []string{"LEDGER_DATABASE_URL", "LEDGER_NATS_URL", "LEDGER_API_KEY"} {
		file := vars[name+"_FILE"]
		if file == "" {
			continue
		}
		if vars[name] != "" {
			return settings{}, usage(fmt.Errorf("%s and %s_FILE are both set; keep one", name, name))
		}
		raw, err := os.ReadFile(file)
		if err != nil {
			return settings{}, usage(fmt.Errorf("%s_FILE: %w", name, err))
		}
		vars[name] = strings.TrimSpace(string(raw))
	}
	var s settings
	if err := env.ParseWithOptions(&s, env.Options{Prefix: "LEDGER_", Environment: vars}); err != nil {
		return settings{}, usage(fmt.Errorf("read the environment: %w", err))
	}
	return s, nil
}
