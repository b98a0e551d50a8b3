package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"orderledger/internal/auth"
	"orderledger/internal/schema"
)

func newKey() *cobra.Command {
	c := &cobra.Command{Use: "key", Short: "Create, list and revoke API keys"}
	c.AddCommand(newKeyCreate(), newKeyList(), newKeyRevoke())
	return c
}

func newKeyCreate() *cobra.Command {
	var org, role, name string
	var platform bool
	c := &cobra.Command{
		Use:   "create (--org ID --role ROLE | --platform)",
		Short: "Create an API key and print it, this once",
		Args:  cobra.NoArgs,
		RunE: withKeys(func(ctx context.Context, c *cobra.Command, keys *auth.Keys, _ []string) error {
			if platform && role == "" {
				role = string(auth.Platform)
			}
			if (org == "") != (auth.Role(role) == auth.Platform) || platform && org != "" || !slices.Contains(auth.Roles, auth.Role(role)) {
				return usage(fmt.Errorf("a key is either --platform, or has an --org and a --role of %s", roleNames()))
			}
			key, text, err := keys.Create(ctx, org, auth.Role(role), name, "ledger key create")
			if err != nil {
				return err
			}
			if wantsJSON(c) {
				return printJSON(c.OutOrStdout(), struct {
					auth.Key
					Secret string `json:"secret"`
				}{key, text})
			}
			fmt.Fprintln(c.OutOrStdout(), text)
			return nil
		}),
	}
	c.Flags().StringVar(&org, "org", "", "organisation that the key belongs to")
	c.Flags().BoolVar(&platform, "platform", false, "a key for all organisations")
	c.Flags().StringVar(&role, "role", "", "one of "+roleNames())
	c.Flags().StringVar(&name, "name", "", "what the key is for")
	_ = c.RegisterFlagCompletionFunc("role", cobra.FixedCompletions(strings.Split(roleNames(), ", "), cobra.ShellCompDirectiveNoFileComp))
	dataFlag(c)
	jsonFlag(c)
	return c
}

func newKeyList() *cobra.Command {
	var org string
	c := &cobra.Command{
		Use:   "list",
		Short: "List API keys, without their secrets",
		Args:  cobra.NoArgs,
		RunE: withKeys(func(ctx context.Context, c *cobra.Command, keys *auth.Keys, _ []string) error {
			all := []auth.Key{}
			for after := ""; ; after = all[len(all)-1].KeyID {
				page, err := keys.List(ctx, org, after, auth.ListMax)
				if err != nil {
					return err
				}
				if all = append(all, page...); len(page) < auth.ListMax {
					break
				}
			}
			if wantsJSON(c) {
				return printJSON(c.OutOrStdout(), all)
			}
			t := newTable(c.OutOrStdout(), "KEY", "ORG", "ROLE", "NAME", "CREATED", "REVOKED")
			for _, k := range all {
				org, revoked := reach(k.OrgID, k.RevokedAt)
				t.row(k.KeyID, org, string(k.Role), k.Name, k.CreatedAt.Format(time.RFC3339), revoked)
			}
			return t.flush()
		}),
	}
	c.Flags().StringVar(&org, "org", "", "only this organisation's")
	dataFlag(c)
	jsonFlag(c)
	return c
}

func newKeyRevoke() *cobra.Command {
	c := &cobra.Command{
		Use:   "revoke KEY_ID",
		Short: "Revoke an API key; it fails within five seconds everywhere",
		Args:  cobra.ExactArgs(1),
		RunE: withKeys(func(ctx context.Context, _ *cobra.Command, keys *auth.Keys, args []string) error {
			err := keys.Revoke(ctx, "", args[0])
			if errors.Is(err, auth.ErrNotFound) {
				return &failure{code: exitNotFound, cause: fmt.Errorf("there is no key %s", args[0])}
			}
			return err
		}),
	}
	dataFlag(c)
	return c
}

// reach says, as tables do, whose organisation a key or a service acts for and since when it does not any more.
func reach(orgID *string, revokedAt *time.Time) (org, revoked string) {
	org = "(platform)"
	if orgID != nil {
		org = *orgID
	}
	if revokedAt != nil {
		revoked = revokedAt.Format(time.RFC3339)
	}
	return org, revoked
}

// withKeys runs what a command does with the keys in the database.
func withKeys(do func(context.Context, *cobra.Command, *auth.Keys, []string) error) func(*cobra.Command, []string) error {
	return withPlace(func(ctx context.Context, c *cobra.Command, p *place, args []string) error {
		pool, err := schema.Pool(ctx, p.databaseURL, schema.App, 2)
		if err != nil {
			return err
		}
		defer pool.Close()
		return do(ctx, c, auth.NewKeys(pool), args)
	})
}

func roleNames() string {
	var names []string
	for _, r := range auth.Roles {
		if r != auth.Platform {
			names = append(names, string(r))
		}
	}
	return strings.Join(names, ", ")
}
