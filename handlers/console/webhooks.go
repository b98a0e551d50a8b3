package console

import (
	"cmp"
	"context"
	"net/url"
	"slices"
	"strings"

	"orderledger/domain"
	"orderledger/handlers"
	"orderledger/handlers/webhooks"
	"orderledger/internal/auth"
)

// Webhooks: the endpoints that an organisation's events are posted to. Everybody who may read sees how they fare; who may
// manage them, and nobody else, sees their whole addresses, which often hold a secret of the receiver's, and changes them.
var webhookPages = []page{
	{"GET /webhooks", auth.Read, withWebhooks((*view).webhooksPage)},
	{"GET /webhooks/new", auth.ManageWebhooks, withWebhooks((*view).newWebhookPage)},
	{"POST /webhooks/new", auth.ManageWebhooks, withWebhooks((*view).newWebhookPage)},
	{"GET /webhooks/{id}", auth.Read, ofOneWebhook((*view).webhookPage)},
	{"GET /webhooks/{id}/edit", auth.ManageWebhooks, ofOneWebhook((*view).editWebhookPage)},
	{"POST /webhooks/{id}/edit", auth.ManageWebhooks, ofOneWebhook((*view).editWebhookPage)},
	{"POST /webhooks/{id}/state", auth.ManageWebhooks, ofOneWebhook((*view).switchWebhook)},
	{"POST /webhooks/{id}/test", auth.ManageWebhooks, ofOneWebhook((*view).testWebhook)},
	{"GET /webhooks/{id}/secret", auth.ManageWebhooks, ofOneWebhook((*view).webhookSecretPage)},
	{"POST /webhooks/{id}/secret", auth.ManageWebhooks, ofOneWebhook((*view).webhookSecretPage)},
	{"GET /webhooks/{id}/replay", auth.ManageWebhooks, ofOneWebhook((*view).replayWebhookPage)},
	{"POST /webhooks/{id}/replay", auth.ManageWebhooks, ofOneWebhook((*view).replayWebhookPage)},
	{"GET /webhooks/{id}/delete", auth.ManageWebhooks, ofOneWebhook((*view).deleteWebhookPage)},
	{"POST /webhooks/{id}/delete", auth.ManageWebhooks, ofOneWebhook((*view).deleteWebhookPage)},
}

// hooks are the endpoints; nil has no pages of them.
func (v *view) hooks() *webhooks.Store { return v.c.Server.Webhooks }

func withWebhooks(handle func(*view) error) func(*view) error {
	return func(v *view) error {
		if v.hooks() == nil {
			return handlers.NotFound()
		}
		return handle(v)
	}
}

// ofOneWebhook is a page about the endpoint that the address names.
func ofOneWebhook(handle func(*view, webhook) error) func(*view) error {
	return withWebhooks(func(v *view) error {
		e, err := v.hooks().Get(v.r.Context(), v.Org(), v.r.PathValue("id"))
		if err != nil {
			return err
		}
		head, err := v.c.Server.Log.Head(v.r.Context())
		if err != nil {
			return err
		}
		v.asOf = head.Position
		return handle(v, webhook{Endpoint: e, view: v, head: head.Position})
	})
}

// MayManageWebhooks says whether the person may change endpoints.
func (v *view) MayManageWebhooks() bool { return v.May(auth.ManageWebhooks) }

// webhook is an endpoint as pages show it.
type webhook struct {
	webhooks.Endpoint
	view *view
	head int64
	// Last is the last attempt, nil before the first, where a page has it.
	Last *webhooks.Delivery
}

// Link is the address of the endpoint's page, or of one below it.
func (h webhook) Link(below ...string) string {
	path := "/webhooks/" + url.PathEscape(h.ID)
	if len(below) > 0 {
		path += "/" + below[0]
	}
	return h.view.To(path)
}

// Address is where it is: for who may not change it, without what may be secret of it.
func (h webhook) Address() string {
	u, err := url.Parse(h.URL)
	if h.view.MayManageWebhooks() || err != nil {
		return h.URL
	}
	return u.Scheme + "://" + u.Host + "/…"
}

// Lag is how many events of the log the endpoint has yet to get, or to pass over.
func (h webhook) Lag() int64 { return max(h.head-h.Position, 0) }

// Attempts64 is how often the next event was tried, for words.
func (h webhook) Attempts64() int64 { return int64(h.Attempts) }

// StateClass is the state as the status's style names it.
func (h webhook) StateClass() string {
	switch {
	case h.State == webhooks.Disabled:
		return "stopped"
	case h.State == webhooks.Paused, h.Attempts > 0:
		return "waiting"
	}
	return "ok"
}

// StateWord is the state, or that the deliveries fail, as the key of its words.
func (h webhook) StateWord() string {
	if h.State == webhooks.Active && h.Attempts > 0 {
		return "webhooks.state.failing"
	}
	return "webhooks.state." + string(h.State)
}

// Events are the names of the events that the endpoint wants; none are all.
func (h webhook) Events() []string {
	names := make([]string, len(h.Types))
	for i, t := range h.Types {
		names[i] = h.view.filterName(t)
	}
	return names
}

// eventsNamed is how many of an endpoint's events the list names.
const eventsNamed = 2

// FirstEvents are those that the list names.
func (h webhook) FirstEvents() string {
	names := h.Events()
	return strings.Join(names[:min(len(names), eventsNamed)], h.view.T("account.comma"))
}

// MoreEvents is how many it does not name.
func (h webhook) MoreEvents() int64 { return int64(max(len(h.Types)-eventsNamed, 0)) }

// EventName is what people call an event that is delivered; a test's is webhook.ping.
func (v *view) EventName(eventType string) string {
	if eventType == webhooks.Ping {
		return v.T("webhooks.ping")
	}
	return v.Label("event", eventType)
}

// filterName is what people call the events of a filter: order.paid.v1, order.paid, order.*.
func (v *view) filterName(filter string) string {
	if kind, all := strings.CutSuffix(filter, ".*"); all && v.Has("webhooks.all."+kind) {
		return v.T("webhooks.all." + kind)
	}
	for _, t := range domain.Codes("event") {
		switch filter {
		case versionless(t):
			return v.Label("event", t)
		case t:
			return v.Label("event", t) + " " + t[len(versionless(t))+1:]
		}
	}
	return filter
}

// versionless is an event's type without its version.
func versionless(eventType string) string {
	return eventType[:max(strings.LastIndexByte(eventType, '.'), 0)]
}

type webhooksData struct {
	*view
	Webhooks []webhook
	Next     *string
}

// webhooksPage lists the endpoints.
func (v *view) webhooksPage() error {
	ctx := v.r.Context()
	all, err := v.hooks().List(ctx, v.Org(), v.Query("cursor"), webhooks.ListMax)
	if err != nil {
		return err
	}
	ids := make([]string, len(all))
	for i, e := range all {
		ids[i] = e.ID
	}
	last, err := v.hooks().LastDeliveries(ctx, ids)
	if err != nil {
		return err
	}
	head, err := v.c.Server.Log.Head(ctx)
	if err != nil {
		return err
	}
	v.asOf = head.Position
	d := webhooksData{view: v}
	for _, e := range all {
		h := webhook{Endpoint: e, view: v, head: head.Position}
		if one, there := last[e.ID]; there {
			h.Last = &one
		}
		d.Webhooks = append(d.Webhooks, h)
	}
	if len(all) == webhooks.ListMax {
		d.Next = &ids[len(ids)-1]
	}
	slices.SortStableFunc(d.Webhooks, func(a, b webhook) int { return cmp.Compare(urgency(b), urgency(a)) })
	return v.show("webhooks", d)
}

// urgency puts what somebody should look at first.
func urgency(h webhook) int {
	switch {
	case h.State == webhooks.Disabled:
		return 2
	case h.StateClass() == "waiting":
		return 1
	}
	return 0
}

// disabledWebhooks counts the endpoints that the ledger has disabled.
func (v *view) disabledWebhooks(ctx context.Context) (int64, error) {
	if v.hooks() == nil {
		return 0, nil
	}
	return v.hooks().Disabled(ctx, v.Org())
}
