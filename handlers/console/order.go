package console

import "orderledger/internal/auth"

var orderPages = []page{{"GET /orders/{order_id}", auth.Read, (*view).orderPage}}

func (v *view) orderPage() error { return v.show("order", struct{ *view }{v}) }
