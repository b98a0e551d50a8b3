package handlers_test

import (
	"fmt"
	"os"
	"testing"

	"orderledger/internal/testkit"
)

func TestMain(m *testing.M) {
	if url := os.Getenv(replicaURL); url != "" {
		if err := replicaMain(url, os.Args[1]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	testkit.Main(m)
}
