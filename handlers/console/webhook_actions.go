package console

import (
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"orderledger/handlers/webhooks"
)

// switchWebhook pauses an endpoint, or lets it go on.
func (v *view) switchWebhook(h webhook) error {
	state, done := webhooks.Active, "hook_resumed"
	if v.r.PostFormValue("state") == string(webhooks.Paused) {
		state, done = webhooks.Paused, "hook_paused"
	}
	if _, err := v.hooks().Change(v.r.Context(), v.Org(), h.ID, webhooks.Change{State: &state}); err != nil {
		return err
	}
	return v.webhookDone(h, done)
}

// testWebhook sends a test and waits for its answer, which the log of deliveries shows.
func (v *view) testWebhook(h webhook) error {
	d, err := v.hooks().Test(v.r.Context(), v.Org(), h.ID)
	if err != nil {
		return err
	}
	if d.Error != "" {
		http.Redirect(v.w, v.r, v.To("/webhooks/"+h.ID, "tested", "failed"), http.StatusSeeOther)
		return nil
	}
	return v.webhookDone(h, "hook_tested")
}

// webhookSecret is the page of a secret, which is shown this once.
type webhookSecret struct {
	*view
	Webhook webhook
	Secret  string
	// New: the endpoint was made just now.
	New bool
}

// webhookAsk is a page that asks before something is done to an endpoint.
type webhookAsk struct {
	form
	Webhook webhook
}

// webhookSecretPage asks whether an endpoint is to get a new secret, makes it, and shows it this once. A form that is sent
// again, as by reading the page with the secret again, makes no other: the receiver's would sign no more then.
func (v *view) webhookSecretPage(h webhook) error {
	p := webhookAsk{v.form(), h}
	if !p.sent() {
		return v.show("webhook_rotate", p)
	}
	if v.r.PostFormValue("version") != p.Version() {
		p.refused(problem(http.StatusPreconditionFailed, "version_mismatch", "the secret was changed since this form was opened"))
		return v.show("webhook_rotate", p)
	}
	e, secret, err := v.hooks().Rotate(v.r.Context(), v.Org(), h.ID)
	if err != nil {
		return err
	}
	return v.show("webhook_secret", webhookSecret{v, webhook{Endpoint: e, view: v}, secret, false})
}

// Version tells secrets apart by when the one before ends.
func (p webhookAsk) Version() string {
	if p.Webhook.PreviousUntil == nil {
		return "first"
	}
	return strconv.FormatInt(p.Webhook.PreviousUntil.UnixMicro(), 10)
}

// deleteWebhookPage asks whether an endpoint is to be deleted, and deletes it.
func (v *view) deleteWebhookPage(h webhook) error {
	p := webhookAsk{v.form(), h}
	if !p.sent() {
		return v.show("webhook_delete", p)
	}
	if err := v.hooks().Delete(v.r.Context(), v.Org(), h.ID); err != nil {
		return err
	}
	http.Redirect(v.w, v.r, v.To("/webhooks", "done", "hook_deleted"), http.StatusSeeOther)
	return nil
}

// replayWebhookPage lets an endpoint have events again, from a position or a time on.
func (v *view) replayWebhookPage(h webhook) error {
	p := webhookAsk{v.form(), h}
	if p.sent() {
		after, err := p.after()
		if err == nil {
			_, err = v.hooks().Replay(v.r.Context(), v.Org(), h.ID, after)
		}
		var beyond *webhooks.InvalidError
		if errors.As(err, &beyond) {
			err = invalid("position", beyond.Detail)
		}
		if err == nil {
			return v.webhookDone(h, "hook_replayed")
		}
		p.refused(err)
	}
	return v.show("webhook_replay", p)
}

// after is the position after which the endpoint goes on, as it was typed.
func (p webhookAsk) after() (int64, error) {
	if p.Typed("by", "position") == "time" {
		typed := strings.TrimSpace(p.Typed("time", ""))
		at, err := time.Parse(time.RFC3339, p.timeTyped(typed))
		if err != nil {
			return 0, invalid("time", "a day and a time")
		}
		return p.c.Server.Log.Before(p.r.Context(), at)
	}
	first, err := strconv.ParseInt(strings.ReplaceAll(strings.TrimSpace(p.Typed("position", "")), ",", ""), 10, 64)
	if err != nil || first < 1 {
		return 0, invalid("position", "a whole number from 1 on")
	}
	return first - 1, nil
}
