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
	c.mux.HandleFunc("GET /signin", func(w http.ResponseWriter, r *http.Request) { c.showSignIn(w, r, http.StatusOK, "") })
	c.mux.HandleFunc("POST /signin", c.guardSignIn(c.signIn))
	c.mux.HandleFunc("GET /signin/{link}", c.guardSignIn(c.signInByLink))
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

// toSignIn sends somebody who is not signed in to the page for it, and back afterwards. htmx is told to load it as a page,
// not into a part of this one.
func (v *view) toSignIn() {
	to := "/signin"
	if v.r.URL.Path != "/" && !v.isPart() && v.c.canOpen(v.r) {
		to += "?back=" + queryEscape(v.r.URL.RequestURI())
	}
	if v.isPart() {
		v.w.Header().Set("HX-Redirect", to)
		v.w.WriteHeader(http.StatusUnauthorized)
		return
	}
	http.Redirect(v.w, v.r, to, http.StatusSeeOther)
}

// canOpen says whether the address of a request can be opened: most forms are sent to the address of their page, where
// somebody whose session ended meanwhile begins anew.
func (c *Console) canOpen(r *http.Request) bool {
	get := *r
	get.Method = http.MethodGet
	_, pattern := c.mux.Handler(&get)
	return r.Method == http.MethodGet || strings.HasPrefix(pattern, http.MethodGet)
}

type signInPage struct {
	*view
	// Back is where to go afterwards, Wrong the key of the words for what was wrong.
	Back, Wrong string
	// Insecure: the browser would not keep the session.
	Insecure bool
}

func (c *Console) showSignIn(w http.ResponseWriter, r *http.Request, status int, wrong string) {
	v := c.stranger(w, r)
	v.status = status
	if err := v.render("signin", "bare", signInPage{v, localPath(r.FormValue("back")), wrong, unsafeConnection(r)}); err != nil {
		v.fail(err)
	}
}

// stranger is the view of who has not signed in.
func (c *Console) stranger(w http.ResponseWriter, r *http.Request) *view {
	return &view{c: c, w: w, r: r, preferences: preferencesOf(r)}
}

// guardSignIn keeps from trying too often, and from starting sessions that the browser would lose at once.
func (c *Console) guardSignIn(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		switch {
		case unsafeConnection(r):
			c.showSignIn(w, r, http.StatusBadRequest, "") // the page says so itself
		case !c.signIns.take(r):
			w.Header().Set("Retry-After", "10")
			c.showSignIn(w, r, http.StatusTooManyRequests, "signin.too_many")
		default:
			next(w, r)
		}
	}
}

// signIn starts a session of the key that was typed.
func (c *Console) signIn(w http.ResponseWriter, r *http.Request) {
	if err := readForm(w, r); err != nil {
		c.stranger(w, r).fail(err)
		return
	}
	who, err := c.Server.Keys.Find(r.Context(), strings.TrimSpace(r.PostFormValue("key")))
	if errors.Is(err, auth.ErrUnauthenticated) {
		c.showSignIn(w, r, http.StatusUnauthorized, "signin.wrong_key")
		return
	}
	var token string
	if err == nil {
		token, err = c.Sessions.Start(r.Context(), who.KeyID)
	}
	c.signedIn(w, r, token, localPath(r.PostFormValue("back")), err)
}

func (c *Console) signInByLink(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodHead { // some programs look at a link before a person opens it
		return
	}
	token, err := c.Sessions.UseLink(r.Context(), r.PathValue("link"))
	if errors.Is(err, auth.ErrUnauthenticated) {
		c.showSignIn(w, r, http.StatusUnauthorized, "signin.wrong_link")
		return
	}
	c.signedIn(w, r, token, "/", err)
}

// signedIn gives the browser its session, in the place of the one that it may have had, which ends.
func (c *Console) signedIn(w http.ResponseWriter, r *http.Request, token, to string, err error) {
	if err == nil {
		err = c.endSession(r)
	}
	if err != nil {
		c.stranger(w, r).fail(err)
		return
	}
	http.SetCookie(w, &http.Cookie{Name: sessionCookie, Value: token, Path: "/", Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode})
	http.Redirect(w, r, to, http.StatusSeeOther)
}

func (c *Console) endSession(r *http.Request) error {
	cookie, err := r.Cookie(sessionCookie)
	if err != nil {
		return nil // there is none
	}
	return c.Sessions.End(r.Context(), cookie.Value)
}

func (c *Console) signOut(w http.ResponseWriter, r *http.Request) {
	if err := c.endSession(r); err != nil {
		c.stranger(w, r).fail(err)
		return
	}
	// What was done is forgotten with who did it.
	for _, name := range []string{sessionCookie, seenCookie} {
		http.SetCookie(w, &http.Cookie{Name: name, Path: "/", MaxAge: -1, Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode})
	}
	http.Redirect(w, r, "/signin", http.StatusSeeOther)
}
