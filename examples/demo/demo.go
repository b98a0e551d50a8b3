// Package demo makes the history that a first `ledger dev` imports: four
// organisations and what they bought, paid, renewed and gave up in half a year.
package demo

import (
	"fmt"
	"io"
	"math/rand/v2"
	"time"

	"github.com/shopspring/decimal"

	"orderledger/examples/internal/importfile"
)

const historyDays = 182

// Write writes the example as lines for `ledger import`, about 5,500 of them in
// less than 4 MB, sorted by time; the last ones happen at end, and some
// orders of the days before are still unpaid and not yet due. The end must be a
// whole hour, and for an import not in the future.
//
// The same end gives the same bytes, so importing them again changes nothing.
// Another end is another history: its keys, order ids, resource ids and bank
// references differ throughout.
func Write(w io.Writer, end time.Time) error {
	if !end.Equal(end.Truncate(time.Hour)) || end.Year() < 2000 || end.Year() > 9000 {
		return fmt.Errorf("the example's end %s is not a whole hour between the years 2000 and 9000", end.Format(time.RFC3339Nano))
	}
	return importfile.Write(w, history(end.In(importfile.Shanghai)))
}

func history(end time.Time) []importfile.Command {
	prefix := "demo/" + end.Format("20060102T15")
	var all []importfile.Command
	chunks := map[string]decimal.Decimal{}
	for i, org := range organisations {
		b := &buyer{
			organisation: org,
			random:       rand.New(rand.NewPCG(uint64(end.Unix()), uint64(i))),
			prefix:       prefix + "/" + org.id,
			end:          end,
		}
		b.settings()
		b.buy()
		all = append(all, b.commands...)
		chunks[org.id] = org.topUp
	}
	importfile.Sort(all)
	// Top-ups first: the sort is stable, so money comes before what it pays.
	all = append(importfile.Fund(all, prefix, chunks), all...)
	importfile.Sort(all)
	return all
}
