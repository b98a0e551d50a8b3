package pgserver

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

const (
	port       = "5432"
	socketName = ".s.PGSQL." + port
	socketMost = 107 // bytes in a Unix socket's path, the closing NUL apart
)

// socketDir is the cluster's own folder, which is the account's alone, or, where that path is too long or holds
// a comma or quote (which separate several folders in the setting and the URL), a short one made for this run.
func socketDir(c cluster) (string, error) {
	if len(filepath.Join(c.data, socketName)) <= socketMost && !strings.ContainsAny(c.data, `,"`) {
		return c.data, nil
	}
	var err error
	for _, parent := range []string{os.TempDir(), "/tmp"} {
		if len(parent) > 60 || !c.who.canEnter(parent) {
			continue
		}
		var dir string
		if dir, err = os.MkdirTemp(parent, "ledger-pg-"); err != nil {
			continue
		}
		return dir, c.who.give(dir)
	}
	return "", fmt.Errorf("no folder for the database's socket: %s is too long a path, and no temporary folder can be used: %w", c.data, err)
}
