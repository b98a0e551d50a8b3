package console

import (
	"net/http"

	"orderledger/handlers"
	"orderledger/internal/auth"
)

// failure is what the page of an error shows.
type failure struct {
	*view
	Problem *handlers.Problem
}

// fail answers with what went wrong, and what can be done: as a page, and to htmx as a notice. Who has not signed in
// sees nothing around it.
func (v *view) fail(err error) {
	p := handlers.ProblemOf(err)
	v.status = p.Status
	switch {
	case v.isPart():
		err = v.part("error", "problem", partData{v, p})
	case v.who.KeyID == "":
		err = v.render("error", "bare", failure{v, p})
	default:
		err = v.show("error", failure{v, p})
	}
	if err != nil {
		http.Error(v.w, p.Code+": "+p.Detail, p.Status)
	}
}

func (v *view) missing() error { return handlers.NotFound() }

func notAllowed(who auth.Identity, o auth.Operation) error {
	return problem(http.StatusForbidden, "not_allowed", "the role "+string(who.Role)+" does not allow "+string(o))
}

// ProblemTitle is the words for a problem's code in the page's language.
func (v *view) ProblemTitle(p *handlers.Problem) string { return v.problemWord(p, "title", p.Title) }

// ProblemHint tells what can be done about a problem.
func (v *view) ProblemHint(p *handlers.Problem) string { return v.problemWord(p, "hint", p.Hint) }

func (v *view) problemWord(p *handlers.Problem, kind, fallback string) string {
	if key := "problem." + p.Code + "." + kind; v.Has(key) {
		return v.T(key)
	}
	return fallback
}
