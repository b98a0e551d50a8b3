package console_test

import (
	"net/http"
	"testing"

	"orderledger/internal/auth"
)

func TestEveryPageOpens(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	id := s.place(t)
	p := s.signIn(t, "", auth.Platform)
	for _, path := range []string{"/", "/orders", "/orders/" + id, "/resources", "/bills", "/account?org_id=org-acme", "/ledger"} {
		page := p.get(t, path)
		if page.StatusCode != http.StatusOK {
			t.Errorf("%s: %s\n%s", path, page.Status, page.Body)
		}
	}
}
