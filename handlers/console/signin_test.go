package console_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"orderledger/internal/auth"
)

// request sends one request as it is, without following it anywhere.
func (s *system) request(t *testing.T, method, path string, form url.Values, headers ...string) seen {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, s.URL+path, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		if headers[i] == "Host" {
			r.Host = headers[i+1]
		}
		r.Header.Set(headers[i], headers[i+1])
	}
	response, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	response.Request = r
	return seen{response, string(body)}
}

// session is the cookie that an answer sets, "" for none.
func (s seen) session() string {
	for _, c := range s.Cookies() {
		if c.Name == "__Host-ledger" {
			return c.Value
		}
	}
	return ""
}

func (s seen) is(t *testing.T, status int, location string) {
	t.Helper()
	if s.StatusCode != status || s.Header.Get("Location") != location {
		t.Errorf("%s %s: %d to %q, want %d to %q\n%s", s.Request.Method, s.Request.URL.Path, s.StatusCode, s.Header.Get("Location"), status, location, s.Body)
	}
}

func TestSignInByKeyAndOut(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	_, key, err := s.keys.Create(t.Context(), "org-acme", auth.Viewer, "", "test")
	if err != nil {
		t.Fatal(err)
	}
	s.request(t, http.MethodGet, "/", nil).is(t, http.StatusSeeOther, "/signin")
	s.request(t, http.MethodGet, "/orders?status=paid", nil).is(t, http.StatusSeeOther, "/signin?back=%2Forders%3Fstatus%3Dpaid")
	s.request(t, http.MethodGet, "/signin?back=%2Forders%3Fstatus%3Dpaid", nil).has(t, `name="back" value="/orders?status=paid"`, `type="password"`)

	wrong := s.request(t, http.MethodPost, "/signin", url.Values{"key": {key + "0"}, "back": {"/orders"}})
	wrong.is(t, http.StatusUnauthorized, "")
	wrong.has(t, "unknown or revoked", `value="/orders"`)
	wrong.lacks(t, key)

	in := s.request(t, http.MethodPost, "/signin", url.Values{"key": {" " + key + "\n"}, "back": {"/orders?status=paid"}})
	in.is(t, http.StatusSeeOther, "/orders?status=paid")
	for _, want := range []string{"__Host-ledger=", "Path=/", "HttpOnly", "Secure", "SameSite=Lax"} {
		if got := in.Header.Get("Set-Cookie"); !strings.Contains(got, want) || strings.Contains(got, "Domain") || strings.Contains(got, "Max-Age") {
			t.Errorf("the cookie is %s, without %s", got, want)
		}
	}
	cookie := "__Host-ledger=" + in.session()
	s.request(t, http.MethodGet, "/orders", nil, "Cookie", cookie).is(t, http.StatusOK, "")

	again := s.request(t, http.MethodPost, "/signin", url.Values{"key": {key}}, "Cookie", cookie)
	again.is(t, http.StatusSeeOther, "/")
	s.request(t, http.MethodGet, "/bills", nil, "Cookie", cookie).is(t, http.StatusSeeOther, "/signin?back=%2Fbills") // the session before ended
	cookie = "__Host-ledger=" + again.session()
	out := s.request(t, http.MethodPost, "/signout", nil, "Cookie", cookie)
	out.is(t, http.StatusSeeOther, "/signin")
	if got := out.Header.Get("Set-Cookie"); !strings.Contains(got, "__Host-ledger=; ") || !strings.Contains(got, "Max-Age=0") {
		t.Errorf("signing out leaves the cookie: %s", got)
	}
	s.request(t, http.MethodGet, "/bills", nil, "Cookie", cookie).is(t, http.StatusSeeOther, "/signin?back=%2Fbills")
	s.request(t, http.MethodPost, "/orders/x/pay", url.Values{"key": {"k"}}, "Cookie", cookie).is(t, http.StatusSeeOther, "/signin?back=%2Forders%2Fx%2Fpay")
	s.request(t, http.MethodPost, "/views", nil, "Cookie", cookie).is(t, http.StatusSeeOther, "/signin")
	part := s.request(t, http.MethodGet, "/bills", nil, "HX-Request", "true")
	if part.is(t, http.StatusUnauthorized, ""); part.Header.Get("HX-Redirect") != "/signin" {
		t.Errorf("htmx is sent to %q", part.Header.Get("HX-Redirect"))
	}
}

func TestSignInByLinkOnce(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	key, _, err := s.keys.Create(t.Context(), "", auth.Platform, "", "test")
	if err != nil {
		t.Fatal(err)
	}
	link, err := s.sessions.Link(t.Context(), key.KeyID)
	if err != nil {
		t.Fatal(err)
	}
	s.request(t, http.MethodHead, "/signin/"+link, nil).is(t, http.StatusOK, "")
	in := s.request(t, http.MethodGet, "/signin/"+link, nil)
	in.is(t, http.StatusSeeOther, "/")
	s.request(t, http.MethodGet, "/", nil, "Cookie", "__Host-ledger="+in.session()).is(t, http.StatusOK, "")
	used := s.request(t, http.MethodGet, "/signin/"+link, nil)
	if used.is(t, http.StatusUnauthorized, ""); used.session() != "" {
		t.Error("a used link starts a session")
	}
	used.has(t, "This link was used")
}

func TestSignInLeadsNowhereElse(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	_, key, err := s.keys.Create(t.Context(), "", auth.Platform, "", "test")
	if err != nil {
		t.Fatal(err)
	}
	for _, back := range []string{"https://evil.example/", "//evil.example", `/\evil.example`, `\\evil.example`, "/\t/evil.example", "javascript:alert(1)", "evil", "///evil.example", "/%09/../\x01"} {
		in := s.request(t, http.MethodPost, "/signin", url.Values{"key": {key}, "back": {back}})
		if to, err := url.Parse(in.Header.Get("Location")); err != nil || to.Host != "" || to.Scheme != "" || strings.HasPrefix(to.Path, "//") || in.StatusCode != http.StatusSeeOther {
			t.Errorf("%q leads to %q (%s)", back, in.Header.Get("Location"), in.Status)
		}
	}
	for _, back := range []string{"https://evil.example/", "//evil.example"} {
		s.request(t, http.MethodPost, "/preferences", url.Values{"theme": {"dark"}, "back": {back}}).is(t, http.StatusSeeOther, "/")
	}
}

// TestFormsOfOtherSitesAreRefused sends what browsers send for a form on another site's page, new browsers and old ones.
func TestFormsOfOtherSitesAreRefused(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	p := s.signIn(t, "", auth.Platform)
	cookie := "__Host-ledger=" + p.token()
	for _, h := range [][]string{{"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Site", "same-site"}, {"Origin", "https://evil.example"}, {"Origin", "null"}} {
		refused := s.request(t, http.MethodPost, "/signout", nil, append(h, "Cookie", cookie)...)
		refused.is(t, http.StatusForbidden, "")
		refused.has(t, "Not allowed", "not_allowed")
	}
	s.request(t, http.MethodGet, "/orders", nil, "Cookie", cookie, "Sec-Fetch-Site", "cross-site").is(t, http.StatusOK, "") // a link is fine
	own := s.request(t, http.MethodPost, "/signout", nil, "Cookie", cookie, "Origin", s.URL)
	own.is(t, http.StatusSeeOther, "/signin")
}

func TestPagesMayHaveNothingFromElsewhere(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	p := s.signIn(t, "", auth.Platform)
	for _, path := range []string{"/", "/nothing-here", "/signin"} {
		page := p.get(t, path)
		h := page.Header
		for _, want := range []string{"default-src 'none'", "script-src 'self'", "style-src 'self'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'"} {
			if got := h.Get("Content-Security-Policy"); !strings.Contains(got, want) || strings.Contains(got, "unsafe") {
				t.Errorf("%s: the policy is %s, without %s", path, got, want)
			}
		}
		if h.Get("X-Content-Type-Options") != "nosniff" || h.Get("Referrer-Policy") != "same-origin" || h.Get("Cache-Control") != "no-store" || h.Get("X-Frame-Options") != "DENY" {
			t.Errorf("%s: headers %v", path, h)
		}
		page.lacks(t, "<script>", " style=", " onclick=", "http://", "https://")
	}
}

func TestStrangersSeeNoOrganisation(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	s.place(t)
	s.signIn(t, "", auth.Platform).get(t, "/").has(t, "org-acme") // it is offered to who may see it
	for _, page := range []seen{
		s.request(t, http.MethodGet, "/signin", nil),
		s.request(t, http.MethodGet, "/%00", nil),
		s.request(t, http.MethodGet, "/orders?x=%ff", nil),
		s.request(t, http.MethodPost, "/signin", url.Values{"key": {"x"}}, "Sec-Fetch-Site", "cross-site"),
		s.request(t, http.MethodPost, "/signin", url.Values{"key": {strings.Repeat("x", 2<<20)}}),
	} {
		page.lacks(t, "org-acme", "org_id")
	}
}

func TestOtherOrganisationsAreNotFound(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	theirs := s.place(t, `{"org_id":"org-other"}`)
	s.place(t)
	p := s.signIn(t, "org-acme", auth.OrgAdmin)
	for _, path := range []string{"/orders/" + theirs, "/orders?org_id=org-other", "/?org_id=org-other", "/account?org_id=org-other", "/?org_id=%27", "/nothing"} {
		page := p.get(t, path)
		if page.StatusCode != http.StatusNotFound {
			t.Errorf("%s: %s", path, page.Status)
		}
		page.lacks(t, theirs+"</", "org-other</")
	}
}

func TestSignInIsBounded(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	statuses := map[int]int{}
	for range 60 {
		statuses[s.request(t, http.MethodPost, "/signin", url.Values{"key": {"ldg_x_y"}}).StatusCode]++
	}
	if statuses[http.StatusUnauthorized] < 20 || statuses[http.StatusTooManyRequests] < 20 {
		t.Errorf("60 attempts were answered %v", statuses)
	}
	slow := s.request(t, http.MethodGet, "/signin/x", nil)
	if slow.is(t, http.StatusTooManyRequests, ""); slow.Header.Get("Retry-After") == "" {
		t.Error("there is no word when to try again")
	}
	slow.has(t, "Too many attempts")
}

func TestSignInSaysThatItNeedsHTTPS(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	_, key, err := s.keys.Create(t.Context(), "", auth.Platform, "", "test")
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		headers  []string
		insecure bool
	}{
		"another machine by http":         {[]string{"Host", "ledger.example:8080"}, true},
		"its address":                     {[]string{"Host", "192.0.2.7:8080"}, true},
		"behind a proxy that says so":     {[]string{"Host", "ledger.example", "X-Forwarded-Proto", "https"}, false},
		"a browser that found it to be":   {[]string{"Host", "ledger.example", "Sec-Fetch-Site", "same-origin"}, false},
		"this machine":                    {[]string{"Host", "localhost:8080"}, false},
		"this machine's newer address":    {[]string{"Host", "[::1]:8080"}, false},
		"a name that begins like its own": {[]string{"Host", "localhost.evil.example"}, true},
	} {
		page := s.request(t, http.MethodGet, "/signin", nil, c.headers...)
		if strings.Contains(page.Body, "not encrypted") != c.insecure {
			t.Errorf("%s: %s", name, page.Body)
		}
		in := s.request(t, http.MethodPost, "/signin", url.Values{"key": {key}}, c.headers...)
		if (in.session() == "") != c.insecure {
			t.Errorf("%s: signed in with %s", name, in.Status)
		}
	}
}

func TestPagesAreCompressed(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	cookie := "__Host-ledger=" + s.signIn(t, "", auth.Platform).token()
	plain := s.request(t, http.MethodGet, "/orders", nil, "Cookie", cookie, "Accept-Encoding", "gzip;q=0, br")
	if plain.Header.Get("Content-Encoding") != "" || plain.Header.Get("Vary") != "Accept-Encoding" {
		t.Errorf("headers %v", plain.Header)
	}
	zipped := s.request(t, http.MethodGet, "/orders", nil, "Cookie", cookie, "Accept-Encoding", "br, gzip")
	z, err := gzip.NewReader(bytes.NewReader([]byte(zipped.Body)))
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(z)
	if err != nil || zipped.Header.Get("Content-Encoding") != "gzip" {
		t.Fatalf("%v, headers %v", err, zipped.Header)
	}
	seen{zipped.Response, string(text)}.has(t, "<!doctype html>", "</html>")
	if len(zipped.Body)*2 > len(text) {
		t.Errorf("%d bytes of %d", len(zipped.Body), len(text))
	}
}

func TestPreferencesAreRemembered(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	back := s.request(t, http.MethodPost, "/preferences", url.Values{"lang": {"zh"}, "theme": {"nonsense"}, "back": {"/signin?back=%2Forders"}})
	back.is(t, http.StatusSeeOther, "/signin?back=%2Forders")
	if got := back.Header.Values("Set-Cookie"); len(got) != 1 || !strings.Contains(got[0], "ledger_lang=zh") {
		t.Errorf("cookies %v", got)
	}
	s.request(t, http.MethodGet, "/signin", nil, "Cookie", "ledger_lang=zh; ledger_theme=dark").has(t, `lang="zh"`, `data-theme="dark"`, "登录")
	s.request(t, http.MethodGet, "/signin", nil, "Accept-Language", "zh-CN,zh;q=0.9,en;q=0.5").has(t, `lang="zh"`)
	s.request(t, http.MethodGet, "/signin", nil, "Cookie", `ledger_lang=fr; ledger_theme="><script>`).has(t, `lang="en"`)
}

// token is the session's of somebody who signed in.
func (p *person) token() string {
	c, _ := p.http.Transport.(cookies)
	return strings.TrimPrefix(c.session, "__Host-ledger=")
}
