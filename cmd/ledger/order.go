package main

import (
	"context"
	"net/url"

	"github.com/spf13/cobra"

	"orderledger/internal/client"
)

func newOrder() *cobra.Command {
	c := &cobra.Command{Use: "order", Short: "Place, pay, cancel and look at orders"}
	serverFlags(c)
	c.AddCommand(newOrderPlace(), newOrderPay(), newOrderCancel(), newOrderGet(), newOrderList())
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
	keyFlag(c)
	jsonFlag(c)
	return c
}

func newOrderPay() *cobra.Command {
	c := &cobra.Command{
		Use:   "pay ORDER_ID",
		Short: "Pay an order, all of it or nothing",
		Long:  "Pay an order from its organisation's account, all of it or nothing. Without --cash and --gift the default order of funds holds.",
		Args:  cobra.ExactArgs(1),
		RunE: withClient(func(ctx context.Context, c *cobra.Command, api *client.Client, args []string) error {
			body, funds := object{}, object{}
			setGiven(c, func(name, value string) { funds[name] = value }, map[string]string{"cash": "cash", "gift": "gift"})
			if len(funds) > 0 {
				body["funds"] = funds
			}
			setGiven(c, func(name, value string) { body[name] = value }, map[string]string{"org": "org_id"})
			answer, err := post(ctx, c, api, "/v1/orders/"+url.PathEscape(args[0])+"/pay", body)
			return printOrder(c, answer, err)
		}),
	}
	c.Flags().String("cash", "", "amount from the cash balance")
	c.Flags().String("gift", "", "amount from the gift balance")
	c.Flags().String("org", "", "the order's organisation, where the key is a platform key")
	keyFlag(c)
	jsonFlag(c)
	return c
}

func newOrderCancel() *cobra.Command {
	c := &cobra.Command{
		Use:   "cancel ORDER_ID",
		Short: "Give an unpaid order up",
		Args:  cobra.ExactArgs(1),
		RunE: withClient(func(ctx context.Context, c *cobra.Command, api *client.Client, args []string) error {
			body := object{}
			setGiven(c, func(name, value string) { body[name] = value }, map[string]string{"org": "org_id", "reason": "reason"})
			answer, err := post(ctx, c, api, "/v1/orders/"+url.PathEscape(args[0])+"/cancel", body)
			return printOrder(c, answer, err)
		}),
	}
	c.Flags().String("reason", "", "why, for whoever reads the order later")
	c.Flags().String("org", "", "the order's organisation, where the key is a platform key")
	keyFlag(c)
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
	readFlags(c)
	return c
}

func newOrderList() *cobra.Command {
	filters := map[string]string{
		"org": "org_id", "status": "status", "type": "order_type", "product": "product", "order-id": "order_id", "resource-id": "resource_id",
		"from": "created_from", "to": "created_to", "sort": "sort",
	}
	c := &cobra.Command{
		Use:   "list",
		Short: "List orders, of the last 7 days unless --from, --to or an id is given",
		Args:  cobra.NoArgs,
		RunE: withClient(func(ctx context.Context, c *cobra.Command, api *client.Client, _ []string) error {
			items, err := list(ctx, c, api, "/v1/orders", filters)
			if err != nil {
				return err
			}
			return printItems(c, items, [][2]string{
				{"ORDER", "order_id"},
				{"CREATED", "created_at"},
				{"ORG", "org_id"},
				{"TYPE", "order_type"},
				{"STATUS", "status"},
				{"PAYABLE", "payable_amount"},
				{"CURRENCY", "currency"},
			}...)
		}),
	}
	f := c.Flags()
	f.String("org", "", "of this organisation, where the key is a platform key")
	f.String("status", "", "statuses, comma-separated: unpaid, paid, cancelled, expired, …")
	f.String("type", "", "order types, comma-separated: purchase, renewal, …")
	f.String("product", "", "product codes, comma-separated")
	f.String("order-id", "", "order ids, comma-separated")
	f.String("resource-id", "", "resource ids, comma-separated")
	f.String("from", "", "created at or after this time, such as 2025-11-01T00:00:00+08:00")
	f.String("to", "", "created before this time")
	f.String("sort", "", "-created_at (default), created_at or -payable_amount")
	listFlags(c)
	return c
}

// printOrder prints the order that a call answered, or passes its error on.
func printOrder(c *cobra.Command, order object, err error) error {
	if err != nil {
		return err
	}
	out := c.OutOrStdout()
	if wantsJSON(c) {
		return printJSON(out, order)
	}
	if err := pick(out, order, "order_id", "org_id", "order_type", "status", "created_at", "pay_before", "paid_at",
		"close_reason", "payable_amount", "currency", "billing_period", "refund_state", "version", "position"); err != nil {
		return err
	}
	t := newTable(out, "", "LINE", "PRODUCT", "RESOURCE", "COUNT", "QUANTITY", "UNIT", "PRICE", "DISCOUNT", "PAYABLE")
	for _, l := range order.objects("lines") {
		t.row("", l.text("line_no"), l.text("product_code"), l.text("resource_id"), l.text("count"), l.text("quantity"),
			l.text("unit"), l.text("unit_price"), l.text("discount_amount"), l.text("payable_amount"))
	}
	return t.flush()
}
