package console_test

import (
	"net/http"
	"strings"
	"testing"

	"orderledger/internal/auth"
	"orderledger/internal/browser"
)

// An endpoint's whole life, by what one reads on the pages: with scripts, and on a phone in the dark without them.
func TestAWebhooksLifeInABrowser(t *testing.T) {
	t.Parallel()
	browser.Need(t)
	s, r := newSystem(t), newReceiver(t)
	s.place(t)
	s.caughtUp(t)
	for _, c := range []struct {
		name, theme string
		width       int64
		scripts     bool
	}{{"desk", "light", 1280, true}, {"phone", "dark", 390, false}} {
		t.Run(c.name, func(t *testing.T) {
			p := s.browse(t, "org-acme", auth.OrgAdmin)
			p.Prefer("theme", c.theme)
			p.Size(c.width, 900)
			p.Scripts(c.scripts)
			p.Go("/webhooks")
			p.Follow("New endpoint")
			p.Fill("Address", r.URL+"/"+c.name)
			p.ClickOn("input[name=which][value=some]")
			p.Fill("Order paid", "on")
			p.Fits()
			if c.scripts {
				p.Audit()
			}
			p.Follow("Create endpoint")
			p.Has("whsec_")
			p.Fits()
			if shown := p.Count("button.copy[data-copy^=whsec_]"); shown != 1 {
				t.Errorf("%d buttons copy the secret", shown)
			}
			p.Follow("I have copied it")
			p.Lacks("whsec_")
			p.Follow("Send a test")
			p.Has("The test was taken", "204")
			p.Follow("Pause")
			p.Has("The endpoint is paused.")
			p.Follow("Resume")
			p.Follow("Edit")
			if status := p.Follow("Save"); status != http.StatusOK {
				t.Error(status)
			}
			p.Has("The endpoint is saved.", "Order paid")
			p.Follow("Replay")
			p.Fill("position", "1")
			p.Follow("Send from there")
			p.Has("Events are sent from there.")
			p.Fits()
			p.Follow("New secret")
			p.Follow("Make a new secret")
			p.Has("whsec_", "has a new secret")
			p.Follow("I have copied it")
			p.Follow("Delete")
			p.Follow("Delete endpoint")
			p.Has("The endpoint is deleted.")
		})
	}
}

// Every page of webhooks is for everybody: in both languages and themes, on a desk and on a phone.
func TestWebhookPagesAreForEverybody(t *testing.T) {
	t.Parallel()
	browser.Need(t)
	s := newSystem(t)
	for range 3 {
		s.place(t)
	}
	s.caughtUp(t)
	good := s.hook(t, "org-acme", "https://hooks.example/in", "order.paid", "resource.*")
	gone := s.hook(t, "org-acme", "https://hooks.example/"+strings.Repeat("far-away-", 20), "order.placed.v1")
	s.delivered(t, good, 1, 1, 200, "")
	s.delivered(t, gone, 2, 3, 0, "no answer in time")
	s.super(t, `UPDATE webhook_endpoints SET state = 'disabled', reason = 'gone', attempts = 3 WHERE endpoint_id = '`+gone.ID+`'`)
	p := s.browse(t, "org-acme", auth.OrgAdmin)
	for _, c := range []struct {
		lang, theme string
		width       int64
	}{{"en", "light", 1280}, {"zh", "dark", 390}} {
		p.Prefer("lang", c.lang)
		p.Prefer("theme", c.theme)
		p.Size(c.width, 900)
		at := "/webhooks/" + gone.ID
		for _, path := range []string{"/webhooks", "/webhooks/" + good.ID, at, at + "?show=failed", at + "/edit", at + "/secret", at + "/replay", at + "/delete", "/"} {
			if status := p.Go(path); status != http.StatusOK {
				t.Errorf("%s: %d", path, status)
			}
			p.Fits()
			p.Audit()
		}
	}
}
