package console_test

import (
	"testing"

	"orderledger/internal/auth"
	"orderledger/internal/browser"
)

// TestSignInInABrowser finds out whether a browser keeps the session's cookie, which insists on a safe connection.
func TestSignInInABrowser(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	s.place(t)
	key, text, err := s.keys.Create(t.Context(), "", auth.Platform, "", "test")
	if err != nil {
		t.Fatal(err)
	}
	link, err := s.sessions.Link(t.Context(), key.KeyID)
	if err != nil {
		t.Fatal(err)
	}
	b := browser.Open(t, s.URL)
	b.Go("/signin/" + link)
	b.Has("Overview", "Organisation")
	b.ClickOn(".menu summary")
	b.Follow("Sign out")
	at(b, "/signin")

	b.Go("/orders?status=paid")
	b.Fill("API key", "ldg_wrong")
	b.Enter()
	b.Has("unknown or revoked")
	b.Fill("API key", text)
	b.Enter()
	if b.Path() != "/orders?status=paid" {
		t.Errorf("signing in led to %s", b.Path())
	}
	if err := s.keys.Revoke(t.Context(), "", key.KeyID); err != nil {
		t.Fatal(err)
	}
	b.Go("/bills")
	b.Has("API key", "Sign in")
}
