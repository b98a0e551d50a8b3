package console

import "orderledger/internal/auth"

var ledgerPages = []page{{"GET /ledger", auth.Read, (*view).ledgerPage}}

func (v *view) ledgerPage() error { return v.show("ledger", struct{ *view }{v}) }
