package main

import (
	"context"

	"github.com/spf13/cobra"

	"orderledger/internal/client"
)

// moneyCommand moves an organisation's money. Its flags are those of the fields named, and required where they say so.
func moneyCommand(use, path, short string, fields ...moneyField) *cobra.Command {
	fields = append([]moneyField{{flag: "amount", name: "amount", use: "such as 100.00", required: true}}, fields...)
	c := &cobra.Command{
		Use:   use + " ORG_ID",
		Short: short,
		Args:  cobra.ExactArgs(1),
		RunE: withClient(func(ctx context.Context, c *cobra.Command, api *client.Client, args []string) error {
			currency, _ := c.Flags().GetString("currency")
			body := object{"currency": currency}
			for _, f := range fields {
				f.fill(c, body)
			}
			answer, err := post(ctx, c, api, accountPath(args[0])+"/"+path, body)
			return printEntry(c, answer, err)
		}),
	}
	c.Flags().String("currency", "CNY", "ISO 4217 code")
	for _, f := range fields {
		if f.list {
			c.Flags().StringSlice(f.flag, nil, f.use)
		} else {
			c.Flags().String(f.flag, "", f.use)
		}
		if f.required {
			_ = c.MarkFlagRequired(f.flag) // only fails for a flag that is missing
		}
	}
	commandFlags(c)
	return c
}

// moneyField is a flag, and the field of the body that it fills.
type moneyField struct {
	flag, name, use string
	required, list  bool
}

func (f moneyField) fill(c *cobra.Command, body object) {
	if !c.Flags().Changed(f.flag) {
		return
	}
	if f.list {
		body[f.name], _ = c.Flags().GetStringSlice(f.flag)
		return
	}
	body[f.name], _ = c.Flags().GetString(f.flag)
}

func newAccountTopUp() *cobra.Command {
	return moneyCommand("top-up", "top-ups", "Book money that came in; arrears are paid from it, oldest first",
		moneyField{flag: "reference", name: "reference", use: "the bank's serial; a reference counts once", required: true})
}

func newAccountWithdraw() *cobra.Command {
	return moneyCommand("withdraw", "withdrawals", "Book cash that went out",
		moneyField{flag: "reference", name: "reference", use: "the bank's serial; a reference counts once", required: true})
}

func newAccountGrant() *cobra.Command {
	return moneyCommand("grant", "grants", "Give gift money",
		moneyField{flag: "expires-at", name: "expires_at", use: "when what is left of it lapses (default: never)"},
		moneyField{flag: "reason", name: "reason", use: "why it was given", required: true})
}

func newAccountVoucher() *cobra.Command {
	return moneyCommand("voucher", "vouchers", "Give a voucher",
		moneyField{flag: "voucher-id", name: "voucher_id", use: "its id (default: the ledger makes one)"},
		moneyField{flag: "valid-from", name: "valid_from", use: "from when it pays (default: now)"},
		moneyField{flag: "valid-to", name: "valid_to", use: "until when it pays (default: for ever)"},
		moneyField{flag: "min-spend", name: "min_spend", use: "what an order must cost at least"},
		moneyField{flag: "product", name: "products", use: "pays for these product codes alone", list: true},
		moneyField{flag: "charge-mode", name: "charge_modes", use: "pays for these charge modes alone", list: true},
		moneyField{flag: "order-type", name: "order_types", use: "pays for orders of these types alone", list: true})
}

func newAccountFreeze() *cobra.Command {
	return moneyCommand("freeze", "freezes", "Set cash apart, so that nothing is paid from it",
		moneyField{flag: "reason", name: "reason", use: "why", required: true})
}

func newAccountRelease() *cobra.Command {
	return moneyCommand("release", "releases", "Give frozen cash free again",
		moneyField{flag: "reason", name: "reason", use: "why", required: true})
}

// printEntry prints what moved.
func printEntry(c *cobra.Command, answer object, err error) error {
	if err != nil {
		return err
	}
	lang, err := langOf(c)
	if err != nil {
		return err
	}
	if wantsJSON(c) {
		return printJSON(c.OutOrStdout(), answer)
	}
	shown := object{"org_id": answer["org_id"]}
	for _, part := range []string{"voucher", "entry"} {
		if o, ok := answer[part].(map[string]any); ok {
			for name, value := range o {
				shown[name] = value
			}
		}
	}
	return writeFields(c.OutOrStdout(), shown, lang, []column{
		{"", "position", ""},
		{"", "org_id", ""},
		{"", "at", ""},
		{"", "type", "entry_type"},
		{"", "fund", "fund"},
		{"", "voucher_id", ""},
		{"", "amount", ""},
		{"", "balance_after", ""},
		{"", "currency", ""},
		{"", "reference", ""},
	})
}
