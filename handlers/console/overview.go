package console

import "orderledger/internal/auth"

var overviewPages = []page{{"GET /{$}", auth.Read, (*view).overviewPage}}

func (v *view) overviewPage() error { return v.show("overview", struct{ *view }{v}) }
