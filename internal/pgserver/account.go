package pgserver

import (
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"strconv"
	"syscall"
)

// account is the operating-system user that PostgreSQL runs as.
type account struct {
	name     string
	uid, gid int
	drop     bool // we are root and must become that user; otherwise it is ourselves
}

// runAs chooses the account: ourselves, or, as PostgreSQL refuses to run as root, an unprivileged user
// that already exists. A made-up uid is never used: it could belong to somebody tomorrow.
func runAs() (account, error) {
	if os.Geteuid() != 0 {
		return account{uid: os.Geteuid(), gid: os.Getegid()}, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err1 := strconv.Atoi(u.Uid)
		gid, err2 := strconv.Atoi(u.Gid)
		if err1 == nil && err2 == nil && uid != 0 {
			return account{name: name, uid: uid, gid: gid, drop: true}, nil
		}
	}
	return account{}, fmt.Errorf("PostgreSQL does not run as root, and this machine has neither a user postgres nor a user nobody")
}

// command prepares a program run as the account, in its own process group (a Ctrl-C in our terminal is ours
// to handle), told by deathSignal when we die. The working folder is one that everybody may enter.
func (a account) command(deathSignal syscall.Signal, name string, args ...string) *exec.Cmd {
	cmd := exec.Command(name, args...)
	cmd.Dir = "/"
	cmd.SysProcAttr = childAttr(deathSignal)
	if a.drop {
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: uint32(a.uid), Gid: uint32(a.gid)}
	}
	return cmd
}

// canEnter asks the system itself (modes, ACLs, mount options) whether the account reaches dir.
func (a account) canEnter(dir string) bool {
	if !a.drop {
		return true
	}
	return runOnLockedThread(a.command(syscall.SIGKILL, "/bin/sh", "-c", `cd "$1"`, "sh", dir)) == nil
}

// give makes a file or folder the account's own.
func (a account) give(path string) error {
	if !a.drop {
		return nil
	}
	return os.Chown(path, a.uid, a.gid)
}
