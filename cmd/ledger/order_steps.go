package main

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/spf13/cobra"

	"orderledger/internal/client"
)

// orderStep is a command about one order that is answered with the order. fill adds what its flags say to the body.
func orderStep(use, step, short string, fill func(*cobra.Command, object) error) *cobra.Command {
	c := &cobra.Command{
		Use:   use + " ORDER_ID",
		Short: short,
		Args:  cobra.ExactArgs(1),
		RunE: withClient(func(ctx context.Context, c *cobra.Command, api *client.Client, args []string) error {
			body := object{}
			setGiven(c, body.set, map[string]string{"org": "org_id", "reason": "reason"})
			if fill != nil {
				if err := fill(c, body); err != nil {
					return err
				}
			}
			answer, err := post(ctx, c, api, "/v1/orders/"+url.PathEscape(args[0])+"/"+step, body)
			return printOrder(c, answer, err)
		}),
	}
	c.Flags().String("org", "", "the order's organisation, where the key is a platform key")
	commandFlags(c)
	return c
}

// reasonFlag lets a command say why.
func reasonFlag(c *cobra.Command, required bool) *cobra.Command {
	c.Flags().String("reason", "", "why, for whoever reads it later")
	if required {
		_ = c.MarkFlagRequired("reason") // only fails for a flag that is missing
	}
	return c
}

func newOrderPay() *cobra.Command {
	c := orderStep("pay", "pay", "Pay an order, all of it or nothing", func(c *cobra.Command, body object) error {
		funds := object{}
		setGiven(c, funds.set, map[string]string{"cash": "cash", "gift": "gift"})
		named, _ := c.Flags().GetStringArray("voucher")
		var vouchers []object
		for _, v := range named {
			id, amount, ok := strings.Cut(v, "=")
			if !ok {
				return usage(fmt.Errorf("--voucher %s: it is ID=AMOUNT", v))
			}
			vouchers = append(vouchers, object{"voucher_id": id, "amount": amount})
		}
		if vouchers != nil {
			funds["vouchers"] = vouchers
		}
		if len(funds) > 0 {
			body["funds"] = funds
		}
		return nil
	})
	c.Long = "Pay an order from its organisation's account, all of it or nothing. Without --cash, --gift and --voucher the default order of funds " +
		"holds: vouchers that end first, then gifts that end first, then cash."
	c.Flags().String("cash", "", "amount from the cash balance")
	c.Flags().String("gift", "", "amount from the gift balance")
	c.Flags().StringArray("voucher", nil, "ID=AMOUNT from a voucher, repeatable")
	return c
}

func newOrderCancel() *cobra.Command {
	return reasonFlag(orderStep("cancel", "cancel", "Give an unpaid order up", nil), false)
}

func newOrderVoid() *cobra.Command {
	return reasonFlag(orderStep("void", "void", "End an unpaid order as the platform's operator", nil), true)
}

func newOrderApprove() *cobra.Command {
	return reasonFlag(orderStep("approve", "approve", "Let an order that awaits approval go on", nil), false)
}

func newOrderReject() *cobra.Command {
	return reasonFlag(orderStep("reject", "reject", "End an order that awaits approval", nil), false)
}

func newOrderFulfil() *cobra.Command {
	names := map[string]string{"state": "state", "resource-id": "resource_id", "effective-at": "effective_at", "expires-at": "expires_at"}
	c := orderStep("fulfil", "fulfilment", "Report how the provisioning of a paid order goes", func(c *cobra.Command, body object) error {
		setGiven(c, body.set, names)
		return nil
	})
	c.Flags().String("state", "", "started, completed or failed")
	_ = c.MarkFlagRequired("state") // only fails for a flag that is missing
	c.Flags().String("resource-id", "", "what was provisioned, where the order did not say")
	c.Flags().String("effective-at", "", "when its use began")
	c.Flags().String("expires-at", "", "when its use ends")
	return reasonFlag(c, false)
}

func newOrderRefund() *cobra.Command {
	c := &cobra.Command{
		Use:   "refund ORDER_ID --reason TEXT",
		Short: "Give back what an order was paid with, or show what that would be",
		Long: "Give back what an order was paid with: without --amount and --line what is refundable now, of subscriptions the time that is left. " +
			"With --preview nothing is done.",
		Args: cobra.ExactArgs(1),
		RunE: withClient(func(ctx context.Context, c *cobra.Command, api *client.Client, args []string) error {
			body := object{}
			setGiven(c, body.set, map[string]string{"org": "org_id", "reason": "reason", "amount": "amount"})
			if lines, _ := c.Flags().GetIntSlice("line"); len(lines) > 0 {
				body["line_nos"] = lines
			}
			path := "/v1/orders/" + url.PathEscape(args[0]) + "/refund"
			for flag, name := range map[string]string{"return-vouchers": "return_vouchers", "preview": "preview"} {
				if yes, _ := c.Flags().GetBool(flag); yes {
					body[name] = true
				}
			}
			var answer object
			var err error
			if body["preview"] == true {
				err = api.Command(ctx, http.MethodPost, path, "", body, &answer)
			} else {
				answer, err = post(ctx, c, api, path, body)
			}
			return printRefund(c, answer, err)
		}),
	}
	f := c.Flags()
	f.String("org", "", "the order's organisation, where the key is a platform key")
	f.String("amount", "", "give back so much (default: what is refundable now)")
	f.IntSlice("line", nil, "of these lines alone, by number")
	f.Bool("return-vouchers", false, "vouchers get back what they paid (default: that is forfeited)")
	f.Bool("preview", false, "show what would be given back, and do nothing")
	commandFlags(c)
	return reasonFlag(c, true)
}
