package main

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"orderledger/domain"
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
	for _, f := range domain.BillFields {
		heading = append(heading, f.In(lang))
	}
	t := newTable(w, heading...)
	for _, line := range lines {
		var cells []string
		for _, f := range domain.BillFields {
			cells = append(cells, billCell(line, f.Code, lang))
		}
		t.row(cells...)
	}
	return t.flush()
}

func billCell(line object, field, lang string) string {
	switch field {
	case "order_type", "charge_mode":
		return domain.LabelOf(field, line.text(field), lang)
	case "order_status":
		return domain.LabelOf("payment_status", domain.PaymentStatus(domain.Status(line.text(field))), lang)
	case "order_created_at", "effective_at", "expires_at":
		return beijingTime(line.text(field))
	case "billing_period":
		return beijingMonth(line.text(field))
	case "old_config", "new_config":
		var b strings.Builder
		for _, part := range line.objects(field) {
			fmt.Fprintf(&b, "%s：%s%s;", part.text("component"), part.text("value"), part.text("unit"))
		}
		return b.String()
	case "resource_ext":
		ext := pairsText(line[field])
		if name := line.text("resource_name"); name != "" {
			ext = "名称:" + name + ";" + ext
		}
		return ext
	case "tags":
		return pairsText(line[field])
	}
	return line.text(field)
}

// pairsText writes name:value; for each pair, by name.
func pairsText(v any) string {
	pairs, _ := v.(map[string]any)
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(pairs)) {
		fmt.Fprintf(&b, "%s:%s;", text(name), text(pairs[name]))
	}
	return b.String()
}

var beijing = func() *time.Location {
	zone, _ := domain.Zone(domain.DefaultTimeZone)
	return zone
}()

// beijingTime writes a time as 2025/11/4 23:00:00 and 2025/11/5 0:00:00: an hour before ten has one digit.
func beijingTime(s string) string {
	at, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		return s
	}
	at = at.In(beijing)
	return fmt.Sprintf("%s %d:%s", at.Format("2006/1/2"), at.Hour(), at.Format("04:05"))
}

func beijingMonth(s string) string {
	month, err := time.Parse("2006-01", s)
	if err != nil {
		return s
	}
	return month.Format("2006/1/2")
}
