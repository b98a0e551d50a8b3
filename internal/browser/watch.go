package browser

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
)

// watch notes what is wrong in a page, as the browser's console would show it.
type watch struct {
	mu    sync.Mutex
	wrong []string
	// pages are the requests for documents: their status is for the test to look at.
	pages map[network.RequestID]bool
}

// event takes what the browser reports. It only notes: the browser waits for it.
func (w *watch) event(event any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		if e.Type == network.ResourceTypeDocument {
			if w.pages == nil {
				w.pages = map[network.RequestID]bool{}
			}
			w.pages[e.RequestID] = true
		}
	case *runtime.EventExceptionThrown:
		text := e.ExceptionDetails.Text
		if e.ExceptionDetails.Exception != nil {
			text += " " + e.ExceptionDetails.Exception.Description
		}
		w.wrong = append(w.wrong, "a script threw: "+text)
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.ConsoleAPICalledTypeError {
			var args []string
			for _, a := range e.Args {
				args = append(args, fmt.Sprint(string(a.Value), a.Description))
			}
			w.wrong = append(w.wrong, "console.error: "+strings.Join(args, " "))
		}
	case *log.EventEntryAdded:
		if e.Entry.Level == log.EntryLevelError && !w.pages[e.Entry.NetworkRequestID] {
			w.wrong = append(w.wrong, fmt.Sprintf("%s: %s %s", e.Entry.Source, e.Entry.Text, e.Entry.URL))
		}
	}
}

// report fails a test that saw anything wrong.
func (w *watch) report(t testing.TB) {
	t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, text := range w.wrong {
		t.Errorf("in the browser's console: %s", text)
	}
}

// Wrong takes what was wrong in the page's console so far, for a test that expects it.
func (p *Page) Wrong() []string {
	p.watch.mu.Lock()
	defer p.watch.mu.Unlock()
	wrong := p.watch.wrong
	p.watch.wrong = nil
	return wrong
}
