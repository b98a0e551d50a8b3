package console

import "orderledger/internal/auth"

var accountPages = []page{{"GET /account", auth.Read, (*view).accountPage}}

func (v *view) accountPage() error { return v.show("account", struct{ *view }{v}) }
