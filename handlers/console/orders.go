package console

import "orderledger/internal/auth"

var orderListPages = []page{{"GET /orders", auth.Read, (*view).ordersPage}}

func (v *view) ordersPage() error { return v.show("orders", struct{ *view }{v}) }
