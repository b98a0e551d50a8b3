package browser

import (
	"context"
	"net/url"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// patience bounds every step, on a machine that has much else to do.
const patience = 20 * time.Second

// Page is a tab of a browser. Every step waits until it can be done, and fails the test when that takes too long. It is
// for one goroutine.
type Page struct {
	testing.TB
	// URL is where the site is, without a path.
	URL string

	ctx   context.Context
	watch *watch
}

// Open opens a tab of somebody new, without cookies: English, light, 1280×900. It closes with the test, which fails then
// if anything was wrong in the page's console.
func Open(t testing.TB, url string) *Page {
	t.Helper()
	return tab(t, chromium(t), url, chromedp.WithNewBrowserContext())
}

// Tab opens another tab of the same person: with the same cookies.
func (p *Page) Tab() *Page {
	p.Helper()
	return tab(p.TB, p.ctx, p.URL)
}

func tab(t testing.TB, parent context.Context, url string, options ...chromedp.ContextOption) *Page {
	t.Helper()
	p := &Page{TB: t, URL: url, watch: &watch{}}
	ctx, cancel := chromedp.NewContext(parent, append(options, chromedp.WithListener(p.watch.event))...)
	p.ctx = ctx
	t.Cleanup(func() {
		p.watch.report(t)
		cancel()
	})
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("open a tab: %v", err)
	}
	p.Size(1280, 900)
	return p
}

// do runs an action of some kind, which is bounded.
func do[T any](p *Page, what string, a chromedp.Action[T]) T {
	p.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	v, err := chromedp.Run(ctx, a)
	if err != nil {
		p.Fatalf("%s: %v", what, err)
	}
	return v
}

// call sends the browser a command.
func call[P, R any](p *Page, c cdp.Command[P, R], params P) R {
	p.Helper()
	return do(p, c.Method, func(ctx context.Context, t *chromedp.Target) (R, error) { return cdp.Call(ctx, t, c, params) })
}

// Go opens an address of the site, and returns the answer's status once the page is there.
func (p *Page) Go(path string) (status int) {
	p.Helper()
	return statusOf(do(p, "open "+path, chromedp.NavigateResponse(p.URL+path)))
}

func statusOf(r *network.Response) int {
	if r == nil {
		return 0
	}
	return int(r.Status)
}

// Back goes back to the page before.
func (p *Page) Back() { p.Helper(); do(p, "go back", chromedp.NavigateBack()) }

// Reload reads the page again.
func (p *Page) Reload() { p.Helper(); do(p, "reload", chromedp.Reload()) }

// Path is the page's address without the site: path and query.
func (p *Page) Path() string {
	p.Helper()
	return Eval[string](p, "location.pathname + location.search")
}

// Eval is the value of a JavaScript expression in the page, also where the page's own scripts are off; a promise's value is
// waited for.
func Eval[T any](p *Page, expression string) T {
	p.Helper()
	return do(p, "evaluate "+short(expression), chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
}

func short(text string) string {
	if len(text) > 200 {
		return text[:200] + "…"
	}
	return text
}

// Size sets the size of the page in CSS pixels.
func (p *Page) Size(width, height int64) {
	p.Helper()
	call(p, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: width, Height: height, DeviceScaleFactor: 1, Mobile: width < 600})
}

// Prefer sets a preference of the console by its cookie: lang en or zh, theme light or dark, clock org, utc or relative.
// It holds from the next page on.
func (p *Page) Prefer(name, value string) { p.Helper(); p.Cookie("ledger_"+name, value) }

// Cookie sets a cookie of the site.
func (p *Page) Cookie(name, value string) {
	p.Helper()
	yes := true
	call(p, network.SetCookie, network.SetCookieParams{Name: name, Value: value, URL: p.URL, Path: "/", Secure: &yes, HTTPOnly: &yes})
}

// SystemTheme sets what the operating system prefers: light or dark.
func (p *Page) SystemTheme(theme string) {
	p.Helper()
	call(p, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: theme}}})
}

// Scripts turns the page's own scripts off, or on again, from the next page on.
func (p *Page) Scripts(on bool) {
	p.Helper()
	call(p, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: !on})
}

// Picture is the page as PNG: what one sees, or all of it.
func (p *Page) Picture(all bool) []byte {
	p.Helper()
	params := page.CaptureScreenshotParams{Format: page.CaptureScreenshotFormatPng}
	if all {
		params.CaptureBeyondViewport = &all
	}
	return call(p, page.CaptureScreenshot, params).Data
}

// Save writes the page's picture to a file.
func (p *Page) Save(file string, all bool) {
	p.Helper()
	err := os.MkdirAll(filepath.Dir(file), 0o750)
	if err == nil {
		err = os.WriteFile(file, p.Picture(all), 0o644) //nolint:gosec // a picture for everybody to see
	}
	if err != nil {
		p.Fatal(err)
	}
}

// Query is a value in the query of the page's address.
func (p *Page) Query(name string) string {
	p.Helper()
	u, err := url.Parse(p.Path())
	if err != nil {
		p.Fatal(err)
	}
	return u.Query().Get(name)
}
