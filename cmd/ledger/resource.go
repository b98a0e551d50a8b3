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

func newResource() *cobra.Command {
	c := &cobra.Command{Use: "resource", Short: "A resource's life: its orders, its renewal, its end"}
	serverFlags(c)
	c.AddCommand(newResourceGet(), newResourceList(), newResourceOrders(), newResourceClose(), newResourceAutoRenew())
	return c
}

// resourcePath names a resource in an address. Ids may have any characters; dots alone would mean folders.
func resourcePath(id string) string {
	escaped := url.PathEscape(id)
	if strings.Trim(id, ".") == "" {
		escaped = strings.ReplaceAll(id, ".", "%2E")
	}
	return "/v1/resources/" + escaped
}

var resourceColumns = []column{
	{"RESOURCE", "resource_id", ""},
	{"ORG", "org_id", ""},
	{"STATUS", "status", "resource_status"},
	{"NAME", "resource_name", ""},
	{"TYPE", "resource_type", ""},
	{"REGION", "region", ""},
	{"OPENED", "opened_at", ""},
	{"CLOSED", "closed_at", ""},
}

func newResourceGet() *cobra.Command {
	c := &cobra.Command{
		Use:   "get RESOURCE_ID",
		Short: "Show what a resource is charged for, and until when it is paid",
		Args:  cobra.ExactArgs(1),
		RunE: withClient(func(ctx context.Context, c *cobra.Command, api *client.Client, args []string) error {
			answer, err := get(ctx, c, api, resourcePath(args[0]), map[string]string{"org": "org_id"})
			return printResource(c, answer, err)
		}),
	}
	c.Flags().String("org", "", "of this organisation, where the key is a platform key")
	langFlag(c)
	readFlags(c)
	return c
}

func newResourceList() *cobra.Command {
	var filters map[string]string
	c := &cobra.Command{
		Use:   "list",
		Short: "List resources",
		Args:  cobra.NoArgs,
		RunE: withClient(func(ctx context.Context, c *cobra.Command, api *client.Client, _ []string) error {
			items, err := list(ctx, c, api, "/v1/resources", filters)
			if err != nil {
				return err
			}
			return printItems(c, items, resourceColumns...)
		}),
	}
	filters = filterFlags(c, [][3]string{
		{"org", "org_id", "of this organisation, where the key is a platform key"},
		{"status", "status", "active or closed"},
		{"product", "product", "charged for these product codes"},
		{"project", "project_id", "project ids"},
		{"consumer", "consumer_id", "consumer ids"},
		{"region", "region", "regions"},
		{"auto-renew", "auto_renew", "true or false: whether it is renewed by itself"},
		{"expiring-from", "lease_end_from", "whose lease ends at this time or later"},
		{"expiring-before", "lease_end_to", "whose lease ends before this time"},
	}...)
	langFlag(c)
	listFlags(c)
	return c
}

func newResourceOrders() *cobra.Command {
	filters := map[string]string{"org": "org_id"}
	c := &cobra.Command{
		Use:   "orders RESOURCE_ID",
		Short: "List the orders of a resource's whole life, oldest first",
		Args:  cobra.ExactArgs(1),
		RunE: withClient(func(ctx context.Context, c *cobra.Command, api *client.Client, args []string) error {
			items, err := list(ctx, c, api, resourcePath(args[0])+"/orders", filters)
			if err != nil {
				return err
			}
			return printItems(c, items, orderColumns...)
		}),
	}
	c.Flags().String("org", "", "of this organisation, where the key is a platform key")
	langFlag(c)
	listFlags(c)
	return c
}

func newResourceClose() *cobra.Command {
	c := &cobra.Command{
		Use:   "close RESOURCE_ID",
		Short: "End a resource: settle what it used, and give back what was paid for the time to come",
		Args:  cobra.ExactArgs(1),
		RunE: withClient(func(ctx context.Context, c *cobra.Command, api *client.Client, args []string) error {
			body := object{}
			setGiven(c, body.set, map[string]string{"org": "org_id", "reason": "reason"})
			if yes, _ := c.Flags().GetBool("return-vouchers"); yes {
				body["return_vouchers"] = true
			}
			answer, err := send(ctx, c, api, http.MethodDelete, resourcePath(args[0]), body)
			return printClosing(c, answer, err)
		}),
	}
	c.Flags().String("org", "", "the resource's organisation, where the key is a platform key")
	c.Flags().Bool("return-vouchers", false, "vouchers get back what they paid (default: that is forfeited)")
	commandFlags(c)
	return reasonFlag(c, false)
}

func newResourceAutoRenew() *cobra.Command {
	c := &cobra.Command{
		Use:   "auto-renew RESOURCE_ID on|off",
		Short: "Say whether a resource is renewed by itself before its lease ends",
		Args:  cobra.ExactArgs(2),
		RunE: withClient(func(ctx context.Context, c *cobra.Command, api *client.Client, args []string) error {
			if args[1] != "on" && args[1] != "off" {
				return usage(fmt.Errorf("auto-renew is on or off, not %s", args[1]))
			}
			body := object{"enabled": args[1] == "on"}
			setGiven(c, body.set, map[string]string{"org": "org_id", "quantity": "quantity"})
			if c.Flags().Changed("before-seconds") {
				body["before_seconds"], _ = c.Flags().GetInt64("before-seconds")
			}
			answer, err := send(ctx, c, api, http.MethodPut, resourcePath(args[0])+"/auto-renew", body)
			return printResource(c, answer, err)
		}),
	}
	c.Flags().String("org", "", "the resource's organisation, where the key is a platform key")
	c.Flags().String("quantity", "", "how many units of the lease (default: 1)")
	c.Flags().Int64("before-seconds", 0, "how long before the lease ends (default: 86400)")
	commandFlags(c)
	return c
}
