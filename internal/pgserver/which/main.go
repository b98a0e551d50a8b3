// which prints the folder of the PostgreSQL programs that the ledger would run, or says what to install.
package main

import (
	"fmt"
	"os"

	"orderledger/internal/pgserver"
)

func main() {
	found, err := pgserver.Find()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(found.Dir)
}
