package console

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"

	"orderledger/domain"
	"orderledger/internal/auth"
)

// Saved views: filters of a list that somebody gave a name, and some that everybody has.

var viewPages = []page{
	{"POST /views", auth.Read, (*view).saveView},
	{"POST /views/delete", auth.Read, (*view).deleteView},
}

// savedView is a view as a list offers it.
type savedView struct {
	// Word is the key of a built-in view's name; others have a Name.
	Word, Name string
	Href       string
	Here       bool
}

// builtInViews are those that every list of a page has, by the words for their names.
var builtInViews = map[string][]struct{ word, query string }{
	"orders": {
		{"views.recent", ""},
		{"views.unpaid", "range=all&status=unpaid"},
		{"views.arrears", "arrears=true&range=all"},
		{"views.refunds", "range=90d&refund_state=partial,full"},
		{"views.month", "range=month"},
	},
}

// viewNameMost bounds a view's name, in characters; viewQueryMost its query, in bytes.
const (
	viewNameMost  = 60
	viewQueryMost = 4000
)

// orderViews lists the views of the list of orders.
func (v *view) orderViews() ([]savedView, error) { return v.viewsOf("orders", "/orders") }

func (v *view) viewsOf(page, path string) ([]savedView, error) {
	here := viewQuery(v.r.URL.Query())
	var all []savedView
	for _, b := range builtInViews[page] {
		q, _ := url.ParseQuery(b.query) // they are written well
		q = v.withOrg(q)
		all = append(all, savedView{Word: b.word, Href: address(path, q), Here: viewQuery(q) == here})
	}
	saved, err := v.c.Sessions.Views(v.r.Context(), v.who.KeyID, page)
	for _, s := range saved {
		q, bad := url.ParseQuery(s.Query)
		if bad == nil {
			all = append(all, savedView{Name: s.Name, Href: address(path, q), Here: viewQuery(q) == here})
		}
	}
	return all, err
}

// withOrg adds the organisation that a platform key looks at.
func (v *view) withOrg(q url.Values) url.Values {
	if v.who.OrgID == "" && v.Org() != "" {
		q.Set("org_id", v.org)
	}
	return q
}

// viewQuery is what a view keeps of an address.
func viewQuery(q url.Values) string {
	kept := url.Values{}
	for name, values := range q {
		if name != "cursor" && name != "done" && name != "keep" && name != "min_position" && strings.Join(values, "") != "" {
			kept[name] = values
		}
	}
	return kept.Encode()
}

func address(path string, q url.Values) string {
	if len(q) == 0 {
		return path
	}
	return path + "?" + q.Encode()
}

// viewPaths are the pages that can keep views.
var viewPaths = map[string]string{"orders": "/orders"}

// ViewQuery is what a view of this page would keep.
func (v *view) ViewQuery() string { return viewQuery(v.r.URL.Query()) }

// saveView keeps the filters of a page under a name; a name that is there already gets the new ones.
func (v *view) saveView() error {
	path, q, err := v.viewAsked()
	if err != nil {
		return err
	}
	name := strings.TrimSpace(v.r.PostFormValue("name"))
	if n := utf8.RuneCountInString(name); n == 0 || n > viewNameMost || !utf8.ValidString(name) || strings.ContainsFunc(name, unicode.IsControl) {
		return invalid("name", "1 to 60 characters")
	}
	err = v.c.Sessions.SaveView(v.r.Context(), v.who.KeyID, v.r.PostFormValue("page"), auth.View{Name: name, Query: viewQuery(q)})
	switch {
	case errors.Is(err, auth.ErrTooManyViews):
		return &domain.Rejection{Code: domain.LimitReached, Detail: err.Error()}
	case err != nil:
		return err
	}
	q.Set("done", "view_saved")
	http.Redirect(v.w, v.r, address(path, q), http.StatusSeeOther)
	return nil
}

func (v *view) deleteView() error {
	path, q, err := v.viewAsked()
	if err != nil {
		return err
	}
	if err := v.c.Sessions.DeleteView(v.r.Context(), v.who.KeyID, v.r.PostFormValue("page"), v.r.PostFormValue("name")); err != nil {
		return err
	}
	q.Set("done", "view_deleted")
	http.Redirect(v.w, v.r, address(path, q), http.StatusSeeOther)
	return nil
}

// viewAsked reads which page a view is of, and the filters.
func (v *view) viewAsked() (path string, q url.Values, err error) {
	path, known := viewPaths[v.r.PostFormValue("page")]
	if !known {
		return "", nil, invalid("page", "a page that keeps views")
	}
	text := v.r.PostFormValue("query")
	if q, err = url.ParseQuery(text); err != nil || len(text) > viewQueryMost || !utf8.ValidString(text) || strings.Contains(text, "\x00") {
		return "", nil, invalid("query", "the filters of an address, up to 4000 bytes")
	}
	return path, q, nil
}

// invalid is the refusal of a form's field.
func invalid(field, detail string) error {
	return &domain.Rejection{Code: domain.InvalidValue, Field: field, Detail: detail}
}
