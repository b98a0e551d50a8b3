package console

import (
	"bytes"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/google/uuid"

	"orderledger/domain"
	"orderledger/handlers"
	"orderledger/internal/auth"
	"orderledger/projections"
)

// view is one request for a page: who asks, about which organisation, in which language and zone. What a template is
// given embeds it, so that the template has its methods: {{.T "key"}}, {{$.Money .Amount .Currency}}.
type view struct {
	c *Console
	w http.ResponseWriter
	r *http.Request

	who auth.Identity
	preferences
	// org is the organisation that the page is about: the key's own, or for a platform key the one that org_id names, or
	// projections.AllOrgs.
	org string
	// now is the time of the request.
	now time.Time
	// seen is the position that the page must have reached: of what this person did last.
	seen int64
	// asOf is the position that the page is as of, once something was read.
	asOf   int64
	status int
	zone   *time.Location
}

func (c *Console) newView(w http.ResponseWriter, r *http.Request) (*view, error) {
	v := &view{c: c, w: w, r: r, now: time.Now(), preferences: preferencesOf(r), org: projections.AllOrgs}
	v.zone, _ = domain.Zone(domain.DefaultTimeZone) // it is built in
	var err error
	if err = readable(r); err != nil {
		return v, err
	}
	if v.who, err = c.identify(r); err != nil {
		return v, err
	}
	if v.who.OrgID != "" {
		v.org = v.who.OrgID
	}
	if named := r.URL.Query().Get("org_id"); named != "" {
		if v.who.OrgID != "" && named != v.who.OrgID || !domain.ValidID(named) {
			return v, handlers.NotFound()
		}
		v.org = named
	}
	v.seen = seenPosition(r)
	return v, v.useZone()
}

// useZone takes the organisation's time zone for the page, which the person may have changed last; UTC where they prefer
// that.
func (v *view) useZone() error {
	if v.Clock == clockUTC {
		v.zone = time.UTC
	}
	if v.org == projections.AllOrgs || v.who.KeyID == "" {
		return nil
	}
	if err := v.reach(projections.Orgs); err != nil || v.Clock == clockUTC { // months and days are in the zone all the same
		return err
	}
	zone, err := v.c.zoneOf(v.r.Context(), v.org)
	if err == nil {
		v.zone = zone
	}
	return err
}

// reach waits until read models show what this person did last; every page calls it before it reads.
func (v *view) reach(models ...string) error {
	if v.seen == 0 {
		return nil
	}
	return v.c.Server.Reach(v.r.Context(), v.seen, models...)
}

// May says whether the person may do something.
func (v *view) May(o auth.Operation) bool { return v.who.Role.May(o) }

// Who is who asks.
func (v *view) Who() auth.Identity { return v.who }

// Org is the organisation that the page is about, "" for all.
func (v *view) Org() string {
	if v.org == projections.AllOrgs {
		return ""
	}
	return v.org
}

// AllOrgs says whether the page is about all organisations.
func (v *view) AllOrgs() bool { return v.org == projections.AllOrgs }

// Path is the address of the page without its query, escaped: ids of resources have any characters.
func (v *view) Path() string { return v.r.URL.EscapedPath() }

// AsOf is the position that the page is as of, 0 for none.
func (v *view) AsOf() int64 { return v.asOf }

// Now is the time of the request.
func (v *view) Now() time.Time { return v.now }

// NewKey makes an idempotency key for a form: sent twice, it counts once.
func (v *view) NewKey() string { return "console-" + uuid.NewString() }

// To is the address of a page: a path, and names and values of its query; empty values are left out. A platform key's
// organisation goes along.
func (v *view) To(path string, pairs ...string) string {
	q := url.Values{}
	if v.who.OrgID == "" && v.Org() != "" {
		q.Set("org_id", v.org)
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		if q.Del(pairs[i]); pairs[i+1] != "" {
			q.Set(pairs[i], pairs[i+1])
		}
	}
	if len(q) == 0 {
		return path
	}
	return path + "?" + q.Encode()
}

// Here is the address of this page with some of its query changed; an empty value takes a name out. The cursor is taken
// out with every change: it belongs to the list as it was.
func (v *view) Here(pairs ...string) string {
	q := v.r.URL.Query()
	q.Del("cursor")
	q.Del("done")
	q.Del("keep")
	for i := 0; i+1 < len(pairs); i += 2 {
		if q.Del(pairs[i]); pairs[i+1] != "" {
			q.Set(pairs[i], pairs[i+1])
		}
	}
	if len(q) == 0 {
		return v.Path()
	}
	return v.Path() + "?" + q.Encode()
}

// Query is a value of the address's query.
func (v *view) Query(name string) string { return v.r.URL.Query().Get(name) }

// Done is the name of what was just done, for the notice on top of the page; "" is none. A page has words for its own:
// done.NAME.
func (v *view) Done() string {
	done := v.Query("done")
	if !v.Has("done." + done) {
		return ""
	}
	return done
}

// show answers with a page: the template of that name within the frame of all pages. data embeds the view.
func (v *view) show(name string, data any) error { return v.render(name, "layout", data) }

// part answers with a template alone, for htmx.
func (v *view) part(name, block string, data any) error { return v.render(name, block, data) }

func (v *view) render(name, block string, data any) error {
	t := templates[name]
	if t == nil {
		return fmt.Errorf("there is no template %q", name)
	}
	var b bytes.Buffer
	if err := t.ExecuteTemplate(&b, block, data); err != nil {
		return fmt.Errorf("make the page %s: %w", name, err)
	}
	v.send(b.Bytes())
	return nil
}

// did sends the browser on after a command: the page that it goes to has what the command did.
func (v *view) did(result handlers.Result, to string) error {
	v.remember(result.Last)
	http.Redirect(v.w, v.r, to, http.StatusSeeOther)
	return nil
}

// command carries out the command of a form: its field "key" is the idempotency key.
func (v *view) command(name string, body []byte) (handlers.Result, error) {
	return v.c.Server.Act(v.r.Context(), v.who, name, v.r.PostFormValue("key"), body)
}

// isPart says whether htmx asks for a part of the page.
func (v *view) isPart() bool { return strings.EqualFold(v.r.Header.Get("HX-Request"), "true") }
