package console

import "orderledger/internal/auth"

var findPages = []page{{"GET /find", auth.Read, (*view).missing}}
