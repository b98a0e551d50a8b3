package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/spf13/cobra"

	"orderledger/internal/client"
)

func newSettings() *cobra.Command {
	c := &cobra.Command{Use: "settings", Short: "What an organisation has chosen for itself, and its terms"}
	serverFlags(c)
	c.AddCommand(newSettingsGet(), newSettingsSet())
	return c
}

func orgPath(orgID string) string { return "/v1/orgs/" + url.PathEscape(orgID) }

func newSettingsGet() *cobra.Command {
	c := &cobra.Command{
		Use:   "get ORG_ID",
		Short: "Show an organisation's settings",
		Args:  cobra.ExactArgs(1),
		RunE: withClient(func(ctx context.Context, c *cobra.Command, api *client.Client, args []string) error {
			answer, err := get(ctx, c, api, orgPath(args[0]), nil)
			return printSettings(c, answer, err)
		}),
	}
	readFlags(c)
	return c
}

func newSettingsSet() *cobra.Command {
	c := &cobra.Command{
		Use:   "set ORG_ID",
		Short: "Change those settings that are named",
		Long: "Change those settings that are named. A table (--approval-over, --credit-limit, --proration) takes the place of the one before; " +
			"given once as - it is cleared. Credit, proration, overdue days and the settlement delay are the platform's to change.",
		Args: cobra.ExactArgs(1),
		RunE: withClient(func(ctx context.Context, c *cobra.Command, api *client.Client, args []string) error {
			body, err := settingsBody(c)
			if err != nil {
				return err
			}
			answer, err := send(ctx, c, api, http.MethodPut, orgPath(args[0]), body)
			return printSettings(c, answer, err)
		}),
	}
	f := c.Flags()
	f.String("time-zone", "", "decides days and months, such as Asia/Shanghai")
	f.Int64("pay-before-seconds", 0, "how long an order may stay unpaid")
	f.Int64("settlement-delay-seconds", 0, "how long after a cycle its use is settled")
	f.Int64("overdue-days", 0, "for how many days after its lease a resource is charged by the day")
	f.Int64("refund-failed-after-seconds", 0, "when an order whose fulfilment failed is refunded by itself")
	f.Bool("four-eyes", false, "supplements wait for an approval (--four-eyes=false ends it)")
	f.StringSlice("approval-over", nil, "CURRENCY=AMOUNT: orders that cost more wait for an approval")
	f.StringSlice("credit-limit", nil, "CURRENCY=AMOUNT: how far cash may fall below 0")
	f.StringSlice("proration", nil, "PRODUCT=second|hour|day: the basis of refunds and changes; * stands for all other products")
	keyFlag(c)
	jsonFlag(c)
	return c
}

// settingsBody has the settings whose flags were given.
func settingsBody(c *cobra.Command) (object, error) {
	body, f := object{}, c.Flags()
	setGiven(c, body.set, map[string]string{"time-zone": "time_zone"})
	for _, flag := range []string{"pay-before-seconds", "settlement-delay-seconds", "overdue-days", "refund-failed-after-seconds"} {
		if f.Changed(flag) {
			body[strings.ReplaceAll(flag, "-", "_")], _ = f.GetInt64(flag)
		}
	}
	if f.Changed("four-eyes") {
		body["four_eyes"], _ = f.GetBool("four-eyes")
	}
	for _, flag := range []string{"approval-over", "credit-limit", "proration"} {
		if !f.Changed(flag) {
			continue
		}
		given, _ := f.GetStringSlice(flag)
		entries := object{}
		for _, pair := range given {
			name, value, ok := strings.Cut(pair, "=")
			switch {
			case ok:
				entries[name] = value
			case pair != "-" || len(given) > 1:
				return nil, usage(fmt.Errorf("--%s %s: it is NAME=VALUE, or - for none", flag, pair))
			}
		}
		body[strings.ReplaceAll(flag, "-", "_")] = entries
	}
	if len(body) == 0 {
		return nil, usage(errors.New("name a setting to change"))
	}
	return body, nil
}

func printSettings(c *cobra.Command, answer object, err error) error {
	if err != nil {
		return err
	}
	if wantsJSON(c) {
		return printJSON(c.OutOrStdout(), answer)
	}
	return pick(c.OutOrStdout(), answer, "org_id", "time_zone", "pay_before_seconds", "approval_over", "four_eyes", "credit_limit", "proration",
		"settlement_delay_seconds", "overdue_days", "refund_failed_after_seconds",
		"fulfil_within_seconds", "refund_unfulfilled_after_seconds", "release_after_seconds", "closed_through", "version", "position")
}
