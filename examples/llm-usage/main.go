// llm-usage turns the requests to a language model into a file for `ledger import`: metered use, in tokens, with a
// price in tiers, settled by the hour.
package main

import (
	"encoding/csv"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"time"

	"github.com/shopspring/decimal"

	"orderledger/examples/internal/importfile"
)

const usage = `llm-usage turns requests to a language model into ledger commands, one JSON object a line.

  go run ./examples/llm-usage -requests FILE [-out FILE|-]

FILE is CSV with the columns TIMESTAMP (UTC), ContextTokens and GeneratedTokens. One order of 0 opens the model for
org-llm; every request is two records of use, which the hour's settlement adds up:
  input   0.000002 CNY a token up to 10,000,000 in the hour, then 0.0000015
  output  0.000008 CNY a token
The same input gives the same output: import it again and nothing happens twice.

`

const (
	prefix   = "llm-usage"
	org      = "org-llm"
	resource = "chat-conv"
	unit     = "token"
	// How the trace writes its times, without a zone.
	stampLayout = "2006-01-02 15:04:05.9999999"
)

func main() {
	if err := run(os.Args[1:], os.Stdout, os.Stderr); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return
		}
		fmt.Fprintln(os.Stderr, "llm-usage:", err)
		os.Exit(1)
	}
}

func run(args []string, stdout, stderr io.Writer) error {
	flags := flag.NewFlagSet("llm-usage", flag.ContinueOnError)
	flags.SetOutput(stderr)
	requests := flags.String("requests", "", "CSV `file` of requests")
	out := flags.String("out", "-", "`file` to write, - for standard output")
	flags.Usage = func() {
		fmt.Fprint(stderr, usage)
		flags.PrintDefaults()
	}
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *requests == "" || flags.NArg() > 0 {
		return errors.New("give -requests FILE, and nothing else but -out (-h explains)")
	}
	file, err := os.Open(*requests)
	if err != nil {
		return err
	}
	defer file.Close()
	records, err := readRequests(file)
	if err != nil {
		return fmt.Errorf("%s: %w", *requests, err)
	}
	if *out == "-" {
		return importfile.Write(stdout, commands(records))
	}
	written, err := os.Create(*out)
	if err != nil {
		return err
	}
	return errors.Join(importfile.Write(written, commands(records)), written.Close())
}

// readRequests makes two records of each request. It lasts a moment: half-open, from its time on.
func readRequests(r io.Reader) ([]importfile.Record, error) {
	rows, err := csv.NewReader(r).ReadAll()
	if err != nil {
		return nil, err
	}
	if len(rows) < 2 || !slices.Equal(rows[0], []string{"TIMESTAMP", "ContextTokens", "GeneratedTokens"}) {
		return nil, errors.New("the columns are not TIMESTAMP, ContextTokens, GeneratedTokens, or there is no row")
	}
	var records []importfile.Record
	for i, row := range rows[1:] {
		at, err := time.Parse(stampLayout, row[0])
		if err != nil {
			return nil, fmt.Errorf("row %d: %w", i+2, err)
		}
		at = at.Truncate(time.Microsecond)
		for column, name := range []string{1: "input", 2: "output"} {
			if name == "" {
				continue
			}
			tokens, err := decimal.NewFromString(row[column])
			if err != nil {
				return nil, fmt.Errorf("row %d: %w", i+2, err)
			}
			records = append(records, importfile.Record{
				RecordID: fmt.Sprintf("%s/%05d/%s", prefix, i+1, name), ResourceID: resource, Meter: name,
				Quantity: tokens, Unit: unit, From: at, To: at.Add(time.Microsecond),
			})
		}
	}
	return records, nil
}

// commands opens the model before the first request, and settles each hour when its records are there.
func commands(records []importfile.Record) []importfile.Command {
	opened := records[0].From.Truncate(time.Hour)
	all := []importfile.Command{
		{Key: prefix + "/top-up", Name: "top_up", At: opened, Body: importfile.TopUp{
			OrgID: org, Amount: importfile.Amount{Decimal: decimal.NewFromInt(1000)}, Currency: "CNY", Reference: "bank/" + prefix,
		}},
		{Key: prefix + "/open", Name: "place_order", At: opened, Body: opening(opened)},
	}
	for start := 0; start < len(records); {
		hour := records[start].From.Truncate(time.Hour)
		end := start
		for end < len(records) && records[end].From.Before(hour.Add(time.Hour)) {
			end++
		}
		all = append(all, settled(hour, records[start:end])...)
		start = end
	}
	return all
}

// settled reports the records of an hour in chunks as they come, and has them settled a minute after it.
func settled(hour time.Time, records []importfile.Record) []importfile.Command {
	key := prefix + "/" + hour.Format("2006-01-02T15")
	var all []importfile.Command
	for chunk := range slices.Chunk(records, importfile.RecordsPerLine) {
		all = append(all, importfile.Command{
			Key: fmt.Sprintf("%s/report/%02d", key, len(all)), Name: "report_usage", At: chunk[len(chunk)-1].To,
			Body: importfile.Usage{OrgID: org, Records: chunk},
		})
	}
	return append(all, importfile.Command{
		Key: key + "/settle", Name: "settle_usage", At: hour.Add(time.Hour + time.Minute),
		Body: importfile.OnResource{OrgID: org, ResourceID: resource},
	})
}

func opening(at time.Time) importfile.Order {
	output := decimal.RequireFromString("0.000008")
	bound := decimal.NewFromInt(10_000_000)
	return importfile.Order{
		OrderID: importfile.OrderID(at, prefix), OrderType: "purchase", OrgID: org, ProjectID: "default", ConsumerID: "user-chat", Currency: "CNY",
		Lines: []importfile.OrderLine{{
			ProductCode: "model-service", ProductName: "Model service", ResourceType: "model", ResourceID: resource, ResourceName: "Conversation",
			Region: "cn-east-1", NewConfig: []importfile.Component{{Component: "Model", Value: "conversation", Unit: ""}},
			Count: decimal.NewFromInt(1), ChargeMode: "metered", Unit: unit, Cycle: "hour",
			Meters: []importfile.Meter{
				{Meter: "input", Unit: unit, Tiers: []importfile.Tier{
					{UpTo: &bound, UnitPrice: decimal.RequireFromString("0.000002")}, {UnitPrice: decimal.RequireFromString("0.0000015")},
				}},
				{Meter: "output", Unit: unit, UnitPrice: &output},
			},
			EffectiveAt: at,
		}},
	}
}
