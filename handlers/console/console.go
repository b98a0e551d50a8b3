package console

import (
	"cmp"
	"context"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"orderledger/handlers"
	"orderledger/internal/auth"
)

// Options are what a console works on. The caller closes all of it after the server.
type Options struct {
	Server   *handlers.Server
	Sessions *auth.Sessions
	// Verifications runs those that the page of the ledger starts; nil where none can be made.
	Verifications *Verifications
	// Services are those that send commands over the broker, Queue is where what could not be read of them stands. Without
	// services there are no pages of them, without a broker Queue is nil.
	Services *auth.Services
	Queue    jetstream.JetStream
}

// Console is the web console. It is safe for concurrent use.
type Console struct {
	Options
	mux     *http.ServeMux
	handle  http.Handler
	signIns signInLimit
}

// New makes the console.
func New(o Options) *Console {
	c := &Console{Options: o, mux: http.NewServeMux()}
	c.assetRoutes()
	c.signInRoutes()
	c.mux.HandleFunc("POST /preferences", c.setPreference)
	for _, p := range pages {
		c.mux.Handle(p.pattern, c.serve(p))
	}
	c.mux.Handle("/", c.serve(page{"/", auth.Read, (*view).missing}))
	guard := http.NewCrossOriginProtection()
	guard.SetDenyHandler(http.HandlerFunc(c.refuseOrigin))
	c.handle = guard.Handler(c.mux)
	return c
}

// page is one address of the console.
type page struct {
	pattern string
	// needs is what the caller must be allowed to do.
	needs  auth.Operation
	handle func(*view) error
}

// pages are all addresses that need somebody who signed in. Each page's file has a list of its own.
var pages = join(overviewPages, orderListPages, downloadPages, viewPages, orderPages, resourcePages, billPages, accountPages, webhookPages, ledgerPages, servicePages, findPages)

func join(lists ...[]page) []page {
	var all []page
	for _, l := range lists {
		all = append(all, l...)
	}
	return all
}

// ServeHTTP answers a request.
func (c *Console) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Security-Policy", policy)
	// Without a referrer browsers send forms with the origin "null", which is not this one.
	h.Set("Referrer-Policy", "same-origin")
	if !strings.HasSuffix(r.URL.Path, "/download") { // they have more time, and see to it themselves
		ctx, cancel := context.WithTimeout(r.Context(), pageMost)
		defer cancel()
		r = r.WithContext(ctx)
	}
	c.handle.ServeHTTP(w, r)
}

// pageMost bounds a page, for a database that answers nothing: its own bound on statements is of no use then.
const pageMost = 30 * time.Second

// refuseOrigin answers a form that another site's page sent.
func (c *Console) refuseOrigin(w http.ResponseWriter, r *http.Request) {
	c.stranger(w, r).fail(problem(http.StatusForbidden, "not_allowed", "the form comes from a page of another site"))
}

// policy lets a page have what the console itself serves, and nothing else from anywhere: no script or style in the page.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; " +
	"form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// serve answers requests for one page: who asks, whether they may, the page, or what went wrong.
func (c *Console) serve(p page) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		v, err := c.newView(w, r)
		if err == nil && v.who.KeyID == "" {
			v.toSignIn()
			return
		}
		if err == nil && !v.May(p.needs) {
			err = notAllowed(v.who, p.needs)
		}
		if err == nil {
			err = c.Server.Take(v.who)
		}
		if err == nil {
			err = readForm(w, r)
		}
		if err == nil {
			err = p.handle(v)
		}
		if err != nil {
			v.fail(err)
		}
		slog.DebugContext(r.Context(), "page", "method", r.Method, "pattern", p.pattern, "status", cmp.Or(v.status, 200), "key", v.who.KeyID)
	})
}
