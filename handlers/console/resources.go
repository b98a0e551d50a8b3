package console

import "orderledger/internal/auth"

var resourcePages = []page{{"GET /resources", auth.Read, (*view).resourcesPage}}

func (v *view) resourcesPage() error { return v.show("resources", struct{ *view }{v}) }
