package main

import (
	"context"
	"net/http"
	"net/url"

	"github.com/spf13/cobra"

	"orderledger/domain"
	"orderledger/internal/client"
)

func newOrder() *cobra.Command {
	c := &cobra.Command{Use: "order", Short: "Place, pay, refund and look at orders"}
	serverFlags(c)
	c.AddCommand(newOrderQuote(), newOrderPlace(), newOrderPay(), newOrderCancel(), newOrderVoid(), newOrderApprove(), newOrderReject(),
		newOrderRefund(), newOrderFulfil(), newOrderGet(), newOrderList())
	return c
}

func newOrderPlace() *cobra.Command {
	c := &cobra.Command{
		Use:   "place FILE.json|-",
		Short: "Place the order that a file describes",
		Args:  cobra.ExactArgs(1),
		RunE: withClient(func(ctx context.Context, c *cobra.Command, api *client.Client, args []string) error {
			body, err := readBody(c, args[0])
			if err != nil {
				return err
			}
			answer, err := post(ctx, c, api, "/v1/orders", body)
			return printOrder(c, answer, err)
		}),
	}
	commandFlags(c)
	return c
}

func newOrderQuote() *cobra.Command {
	c := &cobra.Command{
		Use:   "quote FILE.json|-",
		Short: "Say what an order would come to, and place nothing",
		Args:  cobra.ExactArgs(1),
		RunE: withClient(func(ctx context.Context, c *cobra.Command, api *client.Client, args []string) error {
			body, err := readBody(c, args[0])
			if err != nil {
				return err
			}
			var answer object
			err = api.Command(ctx, http.MethodPost, "/v1/quotes", "", body, &answer)
			return printOrder(c, answer, err)
		}),
	}
	langFlag(c)
	jsonFlag(c)
	return c
}

func newOrderGet() *cobra.Command {
	c := &cobra.Command{
		Use:   "get ORDER_ID",
		Short: "Show an order with its lines",
		Args:  cobra.ExactArgs(1),
		RunE: withClient(func(ctx context.Context, c *cobra.Command, api *client.Client, args []string) error {
			answer, err := get(ctx, c, api, "/v1/orders/"+url.PathEscape(args[0]), nil)
			return printOrder(c, answer, err)
		}),
	}
	langFlag(c)
	readFlags(c)
	return c
}

// lineFilters are those that orders and bill lines are both filtered by: flag, parameter, and what it says of itself.
var lineFilters = [][3]string{
	{"org", "org_id", "of this organisation, where the key is a platform key"},
	{"status", "status", "statuses: unpaid, paid, completed, refunded, …"},
	{"type", "order_type", "order types: purchase, renewal, …"},
	{"charge-mode", "charge_mode", "charge modes: month, hour, metered, …"},
	{"charge-group", "charge_group", "prepay, postpay or free"},
	{"product", "product", "product codes"},
	{"order-id", "order_id", "order ids"},
	{"resource-id", "resource_id", "resource ids"},
	{"resource-name", "resource_name", "resource names"},
	{"project", "project_id", "project ids"},
	{"consumer", "consumer_id", "consumer ids"},
	{"region", "region", "regions"},
	{"business-group", "business_group", "business groups"},
	{"parent", "parent_order_id", "ids of the orders that these follow"},
	{"tag", "tag", "tags: key=value"},
	{"min-amount", "min_amount", "at least so much to pay"},
	{"max-amount", "max_amount", "at most so much to pay"},
}

// filterFlags adds the filters, and returns the parameter of each flag.
func filterFlags(c *cobra.Command, filters ...[3]string) map[string]string {
	names := map[string]string{}
	for _, f := range filters {
		c.Flags().String(f[0], "", f[2])
		names[f[0]] = f[1]
		if words := domain.Codes(f[1]); words != nil {
			_ = c.RegisterFlagCompletionFunc(f[0], cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp)) // only fails for a flag that is missing
		}
	}
	return names
}

func newOrderList() *cobra.Command {
	var filters map[string]string
	c := &cobra.Command{
		Use:   "list",
		Short: "List orders, of the last 7 days unless --from, --to or an id is given",
		Long:  "List orders, of the last 7 days unless --from, --to or an id is given. Every filter takes several values, comma-separated.",
		Args:  cobra.NoArgs,
		RunE: withClient(func(ctx context.Context, c *cobra.Command, api *client.Client, _ []string) error {
			items, err := list(ctx, c, api, "/v1/orders", filters)
			if err != nil {
				return err
			}
			return printItems(c, items, orderColumns...)
		}),
	}
	filters = filterFlags(c, append(lineFilters, [][3]string{
		{"from", "created_from", "created at or after this time, such as 2025-11-01T00:00:00+08:00"},
		{"to", "created_to", "created before this time"},
		{"refund-state", "refund_state", "none, partial or full"},
		{"approval", "approval", "requested, granted or rejected"},
		{"trade-no", "trade_no", "trade numbers"},
		{"sort", "sort", "-created_at (default), created_at or -payable_amount"},
	}...)...)
	zeroFlag(c, filters)
	langFlag(c)
	listFlags(c)
	return c
}

// zeroFlag lets a list leave out what costs nothing.
func zeroFlag(c *cobra.Command, filters map[string]string) {
	c.Flags().Bool("hide-zero", false, "leave out what costs nothing")
	filters["hide-zero"] = "hide_zero"
}

var orderColumns = []column{
	{"ORDER", "order_id", ""},
	{"CREATED", "created_at", ""},
	{"ORG", "org_id", ""},
	{"TYPE", "order_type", "order_type"},
	{"STATUS", "status", "status"},
	{"PAYABLE", "payable_amount", ""},
	{"CURRENCY", "currency", ""},
}
