package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"
)

var termColumns = []column{
	{"PRODUCT", "product_code", ""},
	{"ITEM", "billing_item", ""},
	{"MODE", "charge_mode", "charge_mode"},
	{"COUNT", "count", ""},
	{"QUANTITY", "quantity", ""},
	{"UNIT", "unit", ""},
	{"PRICE", "unit_price", ""},
	{"FROM", "effective_at", ""},
	{"TO", "expires_at", ""},
	{"ORDER", "order_id", ""},
}

// printResource prints the resource that a call answered, with what it is charged for, or passes its error on.
func printResource(c *cobra.Command, resource object, err error) error {
	if err != nil {
		return err
	}
	lang, err := langOf(c)
	if err != nil {
		return err
	}
	if wantsJSON(c) {
		return printJSON(c.OutOrStdout(), resource)
	}
	return writeResource(c.OutOrStdout(), resource, lang)
}

func writeResource(w io.Writer, resource object, lang string) error {
	if policy, ok := resource["auto_renew"].(map[string]any); ok {
		resource["auto_renew"] = "off"
		if policy["enabled"] == true {
			resource["auto_renew"] = fmt.Sprintf("on, %s each time, %s s before the lease ends", text(policy["quantity"]), text(policy["before_seconds"]))
		}
	}
	if err := writeFields(w, resource, lang, []column{
		{"", "resource_id", ""},
		{"", "org_id", ""},
		{"", "status", "resource_status"},
		{"", "resource_name", ""},
		{"", "resource_type", ""},
		{"", "region", ""},
		{"", "zone", ""},
		{"", "project_id", ""},
		{"", "consumer_id", ""},
		{"", "opened_at", ""},
		{"", "closed_at", ""},
		{"", "auto_renew", ""},
		{"", "settled_through", ""},
		{"", "overdue_through", ""},
		{"", "version", ""},
		{"", "position", ""},
	}); err != nil {
		return err
	}
	return writeParts(w, resource.objects("terms"), termColumns, lang)
}

// printClosing prints a resource that was closed, with the orders that settled its account.
func printClosing(c *cobra.Command, answer object, err error) error {
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
	resource, _ := answer["resource"].(map[string]any)
	if err := writeResource(out, resource, lang); err != nil {
		return err
	}
	orders := answer.objects("refund_orders")
	if settlement, ok := answer["settlement_order"].(map[string]any); ok {
		orders = append([]object{settlement}, orders...)
	}
	if len(orders) == 0 {
		return nil
	}
	fmt.Fprintln(out)
	return printItems(c, orders, orderColumns...)
}
