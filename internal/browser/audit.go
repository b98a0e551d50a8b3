package browser

import (
	_ "embed"
	"strings"
)

// axe-core 4.14.1, as it was published (MPL-2.0), for tests alone: programs do not import this package.
//
//go:embed axe/axe.min.js
var axe string

// finding is what axe-core found wrong.
type finding struct {
	ID, Help, Impact string
	Nodes            []struct {
		HTML           string
		FailureSummary string
	}
}

// Audit fails for everything on the page that keeps people out who see, hear or move otherwise: axe-core's rules for
// WCAG 2.2 A and AA and its best practices, or those rules alone that are named.
func (p *Page) Audit(rules ...string) {
	p.Helper()
	Eval[bool](p, "(() => { if (!window.axe) {"+axe+"} return true })()")
	only := `["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]`
	if len(rules) > 0 {
		only = `{ type: "rule", values: ["` + strings.Join(rules, `", "`) + `"] }`
	}
	run := `axe.run(document, { resultTypes: ["violations"], runOnly: ` + only + ` }).then((r) => r.violations)`
	for _, f := range Eval[[]finding](p, run) {
		var where []string
		for _, n := range f.Nodes[:min(3, len(f.Nodes))] {
			where = append(where, "\n  "+short(n.HTML)+"\n    "+strings.ReplaceAll(n.FailureSummary, "\n", "\n    "))
		}
		p.Errorf("%s: %s (%s, %s), %d times:%s", p.Path(), f.Help, f.ID, f.Impact, len(f.Nodes), strings.Join(where, ""))
	}
	if n := Eval[int](p, `document.querySelectorAll("h1").length`); n != 1 {
		p.Errorf("%s has %d headings of the first order", p.Path(), n)
	}
}
