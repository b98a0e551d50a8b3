package console_test

import (
	"net/http"
	"testing"

	"orderledger/internal/auth"
)

func TestOrdersAreListedWithWhatTheSeedsShow(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	id := s.place(t, `{"business_group":"ml"}`)
	p := s.signIn(t, "org-acme", auth.Finance)
	page := p.get(t, "/orders")
	page.has(t, `href="/orders/`+id+`"`, `data-copy="`+id+`"`, "New purchase", "GPU instance", "train-1", `class="status unpaid"`, "¥28.86", "By month", "cn-north-1",
		"default", `href="/orders/`+id+`/pay"`, `href="/orders/`+id+`/cancel"`, `href="/orders/`+id+`/document"`, "left</span>")
	p.get(t, "/orders?columns=business_group,status").has(t, ">ml<", `href="/orders/`+id+`"`)
	viewer := s.signIn(t, "org-acme", auth.Viewer)
	viewer.get(t, "/orders").lacks(t, "/pay", "/cancel\"", `type="checkbox" name="order_id"`)
	other := s.signIn(t, "org-other", auth.Finance)
	other.get(t, "/orders?range=all").lacks(t, id)
	if page := other.get(t, "/orders?org_id=org-acme"); page.StatusCode != http.StatusNotFound {
		t.Errorf("another organisation's orders: %s", page.Status)
	}
}
