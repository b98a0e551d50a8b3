package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"orderledger/handlers/files"
	"orderledger/projections"
)

// billLinePrinter prints bill lines as the flags ask for.
func billLinePrinter(c *cobra.Command) (func([]object) error, error) {
	lang, err := langOf(c)
	if err != nil {
		return nil, err
	}
	switch columns, _ := c.Flags().GetString("columns"); {
	case columns != "" && columns != "bill25":
		return nil, usage(fmt.Errorf("--columns %s: it is bill25", columns))
	case columns == "" || wantsJSON(c):
		return func(items []object) error { return printItems(c, items, billLineColumns...) }, nil
	}
	return func(items []object) error { return writeBill(c.OutOrStdout(), items, cmp.Or(lang, "en")) }, nil
}

// writeBill prints bill lines as the table of 25 columns, in English or Chinese, as bills of these fields are written:
// times of Beijing, months by their first day, parts and configurations in one cell.
func writeBill(w io.Writer, lines []object, lang string) error {
	var heading []string
	for _, c := range files.BillColumns(lang) {
		heading = append(heading, c.Heading)
	}
	t := newTable(w, heading...)
	for _, line := range lines {
		raw, err := json.Marshal(line)
		if err != nil {
			return err
		}
		var l projections.BillLine
		if err := json.Unmarshal(raw, &l); err != nil {
			return fmt.Errorf("read a bill line: %w", err)
		}
		cells := files.BillCells(&l, lang)
		for i := range cells {
			cells[i] = text(cells[i])
		}
		t.row(cells...)
	}
	return t.flush()
}
