package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"orderledger/handlers/intake"
	"orderledger/internal/auth"
	"orderledger/internal/schema"
)

func newService() *cobra.Command {
	c := &cobra.Command{
		Use:   "service",
		Short: "Create, list and revoke services, which send commands over NATS",
		Long: "Create, list and revoke services, which send commands over NATS. A service has no key: the subject that it publishes\n" +
			"to names it, and the NATS server holds it to its own name. `ledger service permissions` prints what to tell that server.",
	}
	c.AddCommand(newServiceCreate(), newServiceList(), newServiceRevoke(), newServicePermissions())
	return c
}

func newServiceCreate() *cobra.Command {
	var org, role string
	var ifMissing bool
	c := &cobra.Command{
		Use:   "create NAME [--org ID] [--role ROLE]",
		Short: "Create a service, of one organisation or of all",
		Args:  cobra.ExactArgs(1),
		RunE: withServices(func(ctx context.Context, c *cobra.Command, services *auth.Services, args []string) error {
			if !auth.IsServiceName(args[0]) {
				return usage(errors.New("a service's name has 1 to 32 of a-z, 0-9 and the hyphen"))
			}
			if !slices.Contains(auth.Roles, auth.Role(role)) || auth.Role(role) == auth.Platform && org != "" {
				return usage(fmt.Errorf("the role is one of %s, or %s without --org", roleNames(), auth.Platform))
			}
			made, err := services.Create(ctx, args[0], org, auth.Role(role), "ledger service create")
			if ifMissing && errors.Is(err, auth.ErrServiceExists) {
				if made, err = sameService(ctx, services, args[0], org, auth.Role(role)); err != nil {
					return err
				}
			}
			if errors.Is(err, auth.ErrServiceExists) {
				return &failure{code: exitConflict, cause: fmt.Errorf("%w: %s", err, args[0]), hint: "`ledger service list` shows it."}
			}
			if err != nil {
				return err
			}
			if wantsJSON(c) {
				return printJSON(c.OutOrStdout(), made)
			}
			fmt.Fprintf(c.OutOrStdout(), "%s publishes to %s\n", made.Name, intake.CommandSubjects(made.Name))
			return nil
		}),
	}
	c.Flags().StringVar(&org, "org", "", "organisation that the service works for (all, without)")
	c.Flags().StringVar(&role, "role", string(auth.Service), "what it may do: one of "+roleNames()+", "+string(auth.Platform))
	c.Flags().BoolVar(&ifMissing, "if-missing", false, "leave the service as it is where it is there already, with that organisation and role")
	_ = c.RegisterFlagCompletionFunc("role", cobra.FixedCompletions(strings.Split(roleNames(), ", "), cobra.ShellCompDirectiveNoFileComp))
	dataFlag(c)
	jsonFlag(c)
	return c
}

// sameService is a service that is there, if it may do what was asked for one that is made.
func sameService(ctx context.Context, services *auth.Services, name, org string, role auth.Role) (auth.NamedService, error) {
	is, err := services.Get(ctx, name)
	if err != nil {
		return is, err
	}
	itsOrg := ""
	if is.OrgID != nil {
		itsOrg = *is.OrgID
	}
	if itsOrg != org || is.Role != role || is.RevokedAt != nil {
		return is, &failure{code: exitConflict, cause: fmt.Errorf("the service %s is there, and is another", name), hint: "`ledger service list` shows it."}
	}
	return is, nil
}

func newServiceList() *cobra.Command {
	c := &cobra.Command{
		Use:   "list",
		Short: "List services",
		Args:  cobra.NoArgs,
		RunE: withServices(func(ctx context.Context, c *cobra.Command, services *auth.Services, _ []string) error {
			all := []auth.NamedService{}
			for after := ""; ; after = all[len(all)-1].Name {
				page, err := services.List(ctx, after)
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
			t := newTable(c.OutOrStdout(), "SERVICE", "ORG", "ROLE", "CREATED", "REVOKED")
			for _, s := range all {
				org, revoked := reach(s.OrgID, s.RevokedAt)
				t.row(s.Name, org, string(s.Role), s.CreatedAt.Format(time.RFC3339), revoked)
			}
			return t.flush()
		}),
	}
	dataFlag(c)
	jsonFlag(c)
	return c
}

func newServiceRevoke() *cobra.Command {
	c := &cobra.Command{
		Use:   "revoke NAME",
		Short: "Revoke a service; its commands are refused within five seconds",
		Args:  cobra.ExactArgs(1),
		RunE: withServices(func(ctx context.Context, _ *cobra.Command, services *auth.Services, args []string) error {
			err := services.Revoke(ctx, args[0])
			if errors.Is(err, auth.ErrNotFound) {
				return noService(args[0])
			}
			return err
		}),
	}
	dataFlag(c)
	return c
}

func newServicePermissions() *cobra.Command {
	var consumers []string
	c := &cobra.Command{
		Use:   "permissions NAME [--consumers A,B]",
		Short: "Print the permissions of a service's user, for the configuration of the NATS server",
		Long: "Print the permissions of a service's user, as they stand beside its user and password in the configuration of the NATS\n" +
			"server. The service connects with the inbox prefix _INBOX_NAME, and its consumers are named NAME, or NAME_A and NAME_B.",
		Args: cobra.ExactArgs(1),
		RunE: withServices(func(ctx context.Context, c *cobra.Command, services *auth.Services, args []string) error {
			for _, name := range consumers {
				if strings.ContainsFunc(name, func(r rune) bool { return !isLetterOrDigit(r) }) || name == "" {
					return usage(fmt.Errorf("%q is no consumer: letters and digits", name))
				}
			}
			s, err := services.Get(ctx, args[0])
			if errors.Is(err, auth.ErrNotFound) {
				return noService(args[0])
			}
			if err != nil {
				return err
			}
			org := ""
			if s.OrgID != nil {
				org = *s.OrgID
			}
			_, err = fmt.Fprint(c.OutOrStdout(), intake.Permissions(s.Name, org, consumers...))
			return err
		}),
	}
	c.Flags().StringSliceVar(&consumers, "consumers", nil, "further consumers, for subscriptions that go on at the same time (letters and digits)")
	dataFlag(c)
	return c
}

func isLetterOrDigit(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9'
}

func noService(name string) error {
	return &failure{code: exitNotFound, cause: fmt.Errorf("there is no service %s", name)}
}

// withServices runs what a command does with the services in the database.
func withServices(do func(context.Context, *cobra.Command, *auth.Services, []string) error) func(*cobra.Command, []string) error {
	return withPlace(func(ctx context.Context, c *cobra.Command, p *place, args []string) error {
		pool, err := schema.Pool(ctx, p.databaseURL, schema.App, 2)
		if err != nil {
			return err
		}
		defer pool.Close()
		return do(ctx, c, auth.NewServices(pool), args)
	})
}
