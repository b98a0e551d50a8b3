package console

import (
	"errors"
	"net/http"
	"strings"

	"orderledger/internal/auth"
)

// sessionCookie has the session's token. Its prefix makes browsers insist that it is sent over a secure connection (or
// the loopback), to this host alone.
const sessionCookie = "__Host-ledger"

func (c *Console) signInRoutes() {
	c.mux.HandleFunc("GET /signin", func(w http.ResponseWriter, r *http.Request) { c.showSignIn(w, r, "") })
	c.mux.HandleFunc("POST /signin", c.signIn)
	c.mux.HandleFunc("GET /signin/{link}", c.signInByLink)
	c.mux.HandleFunc("POST /signout", c.signOut)
}

// identify finds out who asks; nobody is no error.
func (c *Console) identify(r *http.Request) (auth.Identity, error) {
	cookie, err := r.Cookie(sessionCookie)
	if err != nil {
		return auth.Identity{}, nil
	}
	who, err := c.Sessions.Find(r.Context(), cookie.Value)
	if errors.Is(err, auth.ErrUnauthenticated) {
		return auth.Identity{}, nil
	}
	return who, err
}

// toSignIn sends somebody who is not signed in to the page for it, and back afterwards.
func (v *view) toSignIn() {
	to := "/signin"
	if v.r.Method == http.MethodGet && v.r.URL.Path != "/" {
		to += "?back=" + queryEscape(v.r.URL.RequestURI())
	}
	http.Redirect(v.w, v.r, to, http.StatusSeeOther)
}

type signInPage struct {
	*view
	// Back is where to go afterwards, Wrong the word for what was wrong.
	Back, Wrong string
}

func (c *Console) showSignIn(w http.ResponseWriter, r *http.Request, wrong string) {
	v := &view{c: c, w: w, r: r, preferences: preferencesOf(r)}
	if wrong != "" {
		v.status = http.StatusUnauthorized
	}
	if err := v.render("signin", "bare", signInPage{v, localPath(r.FormValue("back")), wrong}); err != nil {
		v.fail(err)
	}
}

// signIn starts a session of the key that was typed.
func (c *Console) signIn(w http.ResponseWriter, r *http.Request) {
	who, err := c.Server.Keys.Find(r.Context(), strings.TrimSpace(r.PostFormValue("key")))
	if errors.Is(err, auth.ErrUnauthenticated) {
		c.showSignIn(w, r, "signin.wrong_key")
		return
	}
	var token string
	if err == nil {
		token, err = c.Sessions.Start(r.Context(), who.KeyID)
	}
	c.signedIn(w, r, token, localPath(r.PostFormValue("back")), err)
}

func (c *Console) signInByLink(w http.ResponseWriter, r *http.Request) {
	token, err := c.Sessions.UseLink(r.Context(), r.PathValue("link"))
	if errors.Is(err, auth.ErrUnauthenticated) {
		c.showSignIn(w, r, "signin.wrong_link")
		return
	}
	c.signedIn(w, r, token, "/", err)
}

func (c *Console) signedIn(w http.ResponseWriter, r *http.Request, token, to string, err error) {
	if err != nil {
		(&view{c: c, w: w, r: r, preferences: preferencesOf(r)}).fail(err)
		return
	}
	http.SetCookie(w, &http.Cookie{Name: sessionCookie, Value: token, Path: "/", Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode})
	http.Redirect(w, r, to, http.StatusSeeOther)
}

func (c *Console) signOut(w http.ResponseWriter, r *http.Request) {
	if cookie, err := r.Cookie(sessionCookie); err == nil {
		if err := c.Sessions.End(r.Context(), cookie.Value); err != nil {
			(&view{c: c, w: w, r: r, preferences: preferencesOf(r)}).fail(err)
			return
		}
	}
	http.SetCookie(w, &http.Cookie{Name: sessionCookie, Path: "/", MaxAge: -1, Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode})
	http.Redirect(w, r, "/signin", http.StatusSeeOther)
}
