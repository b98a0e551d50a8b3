package main

import (
	"context"
	"net/url"

	"github.com/spf13/cobra"

	"orderledger/internal/client"
)

func newBill() *cobra.Command {
	c := &cobra.Command{Use: "bill", Short: "A month's bill, its lines and its closing"}
	serverFlags(c)
	c.AddCommand(newBillShow(), newBillLines(), newBillClose())
	return c
}

func newBillShow() *cobra.Command {
	c := &cobra.Command{
		Use:   "show YYYY-MM",
		Short: "Show a month's state and totals",
		Args:  cobra.ExactArgs(1),
		RunE: withClient(func(ctx context.Context, c *cobra.Command, api *client.Client, args []string) error {
			answer, err := get(ctx, c, api, "/v1/bills/"+url.PathEscape(args[0]), map[string]string{"org": "org_id", "group-by": "group_by"})
			if err != nil {
				return err
			}
			return printBill(c, answer)
		}),
	}
	c.Flags().String("org", "", "of this organisation, where the key is a platform key")
	c.Flags().String("group-by", "", "product, region, project, consumer, charge_mode or tag:KEY")
	langFlag(c)
	readFlags(c)
	return c
}

func printBill(c *cobra.Command, bill object) error {
	lang, err := langOf(c)
	if err != nil {
		return err
	}
	out := c.OutOrStdout()
	if wantsJSON(c) {
		return printJSON(out, bill)
	}
	if err := writeFields(out, bill, lang, []column{{"", "period", ""}, {"", "org_id", ""}, {"", "state", "period_state"}}); err != nil {
		return err
	}
	key := column{"GROUP", "key", ""}
	if by, _ := c.Flags().GetString("group-by"); by == "charge_mode" {
		key.kind = "charge_mode"
	}
	groups, totals := bill.objects("groups"), bill.objects("totals")
	for _, total := range totals {
		total["key"] = "total"
		if lang != "" {
			total["key"] = column{"", "total", ""}.title(lang)
		}
	}
	if len(totals) == 0 {
		return nil
	}
	return printItems(c, append(groups, totals...), []column{
		key,
		{"LINES", "lines", ""},
		{"CASH", "cash", ""},
		{"GIFT", "gift", ""},
		{"VOUCHER", "voucher", ""},
		{"AMOUNT", "amount", ""},
		{"CURRENCY", "currency", ""},
	}...)
}

func newBillLines() *cobra.Command {
	var filters map[string]string
	c := &cobra.Command{
		Use:   "lines",
		Short: "List bill lines: what each line of an order was paid with, or was given back",
		Long: "List bill lines: what each line of an order was paid with, or was given back. Every filter takes several values, comma-separated.\n\n" +
			"With --columns bill25 the table has the 25 columns of a bill, in English or, with --lang zh, in Chinese.",
		Args: cobra.NoArgs,
		RunE: withClient(func(ctx context.Context, c *cobra.Command, api *client.Client, _ []string) error {
			print, err := billLinePrinter(c)
			if err != nil {
				return err
			}
			items, err := list(ctx, c, api, "/v1/bill-lines", filters)
			if err != nil {
				return err
			}
			return print(items)
		}),
	}
	filters = filterFlags(c, append(lineFilters, [3]string{"period", "period", "months: YYYY-MM"})...)
	zeroFlag(c, filters)
	c.Flags().String("columns", "", "bill25: the 25 columns of a bill")
	langFlag(c)
	listFlags(c)
	return c
}

var billLineColumns = []column{
	{"PERIOD", "billing_period", ""},
	{"ORG", "org_id", ""},
	{"ORDER", "order_id", ""},
	{"LINE", "line_no", ""},
	{"TYPE", "order_type", "order_type"},
	{"PRODUCT", "product_code", ""},
	{"RESOURCE", "resource_id", ""},
	{"QUANTITY", "quantity", ""},
	{"UNIT", "unit", ""},
	{"AMOUNT", "amount", ""},
	{"CURRENCY", "currency", ""},
}

func newBillClose() *cobra.Command {
	c := &cobra.Command{
		Use:   "close YYYY-MM",
		Short: "Close a month for good: what comes later is booked in the next open one",
		Args:  cobra.ExactArgs(1),
		RunE: withClient(func(ctx context.Context, c *cobra.Command, api *client.Client, args []string) error {
			body := object{}
			setGiven(c, body.set, map[string]string{"org": "org_id"})
			answer, err := post(ctx, c, api, "/v1/bills/"+url.PathEscape(args[0])+"/close", body)
			if err != nil {
				return err
			}
			return printBill(c, answer)
		}),
	}
	c.Flags().String("org", "", "of this organisation, where the key is a platform key")
	commandFlags(c)
	return c
}
