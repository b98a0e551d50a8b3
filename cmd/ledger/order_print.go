package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"orderledger/domain"
)

// printOrder prints the order that a call answered, or passes its error on.
func printOrder(c *cobra.Command, order object, err error) error {
	if err != nil {
		return err
	}
	lang, err := langOf(c)
	if err != nil {
		return err
	}
	if wantsJSON(c) {
		return printJSON(c.OutOrStdout(), order)
	}
	return writeOrder(c.OutOrStdout(), order, lang)
}

// printRefund prints both sides of a refund: the order that gives back, and the one that it takes from.
func printRefund(c *cobra.Command, answer object, err error) error {
	if err != nil {
		return err
	}
	lang, err := langOf(c)
	if err != nil {
		return err
	}
	out := c.OutOrStdout()
	if wantsJSON(c) {
		return printJSON(out, answer)
	}
	refund, _ := answer["refund_order"].(map[string]any)
	origin, _ := answer["origin"].(map[string]any)
	if err := writeOrder(out, refund, lang); err != nil {
		return err
	}
	fmt.Fprintln(out)
	return writeFields(out, origin, lang, []column{
		{"", "order_id", ""},
		{"", "status", "status"},
		{"", "payable_amount", ""},
		{"", "paid", "fund"},
		{"", "refunded", "fund"},
		{"", "consumed_amount", ""},
		{"", "forfeited_amount", ""},
		{"", "currency", ""},
	})
}

var orderFields = []column{
	{"", "order_id", ""},
	{"", "org_id", ""},
	{"", "order_type", "order_type"},
	{"", "status", "status"},
	{"", "parent_order_id", ""},
	{"", "created_at", ""},
	{"", "pay_before", ""},
	{"", "paid_at", ""},
	{"", "reason", ""},
	{"", "close_reason", ""},
	{"", "list_amount", ""},
	{"", "discount_amount", ""},
	{"", "payable_amount", ""},
	{"", "paid", "fund"},
	{"", "refunded", "fund"},
	{"", "currency", ""},
	{"", "billing_period", ""},
	{"", "refund_state", "refund_state"},
	{"", "version", ""},
	{"", "position", ""},
}

var orderLineColumns = []column{
	{"LINE", "line_no", ""},
	{"PRODUCT", "product_code", ""},
	{"RESOURCE", "resource_id", ""},
	{"MODE", "charge_mode", "charge_mode"},
	{"COUNT", "count", ""},
	{"QUANTITY", "quantity", ""},
	{"UNIT", "unit", ""},
	{"PRICE", "unit_price", ""},
	{"DISCOUNT", "discount_amount", ""},
	{"PAYABLE", "payable_amount", ""},
	{"FROM", "effective_at", ""},
	{"TO", "expires_at", ""},
}

func writeOrder(w io.Writer, order object, lang string) error {
	if err := writeFields(w, order, lang, orderFields); err != nil {
		return err
	}
	return writeParts(w, order.objects("lines"), orderLineColumns, lang)
}

// writeParts prints what an object is made of as a table, set in below its fields.
func writeParts(w io.Writer, parts []object, columns []column, lang string) error {
	heading := []string{""}
	for _, col := range columns {
		heading = append(heading, col.title(lang))
	}
	t := newTable(w, heading...)
	for _, part := range parts {
		cells := []string{""}
		for _, col := range columns {
			cells = append(cells, col.cell(part, lang))
		}
		t.row(cells...)
	}
	return t.flush()
}

// writeFields prints the fields of an object that are there, a line each. Funds show what is not zero.
func writeFields(w io.Writer, o object, lang string, fields []column) error {
	t := newTable(w)
	for _, f := range fields {
		title, value := f.field, f.cell(o, lang)
		if lang != "" {
			title = domain.LabelOf("field", f.field, lang)
		}
		if funds, ok := o[f.field].(map[string]any); ok && f.kind == "fund" {
			value = fundsText(funds, lang)
		}
		if value != "" {
			t.row(title, value)
		}
	}
	return t.flush()
}

func fundsText(funds object, lang string) string {
	all := ""
	for _, fund := range []string{"cash", "gift", "voucher"} {
		amount, err := domain.ParseAmount(funds.text(fund))
		if err != nil || amount.Sign() == 0 {
			continue
		}
		if all != "" {
			all += " + "
		}
		name := fund
		if lang != "" {
			name = domain.LabelOf("fund", fund, lang)
		}
		all += amount.String() + " " + name
	}
	return all
}
