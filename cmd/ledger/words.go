package main

import (
	"errors"

	"github.com/spf13/cobra"

	"orderledger/domain"
)

// langFlag lets a table show names in the place of codes.
func langFlag(c *cobra.Command) {
	c.Flags().String("lang", "", "names of columns, types and statuses in this language: en or zh (default: the codes)")
	_ = c.RegisterFlagCompletionFunc("lang", cobra.FixedCompletions([]string{"en", "zh"}, cobra.ShellCompDirectiveNoFileComp)) // only fails for a flag that is missing
}

// langOf is the language that is asked for, "" for codes.
func langOf(c *cobra.Command) (string, error) {
	lang, _ := c.Flags().GetString("lang") // "" where there is no such flag
	if lang != "" && lang != "en" && lang != "zh" {
		return "", usage(errors.New("--lang is en or zh"))
	}
	return lang, nil
}

// column is one of a table: the field that it shows, and of which kind its words are.
type column struct {
	heading, field, kind string
}

func (col column) title(lang string) string {
	if lang == "" {
		return col.heading
	}
	return domain.LabelOf("field", col.field, lang)
}

func (col column) cell(item object, lang string) string {
	code := item.text(col.field)
	if lang == "" || col.kind == "" {
		return code
	}
	return domain.LabelOf(col.kind, code, lang)
}

// printItems prints a list: its items as JSON, or the columns.
func printItems(c *cobra.Command, items []object, columns ...column) error {
	lang, err := langOf(c)
	if err != nil {
		return err
	}
	if wantsJSON(c) {
		return printJSON(c.OutOrStdout(), items)
	}
	var heading []string
	for _, col := range columns {
		heading = append(heading, col.title(lang))
	}
	t := newTable(c.OutOrStdout(), heading...)
	for _, item := range items {
		var cells []string
		for _, col := range columns {
			cells = append(cells, col.cell(item, lang))
		}
		t.row(cells...)
	}
	return t.flush()
}
