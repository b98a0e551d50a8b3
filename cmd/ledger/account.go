package main

import (
	"context"
	"net/url"

	"github.com/spf13/cobra"

	"orderledger/internal/client"
)

func newAccount() *cobra.Command {
	c := &cobra.Command{Use: "account", Short: "Balances, statements and top-ups"}
	serverFlags(c)
	c.AddCommand(newAccountGet(), newAccountTopUp(), newAccountEntries())
	return c
}

func newAccountGet() *cobra.Command {
	c := &cobra.Command{
		Use:   "get ORG_ID",
		Short: "Show an organisation's balances",
		Args:  cobra.ExactArgs(1),
		RunE: withClient(func(ctx context.Context, c *cobra.Command, api *client.Client, args []string) error {
			answer, err := get(ctx, c, api, "/v1/accounts/"+url.PathEscape(args[0]), nil)
			if err != nil {
				return err
			}
			if wantsJSON(c) {
				return printJSON(c.OutOrStdout(), answer)
			}
			return printItems(c, answer.objects("balances"), [][2]string{
				{"CURRENCY", "currency"}, {"CASH", "cash"}, {"GIFT", "gift"}, {"VOUCHER", "voucher"}, {"FROZEN", "frozen"},
			}...)
		}),
	}
	readFlags(c)
	return c
}

func newAccountTopUp() *cobra.Command {
	c := &cobra.Command{
		Use:   "top-up ORG_ID --amount AMOUNT --currency CODE --reference TEXT",
		Short: "Book money that came in",
		Args:  cobra.ExactArgs(1),
		RunE: withClient(func(ctx context.Context, c *cobra.Command, api *client.Client, args []string) error {
			body := object{}
			for _, name := range []string{"amount", "currency", "reference"} {
				body[name], _ = c.Flags().GetString(name)
			}
			answer, err := post(ctx, c, api, "/v1/accounts/"+url.PathEscape(args[0])+"/top-ups", body)
			if err != nil {
				return err
			}
			if wantsJSON(c) {
				return printJSON(c.OutOrStdout(), answer)
			}
			return pick(c.OutOrStdout(), answer, "position", "org_id", "at", "type", "fund", "amount", "balance_after", "currency", "reference")
		}),
	}
	c.Flags().String("amount", "", "such as 100.00")
	c.Flags().String("currency", "CNY", "ISO 4217 code")
	c.Flags().String("reference", "", "the bank's serial; a reference counts once")
	for _, name := range []string{"amount", "reference"} {
		_ = c.MarkFlagRequired(name) // only fails for a flag that is missing
	}
	keyFlag(c)
	jsonFlag(c)
	return c
}

func newAccountEntries() *cobra.Command {
	c := &cobra.Command{
		Use:   "entries ORG_ID",
		Short: "List the movements of an organisation's account",
		Args:  cobra.ExactArgs(1),
		RunE: withClient(func(ctx context.Context, c *cobra.Command, api *client.Client, args []string) error {
			items, err := list(ctx, c, api, "/v1/accounts/"+url.PathEscape(args[0])+"/entries", nil)
			if err != nil {
				return err
			}
			return printItems(c, items, [][2]string{
				{"POSITION", "position"},
				{"AT", "at"},
				{"TYPE", "type"},
				{"FUND", "fund"},
				{"AMOUNT", "amount"},
				{"BALANCE", "balance_after"},
				{"CURRENCY", "currency"},
				{"ORDER", "order_id"},
				{"REFERENCE", "reference"},
			}...)
		}),
	}
	listFlags(c)
	return c
}
