package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"orderledger/internal/natsserver"
	"orderledger/internal/pgserver"
)

const defaultData = ".ledger"

// place is where a ledger's database and broker are, for the time of one command.
type place struct {
	databaseURL string
	natsURL     string // "" where there is no broker
	close       func()
}

// dataFlag lets a command name the folder of a `ledger dev`.
func dataFlag(c *cobra.Command) {
	c.Flags().String("data", defaultData, "folder of a ledger dev, running or not; when it is not named, LEDGER_DATABASE_URL wins")
	_ = c.MarkFlagDirname("data") // only fails for a flag that is missing
}

// openPlace finds the ledger that a command is about: the folder when --data names one, else LEDGER_DATABASE_URL
// and LEDGER_NATS_URL, else the default folder. Where no `ledger dev` runs on the folder, its servers run until close.
func openPlace(c *cobra.Command) (*place, error) {
	s, err := readSettings()
	if err != nil {
		return nil, err
	}
	if s.DatabaseURL != "" && !c.Flags().Changed("data") {
		return &place{databaseURL: s.DatabaseURL, natsURL: s.NATSURL, close: func() {}}, nil
	}
	path, _ := c.Flags().GetString("data") // dataFlag made it
	if _, err := os.Lstat(filepath.Join(path, "postgres")); err != nil {
		return nil, &failure{
			code: exitNotFound, cause: fmt.Errorf("there is no ledger in %s", path),
			hint: "`ledger dev` makes one; or name the folder with --data, or a database with LEDGER_DATABASE_URL.",
		}
	}
	return openFolderPlace(c.Context(), path)
}

// withPlace runs what a command does with a ledger's database and broker.
func withPlace(do func(context.Context, *cobra.Command, *place, []string) error) func(*cobra.Command, []string) error {
	return func(c *cobra.Command, args []string) error {
		p, err := openPlace(c)
		if err != nil {
			return err
		}
		defer p.close()
		return do(c.Context(), c, p, args)
	}
}

// meantime is how long a process that starts or stops on the folder is waited for.
const meantime = time.Minute

func openFolderPlace(ctx context.Context, path string) (*place, error) {
	for deadline := time.Now().Add(meantime); ; {
		dir, err := takeDataDir(path)
		if err == nil {
			return startPlace(ctx, dir)
		}
		var busy *inUse
		if !errors.As(err, &busy) {
			return nil, err
		}
		if p := runningPlace(path); p != nil {
			return p, nil
		}
		if time.Now().After(deadline) {
			return nil, hinted(err, "It has not come up within a minute; try again, or stop it.")
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(100 * time.Millisecond): // the other process has no way to tell us
		}
	}
}

// runningPlace is what a `ledger dev` on the folder has written; nil until it is ready.
func runningPlace(path string) *place {
	dir := &dataDir{path: path}
	database, err1 := dir.read(databaseURLFile)
	broker, err2 := dir.read(natsURLFile)
	if err1 != nil || err2 != nil || database == "" || broker == "" {
		return nil
	}
	return &place{databaseURL: database, natsURL: broker, close: func() {}}
}

// startPlace runs the folder's servers for one command. The broker listens on the loopback, on a free port.
func startPlace(ctx context.Context, dir *dataDir) (*place, error) {
	db, err := pgserver.Start(ctx, pgserver.Options{Dir: dir.path})
	if err != nil {
		dir.release()
		return nil, err
	}
	broker, err := startNATS(dir, "127.0.0.1:0")
	if err != nil {
		_ = db.Stop() // err says more
		dir.release()
		return nil, err
	}
	return &place{databaseURL: db.URL("ledger"), natsURL: broker.URL(), close: func() {
		broker.Stop()
		_ = db.Stop() // the command has its result
		dir.release()
	}}, nil
}

// startNATS starts the folder's broker, whose only user has a password that is kept in the folder.
func startNATS(dir *dataDir, addr string) (*natsserver.Server, error) {
	password, err := dir.secret("nats.password")
	if err != nil {
		return nil, err
	}
	broker, err := natsserver.Start(natsserver.Options{
		Dir: dir.file("nats"), Addr: addr, User: "ledger", Password: password,
	})
	if err != nil {
		return nil, hinted(err, "If the port is taken: --nats 127.0.0.1:0 takes a free one.")
	}
	return broker, nil
}
