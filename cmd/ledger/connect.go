package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"orderledger/internal/client"
)

// serverFlags let a command of the API name its server and key.
func serverFlags(c *cobra.Command) {
	f := c.PersistentFlags()
	f.String("server", "", "the server: host:port or a URL (LEDGER_SERVER; else the ledger dev of --data)")
	f.String("key", "", "an API key (LEDGER_API_KEY; else the platform key of --data)")
	f.String("data", defaultData, "folder of a running ledger dev")
	_ = c.MarkPersistentFlagDirname("data") // only fails for a flag that is missing
}

// connect makes a client: flags win over the environment, and both over the folder of a `ledger dev`. The folder's
// platform key goes to the folder's own server only.
func connect(c *cobra.Command) (*client.Client, error) {
	s, err := readSettings()
	if err != nil {
		return nil, err
	}
	server, _ := c.Flags().GetString("server")
	key, _ := c.Flags().GetString("key")
	path, _ := c.Flags().GetString("data")
	if c.Flags().Changed("data") && server == "" { // then it is the folder that is meant
		s.Server, s.APIKey = "", ""
	}
	server, key = cmp.Or(server, s.Server), cmp.Or(key, s.APIKey)
	if server == "" {
		dir := &dataDir{path: path}
		if server, err = dir.read(httpAddrFile); err != nil {
			return nil, err
		}
		if server == "" {
			return nil, hinted(fmt.Errorf("no server is named, and no `ledger dev` runs on %s", path),
				"Start one, or name a server with --server or LEDGER_SERVER.")
		}
		if key == "" {
			if key, err = dir.read(adminKeyFile); err != nil {
				return nil, err
			}
		}
	}
	if key == "" {
		return nil, &failure{code: exitNotAllowed, cause: errors.New("no API key"), hint: "Give one with LEDGER_API_KEY or --key."}
	}
	return client.New(server, key)
}

// withClient runs what a command does with the API.
func withClient(do func(context.Context, *cobra.Command, *client.Client, []string) error) func(*cobra.Command, []string) error {
	return func(c *cobra.Command, args []string) error {
		api, err := connect(c)
		if err != nil {
			return err
		}
		defer api.Close()
		return do(c.Context(), c, api, args)
	}
}
