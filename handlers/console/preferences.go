package console

import (
	"net/http"
	"slices"
	"strconv"

	"golang.org/x/text/language"
)

// preferences are how a person likes to see pages. They are in cookies, which hold no secret.
type preferences struct {
	// Lang is en or zh.
	Lang string
	// Theme is light, dark, or "" for the system's.
	Theme string
	// Clock is org (the organisation's zone), utc or relative.
	Clock string
	// Keys is off for who wants no shortcuts of single keys, which can get in the way of speaking to the computer.
	Keys string
}

const (
	clockOrg      = "org"
	clockUTC      = "utc"
	clockRelative = "relative"
)

// choices are the values that each preference may have, the first one by default.
var choices = map[string][]string{
	"lang":  {"", "en", "zh"},
	"theme": {"", "light", "dark"},
	"clock": {clockOrg, clockUTC, clockRelative},
	"keys":  {"on", "off"},
}

var matcher = language.NewMatcher([]language.Tag{language.English, language.Chinese})

func preferencesOf(r *http.Request) preferences {
	p := preferences{Lang: preference(r, "lang"), Theme: preference(r, "theme"), Clock: preference(r, "clock"), Keys: preference(r, "keys")}
	if p.Lang == "" {
		_, i := language.MatchStrings(matcher, r.Header.Get("Accept-Language"))
		p.Lang = []string{"en", "zh"}[i]
	}
	return p
}

// preference reads one from its cookie.
func preference(r *http.Request, name string) string {
	if c, err := r.Cookie("ledger_" + name); err == nil && slices.Contains(choices[name], c.Value) {
		return c.Value
	}
	return choices[name][0]
}

// setPreference keeps one preference and goes back to the page. It is open to everybody: there is the page for signing in.
func (c *Console) setPreference(w http.ResponseWriter, r *http.Request) {
	if err := readForm(w, r); err != nil {
		c.stranger(w, r).fail(err)
		return
	}
	for name, values := range choices {
		if value := r.PostFormValue(name); r.PostForm.Has(name) && slices.Contains(values, value) {
			http.SetCookie(w, &http.Cookie{
				Name: "ledger_" + name, Value: value, Path: "/", MaxAge: 365 * 24 * 3600, HttpOnly: true,
				Secure: true, SameSite: http.SameSiteLaxMode,
			})
		}
	}
	http.Redirect(w, r, localPath(r.PostFormValue("back")), http.StatusSeeOther)
}

const seenCookie = "ledger_seen"

// remember makes every page from now on wait for a position.
func (v *view) remember(position int64) {
	http.SetCookie(v.w, &http.Cookie{
		Name: seenCookie, Value: strconv.FormatInt(max(position, v.seen), 10), Path: "/", HttpOnly: true, Secure: true,
		SameSite: http.SameSiteLaxMode, MaxAge: 60,
	})
}

// seenPosition is the position that a page must have reached: of the person's last command, or the one that the address
// names.
func seenPosition(r *http.Request) int64 {
	seen, _ := strconv.ParseInt(r.URL.Query().Get("min_position"), 10, 64)
	if c, err := r.Cookie(seenCookie); err == nil {
		n, _ := strconv.ParseInt(c.Value, 10, 64)
		seen = max(seen, n)
	}
	return max(seen, 0)
}
