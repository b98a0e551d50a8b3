package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/spf13/cobra"

	"orderledger/internal/client"
)

// Bounds of a report: the server takes 5,000 records and 512 KiB.
const (
	reportRecords = 5000
	reportBytes   = 480 << 10
)

func newUsage() *cobra.Command {
	c := &cobra.Command{
		Use:   "usage FILE.jsonl|-",
		Short: "Report metered usage, one record a line",
		Long: "Report metered usage, one record a line:\n\n" +
			`  {"record_id":"…","resource_id":"…","meter":"…","quantity":"…","unit":"…","from":"…","to":"…"}` + "\n\n" +
			"A record names its resource, or with order_id the order that opened it. Records are sent in reports of up to 5,000.\n" +
			"Run it again after an interruption: a record id counts once.",
		Args: cobra.ExactArgs(1),
		RunE: withClient(func(ctx context.Context, c *cobra.Command, api *client.Client, args []string) error {
			file, total, err := openImport(c, args[0])
			if err != nil {
				return err
			}
			defer file.Close()
			r := usageReporter{api: api, lines: client.NewLines(file)}
			r.org, _ = c.Flags().GetString("org")
			shown := newProgress(c.ErrOrStderr(), "records", total)
			shown.at(0)
			err = r.run(ctx, func() { shown.at(r.sum.Read) })
			shown.end()
			raw, _ := json.Marshal(r.sum) // numbers
			fmt.Fprintln(c.OutOrStdout(), string(raw))
			return err
		}),
	}
	serverFlags(c)
	c.Flags().String("org", "", "the records' organisation, where the key is a platform key")
	return c
}

// usageReporter sends records in reports.
type usageReporter struct {
	api   *client.Client
	lines *client.Lines
	org   string
	sum   usageCounts
}

// usageCounts is what became of the records so far. Replayed are those of reports that were carried out before as they
// are; nothing was done with them now.
type usageCounts struct {
	Read      int64 `json:"read"`
	Accepted  int64 `json:"accepted"`
	Duplicate int64 `json:"duplicate"`
	Late      int64 `json:"late"`
	Replayed  int64 `json:"replayed"`
}

// reportAnswer is the answer to a report.
type reportAnswer struct {
	Accepted, Duplicate, Late int64
	again                     bool
}

// Again is told when the report was carried out before.
func (a *reportAnswer) Again() { a.again = true }

// run sends reports until the file ends, or one is refused; then none of its records counts.
func (r *usageReporter) run(ctx context.Context, sent func()) error {
	var held *client.Line // begins the next report
	for {
		records, first, rest, err := r.gather(held)
		if err != nil {
			return err
		}
		if len(records) == 0 {
			return nil
		}
		if err := r.send(ctx, records); err != nil {
			return hinted(fmt.Errorf("the report of %d records that begins in line %d: %w", len(records), first, err),
				"Records before it are in. Put it right and run it again: a record id counts once.")
		}
		held = rest
		sent()
	}
}

// gather reads the records of a report, as many as fit. A record that does not fit any more is the rest.
func (r *usageReporter) gather(held *client.Line) (records []json.RawMessage, first int64, rest *client.Line, err error) {
	for size := 0; len(records) < reportRecords; {
		line := held
		if held = nil; line == nil {
			next, err := r.lines.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				return nil, 0, nil, err
			}
			line = &next
		}
		if line.TooLong || !json.Valid(line.Text) {
			return nil, 0, nil, usage(fmt.Errorf("line %d holds no JSON object that could be sent", line.Number))
		}
		if size += len(line.Text) + 1; size > reportBytes && len(records) > 0 {
			return records, first, line, nil
		}
		if len(records) == 0 {
			first = line.Number
		}
		records = append(records, line.Text)
	}
	return records, first, nil, nil
}

// send reports records under a key made of them: the same report again gets the same answer.
func (r *usageReporter) send(ctx context.Context, records []json.RawMessage) error {
	body := struct {
		OrgID   string            `json:"org_id,omitempty"`
		Records []json.RawMessage `json:"records"`
	}{r.org, records}
	raw, err := json.Marshal(body)
	if err != nil {
		return err
	}
	key := sha256.Sum256(raw)
	var answer reportAnswer
	if err := r.api.Command(ctx, http.MethodPost, "/v1/usage", "usage-"+hex.EncodeToString(key[:16]), json.RawMessage(raw), &answer); err != nil {
		return err
	}
	r.sum.Read += int64(len(records))
	if answer.again {
		r.sum.Replayed += int64(len(records))
		return nil
	}
	r.sum.Accepted += answer.Accepted
	r.sum.Duplicate += answer.Duplicate
	r.sum.Late += answer.Late
	return nil
}
