package main

import (
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"

	"github.com/nats-io/nats.go"
	"github.com/spf13/cobra"
)

// replicasMax is JetStream's own bound.
const replicasMax = 5

func newServe() *cobra.Command {
	var http string
	var roles []string
	var allowPrivate bool
	var replicas int
	c := &cobra.Command{
		Use:   "serve",
		Short: "Run the system against LEDGER_DATABASE_URL and LEDGER_NATS_URL",
		Long: "Run the system, or a part of it, against LEDGER_DATABASE_URL and LEDGER_NATS_URL. Any number of processes may serve\n" +
			"one ledger, each with the roles that it is given. `ledger migrate` goes before.\n\n" +
			"LEDGER_NATS_URL may name several servers of a cluster, with commas between. LEDGER_NATS_SYNCED=true states that they\n" +
			"sync every write (sync_interval: always).",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			s, err := readSettings()
			if err != nil {
				return err
			}
			config, err := serveConfig(c, s, http, roles, replicas)
			if err != nil {
				return err
			}
			config.webhooksAllowPrivate = allowPrivate || s.WebhooksAllowPrivate
			if err := logTo(c.ErrOrStderr(), s, true, slog.LevelInfo); err != nil {
				return err
			}
			if !s.NATSSynced {
				slog.Warn("it is not stated that the NATS server syncs every write: a power cut can take events from the mirror, until the relay has put them back. " +
					"Set sync_interval: always there, and LEDGER_NATS_SYNCED=true here.")
			}
			a, err := openApp(c.Context(), config)
			if err != nil {
				return err
			}
			defer a.close()
			slog.Info("serving", "roles", strings.Join(config.roles, ","), "http", a.address(), "version", buildVersion())
			err = a.wait(c.Context())
			slog.Info("stopping", "cause", err)
			return err
		},
	}
	c.Flags().StringVar(&http, "http", "", "address of the API (LEDGER_HTTP, default 127.0.0.1:8080)")
	c.Flags().StringSliceVar(&roles, "roles", allRoles, "what this process does")
	allowPrivateFlag(c, &allowPrivate)
	c.Flags().IntVar(&replicas, "nats-replicas", 0, "how many NATS servers keep each stream that is made (LEDGER_NATS_REPLICAS, default 1);\n"+
		"streams that are there stay as they are")
	_ = c.RegisterFlagCompletionFunc("roles", cobra.FixedCompletions(allRoles, cobra.ShellCompDirectiveNoFileComp))
	return c
}

func serveConfig(c *cobra.Command, s settings, http string, roles []string, replicas int) (appConfig, error) {
	var faults []error
	if s.DatabaseURL == "" {
		faults = append(faults, errors.New("LEDGER_DATABASE_URL is not set"))
	}
	if s.NATSURL == "" {
		faults = append(faults, errors.New("LEDGER_NATS_URL is not set"))
	}
	for _, r := range roles {
		if !slices.Contains(allRoles, r) {
			faults = append(faults, fmt.Errorf("there is no role %q; the roles are %s", r, strings.Join(allRoles, ", ")))
		}
	}
	if !c.Flags().Changed("nats-replicas") {
		replicas = s.NATSReplicas
	}
	if replicas < 1 || replicas > replicasMax {
		faults = append(faults, fmt.Errorf("a stream has 1 to %d replicas, not %d", replicasMax, replicas))
	}
	if len(faults) > 0 {
		return appConfig{}, usage(errors.Join(faults...))
	}
	if !c.Flags().Changed("http") {
		http = s.HTTP
	}
	return appConfig{
		databaseURL: s.DatabaseURL, natsSynced: s.NATSSynced, natsReplicas: replicas, http: http, pprof: s.PprofAddr, roles: roles, drainDelay: s.DrainDelay,
		connectNATS: func(o ...nats.Option) (*nats.Conn, error) { return nats.Connect(s.NATSURL, o...) },
	}, nil
}

func allowPrivateFlag(c *cobra.Command, into *bool) {
	c.Flags().BoolVar(into, "webhooks-allow-private", false,
		"let webhooks go to private networks and this machine, and without TLS (LEDGER_WEBHOOKS_ALLOW_PRIVATE)")
}
