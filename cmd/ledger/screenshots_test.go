package main

import (
	"flag"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"orderledger/internal/browser"
)

var screenshots = flag.String("screenshots", "", "take the pictures of docs/console.md into this folder (make screenshots)")

// picture is a page of the example, in a theme, a language and a width. open is a link to follow there first, then what to
// click.
type picture struct {
	name, theme, lang string
	width             int64
	path, open, click string
}

const shownOrg = "org_id=org-lumen-ai"

var pictures = []picture{
	{"overview", "light", "en", 1280, "/?" + shownOrg, "", ""},
	{"overview-dark-zh", "dark", "zh", 1280, "/?" + shownOrg, "", ""},
	{"orders", "light", "en", 1280, "/orders?range=30d&" + shownOrg, "", ""},
	{"orders-dark-zh", "dark", "zh", 1280, "/orders?range=30d&" + shownOrg, "", ""},
	{"orders-phone-zh", "light", "zh", 390, "/orders?range=30d&" + shownOrg, "", ""},
	{"order", "light", "en", 1280, "/orders?range=90d&order_type=upgrade&" + shownOrg, "tbody th a", ""},
	{"order-dark-zh", "dark", "zh", 1280, "/orders?range=90d&order_type=upgrade&" + shownOrg, "tbody th a", ""},
	{"pay", "light", "en", 1280, "/orders?range=all&status=unpaid&" + shownOrg, "tbody th a", "main a[href*='/pay']"},
	{"pay-phone-dark-zh", "dark", "zh", 390, "/orders?range=all&status=unpaid&" + shownOrg, "tbody th a", "main a[href*='/pay']"},
	{"resource", "light", "en", 1280, "/resources?" + shownOrg, "tbody th a", ""},
	{"bill", "light", "en", 1280, "/bills?" + shownOrg, "main a[href^='/bills/2']", ""},
	{"bill-dark-zh", "dark", "zh", 1280, "/bills?" + shownOrg, "main a[href^='/bills/2']", ""},
	{"account", "light", "en", 1280, "/account?" + shownOrg, "", ""},
	{"webhook", "light", "en", 1280, "/webhooks?" + shownOrg, "tbody th a", ""},
	{"ledger", "light", "en", 1280, "/ledger", "", ""},
	{"event-dark-zh", "dark", "zh", 1280, "/ledger/events?type=order.paid.v1", "tbody th a", ""},
}

// TestScreenshots is no test of its own: it takes the pictures of the documentation, from the example of `ledger dev`.
func TestScreenshots(t *testing.T) {
	if *screenshots == "" {
		t.Skip("pictures are taken by make screenshots")
	}
	browser.Need(t)
	dir := newData(t)
	d := startDev(t, dir, "--http", "127.0.0.1:0", "--webhooks-allow-private")
	d.await(t, func() bool { return strings.Contains(d.output.String(), "/signin/") })
	p := browser.Open(t, "http://"+d.file(t, httpAddrFile))
	p.Go("/signin")
	p.Fill("key", d.file(t, adminKeyFile))
	p.Enter()
	hookUp(t, d, p)
	for _, one := range pictures {
		p.Prefer("theme", one.theme)
		p.Prefer("lang", one.lang)
		height := int64(900)
		if one.width < 600 {
			height = 800
		}
		p.Size(one.width, height)
		p.Go(one.path)
		if one.open != "" {
			p.FollowOn(one.open)
		}
		if one.click != "" {
			p.ClickOn(one.click)
			p.Is(`document.querySelector("dialog[open]") !== null`)
		}
		p.Fits()
		p.Save(filepath.Join(*screenshots, one.name+".png"), false)
	}
	d.stop(t)
}

// hookUp lets a receiver have the last events of the example, and one delivery fail.
func hookUp(t *testing.T, d *running, p *browser.Page) {
	t.Helper()
	taken := 0
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if taken++; taken == 9 { // one delivery at a time
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}))
	t.Cleanup(receiver.Close)
	p.Go("/ledger/events?" + shownOrg)
	const events = 15
	from := p.Texts("tbody th a")[events-1]
	p.Go("/webhooks/new?" + shownOrg)
	p.Fill("url", strings.Replace(receiver.URL, "127.0.0.1", "localhost", 1)+"/ledger")
	p.Fill("description", "Provisioning")
	p.FollowOn("main button.primary")
	p.FollowOn("main a.primary")
	p.Follow("Replay")
	p.Fill("position", from)
	p.FollowOn("main button.primary")
	d.await(t, func() bool {
		p.Reload()
		return p.Count(".deliveries tbody tr") > events // one comes twice
	})
}
