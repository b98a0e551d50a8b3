package console

import (
	"strconv"
	"time"

	"orderledger/handlers/webhooks"
)

// deliveriesShown bounds a page of an endpoint's log.
const deliveriesShown = 50

type webhookData struct {
	*view
	Webhook webhook
	// Deliveries are attempts, the latest first; Failed shows those alone that failed.
	Deliveries []webhooks.Delivery
	Failed     bool
	Next       *string
	// TestFailed: the test that was just sent was not taken.
	TestFailed bool
}

// webhookPage shows an endpoint: what it wants, how it fares, and what was tried.
func (v *view) webhookPage(h webhook) error {
	d := webhookData{view: v, Webhook: h, Failed: v.Query("show") == "failed", TestFailed: v.Query("tested") == "failed"}
	var before int64
	if text := v.Query("cursor"); text != "" {
		var err error
		if before, err = strconv.ParseInt(text, 10, 64); err != nil || before < 1 {
			return wrongQuery("cursor", "it is not one that this list gave out")
		}
	}
	read := v.hooks().Deliveries
	if d.Failed {
		read = v.hooks().FailedDeliveries
	}
	var err error
	if d.Deliveries, err = read(v.r.Context(), v.Org(), h.ID, before, deliveriesShown); err != nil {
		return err
	}
	if len(d.Deliveries) == deliveriesShown {
		next := strconv.FormatInt(d.Deliveries[deliveriesShown-1].ID, 10)
		d.Next = &next
	}
	return v.show("webhook", d)
}

// Took is how long an attempt took, in milliseconds below a second.
func (v *view) Took(ms int64) string {
	if ms < 1000 {
		return v.T("webhooks.ms", v.Number(ms))
	}
	return v.Span((time.Duration(ms) * time.Millisecond).Round(time.Second))
}

// Tabs are the choices of the log.
func (d webhookData) Tabs() []tab {
	return []tab{
		{"all", d.Webhook.Link() + "#deliveries", !d.Failed},
		{"failed", d.To(d.Path(), "show", "failed") + "#deliveries", d.Failed},
	}
}
