package browser

import (
	"context"
	"os"
	"path/filepath"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/chromedp"
)

// Download clicks a link or button by its name and returns the file that it gives: its name, and what is in it.
func (p *Page) Download(name string) (file string, content []byte) {
	p.Helper()
	folder := p.TempDir()
	yes := true
	c := chromedp.FromContext(p.ctx)
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	done := make(chan string, 1)
	var began, called string // by the one goroutine that hears the events
	if err := chromedp.ListenBrowser(ctx, func(event any) {
		switch e := event.(type) {
		case *browser.EventDownloadWillBegin:
			if began == "" {
				began, called = e.GUID, e.SuggestedFilename
			}
		case *browser.EventDownloadProgress:
			if e.GUID == began && e.State == browser.DownloadProgressStateCompleted {
				select {
				case done <- called:
				default:
				}
			}
		}
	}); err != nil {
		p.Fatal(err)
	}
	if _, err := cdp.Call(ctx, c.Browser, browser.SetDownloadBehavior, browser.SetDownloadBehaviorParams{
		Behavior: browser.SetDownloadBehaviorBehaviorAllowAndName, BrowserContextID: c.BrowserContextID, DownloadPath: folder, EventsEnabled: &yes,
	}); err != nil {
		p.Fatal(err)
	}
	p.Click(name)
	select {
	case file = <-done:
	case <-ctx.Done():
		p.Fatalf("%s gave no file\n%s", name, p.shown())
	}
	content, err := os.ReadFile(filepath.Join(folder, began))
	if err != nil {
		p.Fatal(err)
	}
	return file, content
}
