// Package testkit gives tests what the program runs on: real databases, real NATS servers, the shared data.
// A test binary that asks for a database gets one PostgreSQL cluster, started at the first ask and ended by
// Main, or by the death of the binary.
package testkit

import (
	"fmt"
	"os"
	"testing"

	"go.uber.org/goleak"
)

// Main is TestMain of packages that use this kit: it runs the tests, ends the cluster and fails on goroutines
// that tests left running.
func Main(m *testing.M) { goleak.VerifyTestMain(run{m}) }

type run struct{ m *testing.M }

func (r run) Run() int {
	code := r.m.Run()
	if err := stopCluster(); err != nil {
		fmt.Fprintln(os.Stderr, "testkit: end the cluster:", err)
		return max(code, 1)
	}
	return code
}
