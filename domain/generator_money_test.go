package domain_test

import (
	"fmt"

	"orderledger/domain"
)

func (g *generator) topUp() domain.Command {
	c := domain.TopUp{OrgID: g.org(), Currency: g.currency(), Reference: fmt.Sprint("bank-", g.IntN(2000))}
	c.Amount = g.amount(c.Currency, pick[int64](g, 10, 300, 300, 3000))
	return c
}

func (g *generator) settings() domain.Command {
	seconds := g.Int64N(14*24*3600) + 1
	return domain.ChangeSettings{OrgID: g.org(), PayBeforeSeconds: &seconds}
}
