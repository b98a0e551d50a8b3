package browser

import (
	"encoding/json"
	"fmt"
	"strings"
)

// Text is what one can read in the first thing that a CSS selector finds, once it is there.
func (p *Page) Text(css string) string {
	p.Helper()
	return *until(p, "read "+css, "((e) => e ? e.innerText.trim() : null)("+find("css", css)+")", func(s *string) (bool, string) { return s != nil, "it is not on the page" })
}

// Texts are those of all that a CSS selector finds now.
func (p *Page) Texts(css string) []string {
	p.Helper()
	quoted, _ := json.Marshal(css) // a string is always JSON
	return Eval[[]string](p, fmt.Sprintf("[...document.querySelectorAll(%s)].map((e) => e.innerText.trim())", quoted))
}

// Count is how many things a CSS selector finds now.
func (p *Page) Count(css string) int { p.Helper(); return len(p.Texts(css)) }

// Value is what a field has, by its label or name.
func (p *Page) Value(label string) string {
	p.Helper()
	return *until(p, "look at "+label, "((e) => e ? e.value : null)("+find("field", label)+")", func(s *string) (bool, string) { return s != nil, "it is not on the page" })
}

// page is what one can read on the whole page.
const readable = "document.body ? document.body.innerText : ''"

// Has waits until one can read all of some texts on the page.
func (p *Page) Has(texts ...string) {
	p.Helper()
	for _, text := range texts {
		until(p, "look for "+text, readable, func(all string) (bool, string) { return strings.Contains(all, text), "the page lacks it" })
	}
}

// Lacks waits until one can read none of some texts on the page.
func (p *Page) Lacks(texts ...string) {
	p.Helper()
	for _, text := range texts {
		until(p, "look for "+text, readable, func(all string) (bool, string) { return !strings.Contains(all, text), "the page has it" })
	}
}

// Is waits until a JavaScript expression is true.
func (p *Page) Is(expression string) {
	p.Helper()
	until(p, "wait for "+expression, "Boolean("+expression+")", func(ok bool) (bool, string) { return ok, "it is not" })
}

// Fits fails if the page can be scrolled sideways.
func (p *Page) Fits() {
	p.Helper()
	const wide = `(() => {
  const most = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth <= most) return "";
  const wide = [...document.body.querySelectorAll("*")].filter((e) => e.getBoundingClientRect().right > most + 1 && !e.closest(".scroll"));
  return document.documentElement.scrollWidth + " > " + most + ": " + wide.slice(0, 3).map((e) => e.outerHTML.slice(0, 150)).join(" … ");
})()`
	if why := Eval[string](p, wide); why != "" {
		p.Errorf("%s scrolls sideways: %s", p.Path(), why)
	}
}
