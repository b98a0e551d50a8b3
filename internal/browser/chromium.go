package browser

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/chromedp"
)

// names are how Chromium is called, the first that is found is taken.
var names = []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"}

// Find is the path of Chromium: what CHROMIUM names, or the first that is installed.
func Find() (string, error) {
	if named := os.Getenv("CHROMIUM"); named != "" {
		path, err := exec.LookPath(named)
		if err != nil {
			return "", fmt.Errorf("CHROMIUM=%s: %w", named, err)
		}
		return path, nil
	}
	for _, n := range names {
		if path, err := exec.LookPath(n); err == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("no Chromium was found (%s); run scripts/install-chromium, or set CHROMIUM to its path", strings.Join(names[:3], ", "))
}

// Need skips the test where no Chromium is installed, and fails it where CI is set: there all tests run.
func Need(t testing.TB) {
	t.Helper()
	_, err := Find()
	switch {
	case err == nil:
	case os.Getenv("CI") != "":
		t.Fatal(err)
	default:
		t.Skipf("SKIPPED, NOT TESTED IN A BROWSER: %v", err)
	}
}

// shared is the browser of all tests that run now.
var shared struct {
	sync.Mutex
	users  int
	ctx    context.Context
	cancel func()
}

// chromium is the context of a running browser, until the test ends.
func chromium(t testing.TB) context.Context {
	t.Helper()
	Need(t)
	shared.Lock()
	defer shared.Unlock()
	if shared.users == 0 {
		var err error
		if shared.ctx, shared.cancel, err = start(); err != nil {
			t.Fatalf("start Chromium: %v", err)
		}
	}
	shared.users++
	t.Cleanup(func() {
		shared.Lock()
		defer shared.Unlock()
		if shared.users--; shared.users == 0 {
			shared.cancel()
		}
	})
	return shared.ctx
}

// start starts a browser that talks to nobody but who is asked for, in a folder of its own. cancel ends it and waits for
// that; the death of this process ends it too.
func start() (ctx context.Context, cancel func(), err error) {
	path, err := Find()
	if err != nil {
		return nil, nil, err
	}
	folder, err := os.MkdirTemp("", "ledger-chromium-")
	if err != nil {
		return nil, nil, err
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.UserDataDir(folder),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("no-pings", true), chromedp.Flag("lang", "en-US"),
		// A page that comes back from its cache as it was left tells nobody that it is there again.
		chromedp.Flag("disable-features", "Translate,BlinkGenPropertyTrees,BackForwardCache"),
		// Chromium keeps what it can outside of the folder too, such as its crash reports.
		chromedp.Env("HOME="+folder, "XDG_CONFIG_HOME="+filepath.Join(folder, "config"), "XDG_CACHE_HOME="+filepath.Join(folder, "cache")))
	allocator, stop := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, end := chromedp.NewContext(allocator)
	cancel = func() {
		_ = chromedp.Cancel(ctx) // asks it to end; what follows does not ask
		end()
		stop()
		_ = os.RemoveAll(folder)
	}
	if err := chromedp.Do(ctx); err != nil {
		cancel()
		return nil, nil, err
	}
	return ctx, cancel, nil
}
