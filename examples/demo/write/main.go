// write prints the bundled example as a file for `ledger import`.
package main

import (
	"flag"
	"fmt"
	"os"
	"time"

	"orderledger/examples/demo"
)

func main() {
	end := flag.String("end", "2026-11-20T18:00:00+08:00", "`time` of the last command: RFC 3339, a whole hour")
	flag.Usage = func() {
		fmt.Fprint(os.Stderr, "write prints half a year of four organisations' orders, one ledger command a line:\n\n"+
			"  go run ./examples/demo/write [-end TIME] > demo.jsonl && ledger import demo.jsonl\n\n")
		flag.PrintDefaults()
	}
	flag.Parse()
	at, err := time.Parse(time.RFC3339, *end)
	if err == nil {
		err = demo.Write(os.Stdout, at)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "write:", err)
		os.Exit(1)
	}
}
