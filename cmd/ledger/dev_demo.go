package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"time"

	"orderledger/examples/demo"
	"orderledger/examples/ucloud"
	"orderledger/internal/client"
)

// The example's marks in the folder. The end is noted before the first command, so that an import that was
// interrupted goes on with the same keys.
const (
	demoEndFile  = "demo.end"
	demoDoneFile = "demo.done"
)

// demoDue says whether the example is to be imported: into an empty ledger, or the rest of it.
func demoDue(dir *dataDir, position int64) (bool, error) {
	end, err := dir.read(demoEndFile)
	if err != nil || end == "" {
		return position == 0, err
	}
	done, err := dir.read(demoDoneFile)
	return done == "", err
}

// importDemo imports the example through the ledger's own API, as anybody would.
func importDemo(ctx context.Context, dir *dataDir, api *client.Client, stderr io.Writer) (client.Tally, error) {
	text, err := dir.read(demoEndFile)
	if err != nil {
		return client.Tally{}, err
	}
	if text == "" {
		text = time.Now().UTC().Truncate(time.Hour).Format(time.RFC3339)
		if err := dir.write(demoEndFile, text); err != nil {
			return client.Tally{}, err
		}
	}
	end, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return client.Tally{}, fmt.Errorf("read %s: %w", demoEndFile, err)
	}
	var file bytes.Buffer
	if err := demo.Write(&file, end); err != nil {
		return client.Tally{}, err
	}
	file.Write(ucloud.Commands) // another organisation's, of an earlier time
	shown := newProgress(stderr, "commands", int64(bytes.Count(file.Bytes(), []byte{'\n'})))
	tally, err := importer(api, shown).Run(ctx, &file)
	shown.end()
	if err == nil && tally.Refused > 0 {
		err = fmt.Errorf("%d of the example's %d commands were refused", tally.Refused, tally.Read)
	}
	if err == nil {
		err = dir.write(demoDoneFile, time.Now().UTC().Format(time.RFC3339))
	}
	return tally, err
}
