package console

import (
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"strings"

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
		{Name: "overview", Key: "h", Href: "/"},
		{Name: "orders", Key: "o", Href: "/orders"},
		{Name: "resources", Key: "r", Href: "/resources"},
		{Name: "bills", Key: "b", Href: "/bills"},
		{Name: "account", Key: "a", Href: "/account"},
	}
	if v.hooks() != nil {
		items = append(items, navItem{Name: "webhooks", Key: "w", Href: "/webhooks"})
	}
	items = append(items, navItem{Name: "ledger", Key: "l", Href: "/ledger"})
	if v.hasServices() {
		items = append(items, navItem{Name: "services", Key: "s", Href: "/services"})
	}
	for i := range items {
		items[i].Here = v.Path() == items[i].Href || items[i].Href != "/" && strings.HasPrefix(v.Path(), items[i].Href+"/")
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
	for _, name := range []string{"lang", "theme", "clock", "keys"} {
		c := choice{Name: name}
		now := map[string]string{"lang": v.Lang, "theme": v.Theme, "clock": v.Clock, "keys": v.Keys}[name]
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

// orgChoice is the field by which a platform key chooses an organisation.
type orgChoice struct {
	// Action is the page that is shown of it, with what Kept has of this page's query.
	Action string
	Kept   []nameValue
	Orgs   []string
}

type nameValue struct{ Name, Value string }

// OrgChoice is the choice of an organisation, nil for who has one already. An order or a resource is one organisation's:
// from there the choice leads to their list.
func (v *view) OrgChoice() *orgChoice {
	if v.who.KeyID == "" || v.who.OrgID != "" {
		return nil
	}
	c := orgChoice{Action: v.Path()}
	orgs, err := v.c.Server.Reader.OrgIDs(v.r.Context(), "", orgsOffered)
	if err != nil {
		slog.Warn("the organisations can't be listed", "error", err)
	}
	c.Orgs = slices.DeleteFunc(orgs, func(o string) bool { return o == projections.AllOrgs })
	for _, list := range []string{"/orders", "/resources", "/webhooks"} {
		if strings.HasPrefix(c.Action, list+"/") {
			c.Action = list
			return &c
		}
	}
	if v.r.Method != http.MethodGet {
		return &c
	}
	q := v.r.URL.Query()
	for _, name := range slices.Sorted(maps.Keys(q)) {
		for _, value := range q[name] {
			if !slices.Contains([]string{"org_id", "cursor", "done"}, name) {
				c.Kept = append(c.Kept, nameValue{name, value})
			}
		}
	}
	return &c
}
