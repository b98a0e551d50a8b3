package main

import (
	"context"
	"net/url"

	"github.com/spf13/cobra"

	"orderledger/internal/client"
)

func newBill() *cobra.Command {
	c := &cobra.Command{Use: "bill", Short: "A month's bill and its lines"}
	serverFlags(c)
	c.AddCommand(newBillShow(), newBillLines())
	return c
}

func newBillShow() *cobra.Command {
	c := &cobra.Command{
		Use:   "show YYYY-MM",
		Short: "Show a month's totals",
		Args:  cobra.ExactArgs(1),
		RunE: withClient(func(ctx context.Context, c *cobra.Command, api *client.Client, args []string) error {
			answer, err := get(ctx, c, api, "/v1/bills/"+url.PathEscape(args[0]), map[string]string{"org": "org_id", "group-by": "group_by"})
			if err != nil {
				return err
			}
			if wantsJSON(c) {
				return printJSON(c.OutOrStdout(), answer)
			}
			totals := answer.objects("totals")
			for _, total := range totals {
				total["key"] = "total"
			}
			return printItems(c, append(answer.objects("groups"), totals...), [][2]string{
				{"GROUP", "key"},
				{"LINES", "lines"},
				{"CASH", "cash"},
				{"GIFT", "gift"},
				{"VOUCHER", "voucher"},
				{"AMOUNT", "amount"},
				{"CURRENCY", "currency"},
			}...)
		}),
	}
	c.Flags().String("org", "", "of this organisation, where the key is a platform key")
	c.Flags().String("group-by", "", "product, region, project, consumer, charge_mode or tag:KEY")
	readFlags(c)
	return c
}

func newBillLines() *cobra.Command {
	filters := map[string]string{
		"org": "org_id", "period": "period", "product": "product", "order-id": "order_id", "resource-id": "resource_id", "type": "order_type",
	}
	c := &cobra.Command{
		Use:   "lines",
		Short: "List bill lines: one for each paid order line",
		Args:  cobra.NoArgs,
		RunE: withClient(func(ctx context.Context, c *cobra.Command, api *client.Client, _ []string) error {
			items, err := list(ctx, c, api, "/v1/bill-lines", filters)
			if err != nil {
				return err
			}
			return printItems(c, items, [][2]string{
				{"PERIOD", "billing_period"},
				{"ORG", "org_id"},
				{"ORDER", "order_id"},
				{"LINE", "line_no"},
				{"PRODUCT", "product_code"},
				{"RESOURCE", "resource_id"},
				{"QUANTITY", "quantity"},
				{"UNIT", "unit"},
				{"AMOUNT", "amount"},
				{"CURRENCY", "currency"},
			}...)
		}),
	}
	f := c.Flags()
	f.String("org", "", "of this organisation, where the key is a platform key")
	f.String("period", "", "months, comma-separated: YYYY-MM")
	f.String("product", "", "product codes, comma-separated")
	f.String("order-id", "", "order ids, comma-separated")
	f.String("resource-id", "", "resource ids, comma-separated")
	f.String("type", "", "order types, comma-separated")
	listFlags(c)
	return c
}
