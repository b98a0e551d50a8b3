package console

import (
	"log/slog"
	"slices"

	"orderledger/projections"
)

// What the frame of all pages shows.

// navItem is a link of the main navigation.
type navItem struct {
	// Key is what follows g on the keyboard.
	Name, Key, Href string
	Here            bool
}

// Nav lists the main pages.
func (v *view) Nav() []navItem {
	items := []navItem{
		{Name: "overview", Key: "h", Href: "/"}, {Name: "orders", Key: "o", Href: "/orders"}, {Name: "resources", Key: "r", Href: "/resources"},
		{Name: "bills", Key: "b", Href: "/bills"}, {Name: "account", Key: "a", Href: "/account"}, {Name: "ledger", Key: "l", Href: "/ledger"},
	}
	for i := range items {
		items[i].Here = v.Path() == items[i].Href || items[i].Href != "/" && len(v.Path()) > len(items[i].Href) && v.Path()[:len(items[i].Href)+1] == items[i].Href+"/"
		items[i].Href = v.To(items[i].Href)
	}
	return items
}

// choice is a preference that can be set, with its values.
type choice struct {
	Name   string
	Values []choiceValue
}

type choiceValue struct {
	Value string
	Here  bool
}

// Choices lists the preferences.
func (v *view) Choices() []choice {
	var all []choice
	for _, name := range []string{"lang", "theme", "clock"} {
		c := choice{Name: name}
		now := map[string]string{"lang": v.Lang, "theme": v.Theme, "clock": v.Clock}[name]
		for _, value := range choices[name] {
			if name == "lang" && value == "" {
				continue
			}
			c.Values = append(c.Values, choiceValue{value, value == now})
		}
		all = append(all, c)
	}
	return all
}

// orgsOffered bounds the organisations that the field for one offers; others can be typed.
const orgsOffered = 200

// Orgs lists organisations for a platform key to choose from.
func (v *view) Orgs() []string {
	orgs, err := v.c.Server.Reader.OrgIDs(v.r.Context(), "", orgsOffered)
	if err != nil {
		slog.Warn("the organisations can't be listed", "error", err)
	}
	return slices.DeleteFunc(orgs, func(o string) bool { return o == projections.AllOrgs })
}
