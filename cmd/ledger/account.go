package main

import (
	"context"
	"net/url"

	"github.com/spf13/cobra"

	"orderledger/internal/client"
)

func newAccount() *cobra.Command {
	c := &cobra.Command{Use: "account", Short: "Balances, statements, and money in and out"}
	serverFlags(c)
	c.AddCommand(
		newAccountGet(), newAccountTopUp(), newAccountWithdraw(), newAccountGrant(), newAccountVoucher(), newAccountFreeze(), newAccountRelease(),
		accountList("entries", "entries", "List the movements of an organisation's account, newest first", []column{
			{"POSITION", "position", ""},
			{"AT", "at", ""},
			{"TYPE", "type", "entry_type"},
			{"FUND", "fund", "fund"},
			{"AMOUNT", "amount", ""},
			{"BALANCE", "balance_after", ""},
			{"CURRENCY", "currency", ""},
			{"ORDER", "order_id", ""},
			{"REFERENCE", "reference", ""},
		}),
		accountList("vouchers", "vouchers", "List an organisation's vouchers", []column{
			{"VOUCHER", "voucher_id", ""},
			{"STATE", "state", "voucher_state"},
			{"AMOUNT", "amount", ""},
			{"LEFT", "left", ""},
			{"CURRENCY", "currency", ""},
			{"FROM", "valid_from", ""},
			{"TO", "valid_to", ""},
		}, lotFilters...),
		accountList("gifts", "gifts", "List the gifts that an organisation was granted", []column{
			{"GRANT", "grant_id", ""},
			{"STATE", "state", "voucher_state"},
			{"AMOUNT", "amount", ""},
			{"LEFT", "left", ""},
			{"CURRENCY", "currency", ""},
			{"EXPIRES", "expires_at", ""},
			{"REASON", "reason", ""},
		}, lotFilters...),
		accountList("arrears", "arrears", "List the settlements that wait for money, oldest first", orderColumns),
	)
	return c
}

var lotFilters = [][3]string{
	{"state", "state", "states as of now: active, not_yet, used_up, lapsed"},
	{"currency", "currency", "ISO 4217 codes"},
}

func accountPath(orgID string) string { return "/v1/accounts/" + url.PathEscape(orgID) }

func newAccountGet() *cobra.Command {
	c := &cobra.Command{
		Use:   "get ORG_ID",
		Short: "Show an organisation's balances",
		Args:  cobra.ExactArgs(1),
		RunE: withClient(func(ctx context.Context, c *cobra.Command, api *client.Client, args []string) error {
			answer, err := get(ctx, c, api, accountPath(args[0]), nil)
			if err != nil {
				return err
			}
			if wantsJSON(c) {
				return printJSON(c.OutOrStdout(), answer)
			}
			return printItems(c, answer.objects("balances"), []column{
				{"CURRENCY", "currency", ""}, {"CASH", "cash", ""}, {"GIFT", "gift", ""}, {"VOUCHER", "voucher", ""}, {"FROZEN", "frozen", ""},
			}...)
		}),
	}
	langFlag(c)
	readFlags(c)
	return c
}

// accountList is a command that lists what an account has.
func accountList(use, path, short string, columns []column, more ...[3]string) *cobra.Command {
	var filters map[string]string
	c := &cobra.Command{
		Use:   use + " ORG_ID",
		Short: short,
		Args:  cobra.ExactArgs(1),
		RunE: withClient(func(ctx context.Context, c *cobra.Command, api *client.Client, args []string) error {
			items, err := list(ctx, c, api, accountPath(args[0])+"/"+path, filters)
			if err != nil {
				return err
			}
			return printItems(c, items, columns...)
		}),
	}
	filters = filterFlags(c, more...)
	langFlag(c)
	listFlags(c)
	return c
}
