package console

import "orderledger/internal/auth"

var billPages = []page{{"GET /bills", auth.Read, (*view).billsPage}}

func (v *view) billsPage() error { return v.show("bills", struct{ *view }{v}) }
