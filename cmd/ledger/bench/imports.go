package bench

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"runtime/debug"
	"strconv"
)

// imports measures the memory of a process while it takes a long file of commands.
func (b *bed) imports(ctx context.Context) error {
	url, err := b.database(ctx)
	if err != nil {
		return err
	}
	e, err := b.newExecutor(ctx, url)
	if err != nil {
		return err
	}
	defer e.close()
	if err := endow(ctx, e.Executor); err != nil {
		return err
	}
	api, err := b.serve(ctx, url, e)
	if err != nil {
		return err
	}
	defer api.stop()
	debug.FreeOSMemory()
	before, err := resetPeak()
	if err != nil {
		return err
	}
	b.say("importing %d commands", b.Events)
	done, err := api.load(ctx, load{Run: "import", Path: "/v1/commands", Connections: 1, Commands: b.Events})
	if err != nil {
		return err
	}
	peak, err := memory("VmHWM")
	if err != nil {
		return err
	}
	name := fmt.Sprintf("%d commands: ", b.Events)
	b.report(name+"rate of one connection", done.PerSecond, "commands/s", 0)
	b.report(name+"peak memory of the process", peak, "MiB", 0)
	b.report(name+"memory before", before, "MiB", 0)
	return nil
}

// resetPeak makes the kernel forget the process's peak of resident memory (proc(5), clear_refs), and
// returns what is resident now, in MiB. Linux only.
func resetPeak() (float64, error) {
	if err := os.WriteFile("/proc/self/clear_refs", []byte("5"), 0o600); err != nil {
		return 0, err
	}
	return memory("VmRSS")
}

// memory reads a line of /proc/self/status, in MiB.
func memory(name string) (float64, error) {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0, err
	}
	for line := range bytes.Lines(status) {
		fields := bytes.Fields(line)
		if len(fields) == 3 && string(fields[0]) == name+":" {
			kib, err := strconv.ParseFloat(string(fields[1]), 64)
			return kib / 1024, err
		}
	}
	return 0, fmt.Errorf("/proc/self/status has no %s", name)
}
