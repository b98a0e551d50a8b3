package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"orderledger/internal/client"
)

func newImport() *cobra.Command {
	var dryRun, allowRefusals bool
	c := &cobra.Command{
		Use:   "import FILE.jsonl|-",
		Short: "Send a file of commands, one JSON object a line",
		Long: "Send a file of commands in order, one JSON object a line:\n\n" +
			`  {"key":"…","command":"place_order","at":"2025-11-04T23:00:00+08:00","body":{…}}` + "\n\n" +
			"`at` is when it happened, for history that is brought in with a platform key; without it, now.\n" +
			"Run it again after an interruption: keys that are known are not carried out twice.\n\n" +
			"With --dry-run the server decides every line on the ledger as it is and on what the lines before it would\n" +
			"leave behind, in memory: up to 256 MiB of orders and accounts that change, which is some 100,000 orders.\n" +
			"Refusals are listed and make the exit code 5, as in the import itself; nothing is carried out.",
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			file, total, err := openImport(c, args[0])
			if err != nil {
				return err
			}
			defer file.Close()
			shown := newProgress(c.ErrOrStderr(), "commands", total)
			tally, err := sendImport(c, file, dryRun, shown)
			shown.end()
			raw, _ := json.Marshal(tally) // numbers
			fmt.Fprintln(c.OutOrStdout(), string(raw))
			if err == nil && tally.Refused > 0 && !allowRefusals {
				err = &failure{code: exitConflict, cause: fmt.Errorf("%d of %d commands were refused", tally.Refused, tally.Read)}
			}
			return err
		},
	}
	c.Flags().BoolVar(&dryRun, "dry-run", false, "list what would be refused, each line as if those before it had been carried out, and carry nothing out")
	c.Flags().BoolVar(&allowRefusals, "allow-refusals", false, "exit 0 although commands were refused")
	serverFlags(c)
	return c
}

// openImport opens the file and counts its lines; of standard input nobody knows.
func openImport(c *cobra.Command, name string) (io.ReadCloser, int64, error) {
	if name == "-" {
		return io.NopCloser(c.InOrStdin()), 0, nil
	}
	file, err := os.Open(name)
	if errors.Is(err, os.ErrNotExist) {
		return nil, 0, &failure{code: exitNotFound, cause: err}
	}
	if err != nil {
		return nil, 0, err
	}
	if info, err := file.Stat(); err != nil || !info.Mode().IsRegular() {
		return file, 0, err // a pipe is read once
	}
	total, err := countLines(file)
	if err == nil {
		_, err = file.Seek(0, io.SeekStart)
	}
	if err != nil {
		file.Close()
		return nil, 0, err
	}
	return file, total, nil
}

func countLines(r io.Reader) (n int64, err error) {
	buffer := make([]byte, 1<<20)
	for {
		k, err := r.Read(buffer)
		n += int64(bytes.Count(buffer[:k], []byte{'\n'}))
		if errors.Is(err, io.EOF) {
			return n, nil
		}
		if err != nil {
			return n, err
		}
	}
}

func sendImport(c *cobra.Command, file io.Reader, dryRun bool, shown *progress) (client.Tally, error) {
	api, err := connect(c)
	if err != nil {
		return client.Tally{}, err
	}
	defer api.Close()
	m := importer(api, shown)
	if dryRun {
		return m.DryRun(c.Context(), file)
	}
	tally, err := m.Run(c.Context(), file)
	if err != nil {
		err = hinted(err, "Run the import again when that is mended: what was done is not done twice.")
	}
	return tally, err
}

// importer sends files of commands and shows how far it has come, and what was refused.
func importer(api *client.Client, shown *progress) *client.Import {
	var done int64
	return &client.Import{
		Client: api,
		Answered: func(a client.Answer) {
			done++
			shown.at(done)
			if a.Outcome != client.Accepted && a.Outcome != client.Replayed {
				shown.say("line %d: %s: %s", a.Line, text(a.Code), text(a.Detail))
			}
		},
		Waiting: func(why error, pause time.Duration) {
			shown.say("%v; sending again in %s", why, pause.Round(time.Millisecond))
		},
	}
}
