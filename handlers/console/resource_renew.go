package console

import (
	"net/http"
	"net/url"
	"strings"

	"orderledger/domain"
)

// renewView is the page of how a resource is renewed by itself.
type renewView struct {
	form
	Resource *domain.Resource
	// Policy is how it is now, or would be at first.
	Policy domain.AutoRenew
}

// autoRenewPage shows how a resource is renewed by itself, or changes it.
func (v *view) autoRenewPage() error {
	r, err := v.openResource()
	if err != nil {
		return err
	}
	one, err := domain.ParseDecimal("1")
	if err != nil {
		return err
	}
	page := renewView{form: v.form(), Resource: r, Policy: domain.AutoRenew{Enabled: true, Quantity: one, BeforeSeconds: domain.DefaultRenewBeforeSeconds}}
	if r.AutoRenew != nil {
		page.Policy = *r.AutoRenew
	}
	if v.r.Method == http.MethodPost {
		result, err := page.send("set_auto_renew", page.body())
		if err == nil {
			return v.did(result, v.withDone(v.ResourceLink(r.OrgID, r.ResourceID), "set_auto_renew"))
		}
		page.refused(err)
	}
	return v.show("resource_renew", page)
}

// body is the command as it was typed; a number that is none is left to it to refuse.
func (p renewView) body() fields {
	b := fields{"org_id": p.Resource.OrgID, "resource_id": p.Resource.ResourceID, "enabled": p.Typed("enabled", "") == "true"}
	b.text("quantity", strings.TrimSpace(p.Typed("quantity", "")))
	b["before_seconds"] = p.lengthTyped("before_seconds")
	return b
}

// withDone is an address whose page tells what was done.
func (v *view) withDone(address, done string) string {
	u, err := url.Parse(address)
	if err != nil {
		return address
	}
	q := u.Query()
	q.Set("done", done)
	u.RawQuery = q.Encode()
	return u.String()
}
