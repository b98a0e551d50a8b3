package console

import (
	"net/http"
	"slices"
	"strings"

	"github.com/google/uuid"

	"orderledger/domain"
	"orderledger/handlers/webhooks"
)

// webhookForm is the page of a new endpoint, or of one that is changed.
type webhookForm struct {
	form
	// Webhook is the endpoint as it is; without an ID, it is to be made.
	Webhook webhook
	// Twice is the endpoint that this form has made already.
	Twice *webhook
}

// newWebhookPage asks for a new endpoint, and makes it: the page that answers has its secret, this once.
func (v *view) newWebhookPage() error {
	p := webhookForm{form: v.form(), Webhook: webhook{view: v}}
	if !p.sent() || v.AllOrgs() {
		return v.show("webhook_form", p)
	}
	ctx := v.r.Context()
	twice, err := p.madeAlready()
	if err != nil {
		return err
	}
	if twice != nil {
		p.Twice = twice
		v.status = http.StatusConflict
		return v.show("webhook_form", p)
	}
	ask := webhooks.New{OrgID: v.org, URL: strings.TrimSpace(p.Typed("url", "")), Description: strings.TrimSpace(p.Typed("description", ""))}
	if ask.Types, err = p.types(); err == nil {
		var made webhooks.Endpoint
		var secret string
		if made, secret, err = v.hooks().Create(ctx, ask, v.who.Actor()); err == nil {
			return v.show("webhook_secret", webhookSecret{v, webhook{Endpoint: made, view: v}, secret, true})
		}
	}
	p.refused(err)
	return v.show("webhook_form", p)
}

// Opened is when the form was opened, as an id that is smaller than those of endpoints that are made later.
func (p webhookForm) Opened() string {
	if id := p.r.PostFormValue("opened"); id != "" {
		return id
	}
	return uuid.Must(uuid.NewV7()).String()
}

// madeAlready finds the endpoint that this form has made when it was sent before, as by reading the page with the secret
// again.
func (p webhookForm) madeAlready() (*webhook, error) {
	opened := p.r.PostFormValue("opened")
	if opened == "" {
		return nil, nil
	}
	since, err := p.hooks().List(p.r.Context(), p.org, opened, webhooks.ListMax)
	for _, e := range since {
		if e.URL == strings.TrimSpace(p.Typed("url", "")) && e.CreatedBy == p.who.Actor() {
			return &webhook{Endpoint: e, view: p.view}, nil
		}
	}
	return nil, err
}

// editWebhookPage changes an endpoint's address, events or description.
func (v *view) editWebhookPage(h webhook) error {
	p := webhookForm{form: v.form(), Webhook: h}
	if p.sent() {
		types, err := p.types()
		if err == nil {
			address, description := strings.TrimSpace(p.Typed("url", "")), strings.TrimSpace(p.Typed("description", ""))
			_, err = v.hooks().Change(v.r.Context(), v.Org(), h.ID, webhooks.Change{URL: &address, Types: &types, Description: &description})
		}
		if err == nil {
			return v.webhookDone(h, "hook_changed")
		}
		p.refused(err)
	}
	return v.show("webhook_form", p)
}

// webhookDone leads back to an endpoint's page, which says what was done.
func (v *view) webhookDone(h webhook, done string) error {
	http.Redirect(v.w, v.r, v.withDone(h.Link(), done), http.StatusSeeOther)
	return nil
}

// types is the filter as it was ticked: nothing for all events.
func (p webhookForm) types() ([]string, error) {
	if p.Typed("which", "all") == "all" {
		return []string{}, nil
	}
	chosen := p.r.PostForm["types"]
	if len(chosen) == 0 {
		return nil, invalid("types", "at least one, or all events")
	}
	return chosen, nil
}

// All says whether all events are chosen.
func (p webhookForm) All() bool { return p.Typed("which", p.first()) == "all" }

func (p webhookForm) first() string {
	if len(p.Webhook.Types) == 0 {
		return "all"
	}
	return "some"
}

// eventGroup are the events of one kind of stream that a form offers.
type eventGroup struct {
	// Kind is the stream's; "" has what the endpoint wants and the form does not offer, such as a version of an event.
	Kind  string
	Types []eventChoice
}

type eventChoice struct {
	// Filter is what the endpoint's filter has for it.
	Filter, Name string
	Ticked       bool
}

// Groups are the events to choose from: those that the rules know, each in all its versions.
func (p webhookForm) Groups() []eventGroup {
	var groups []eventGroup
	offered := map[string]bool{}
	offer := func(kind, filter string) {
		i := slices.IndexFunc(groups, func(g eventGroup) bool { return g.Kind == kind })
		if i < 0 {
			groups, i = append(groups, eventGroup{Kind: kind}), len(groups)
		}
		offered[filter] = true
		groups[i].Types = append(groups[i].Types, eventChoice{filter, p.filterName(filter), p.Picked("types", filter, slices.Contains(p.Webhook.Types, filter))})
	}
	for _, t := range domain.Codes("event") {
		kind, _, _ := strings.Cut(t, ".")
		if !offered[kind+".*"] {
			offer(kind, kind+".*")
		}
		if name := versionless(t); !offered[name] {
			offer(kind, name)
		}
	}
	for _, t := range p.Webhook.Types {
		if !offered[t] {
			offer("", t)
		}
	}
	return groups
}
