package console_test

import (
	"maps"
	"net/http"
	"slices"
	"testing"

	"orderledger/internal/auth"
	"orderledger/internal/browser"
)

// TestEveryPageIsForEverybody audits every shape of page in both languages and both themes, on a desk and on a phone.
func TestEveryPageIsForEverybody(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	story(t, s)
	p := s.signIn(t, "", auth.Platform)
	p.get(t, "/").is(t, http.StatusOK, "")
	pages := p.crawl(t, append([]string{"/?org_id=org-acme", "/orders?range=all", "/find?q=nothing"}, oneOfEach(t, s)[:3]...)...)
	addresses := append(slices.Sorted(maps.Values(pages)), "/orders/no-such-order", "/signin")
	for _, c := range []struct {
		lang, theme string
		width       int64
	}{{"en", "light", 1280}, {"zh", "dark", 390}} {
		t.Run(c.lang, func(t *testing.T) {
			t.Parallel()
			b := browser.Open(t, s.URL)
			b.Cookie("__Host-ledger", p.token())
			b.Prefer("lang", c.lang)
			b.Prefer("theme", c.theme)
			b.Size(c.width, 900)
			for _, address := range addresses {
				b.Go(address)
				b.Fits()
				b.Audit()
				other := map[string]string{"light": "dark", "dark": "light"}[c.theme]
				browser.Eval[string](b, "document.documentElement.dataset.theme = '"+other+"'")
				b.Is("document.getAnimations().length === 0") // colours have changed
				b.Audit("color-contrast", "link-in-text-block")
			}
		})
	}
}
