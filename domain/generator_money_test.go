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
	c := domain.ChangeSettings{OrgID: g.org()}
	small, yes := g.Int64N(10), g.one(2)
	switch g.IntN(10) {
	case 0:
		seconds := g.Int64N(14*24*3600) + 1
		c.PayBeforeSeconds = &seconds
	case 1:
		c.ApprovalOver = map[domain.Currency]domain.Amount{g.currency(): amount(pick(g, "10", "100", "1000"))}
	case 2, 3:
		c.CreditLimit = map[domain.Currency]domain.Amount{g.currency(): amount(pick(g, "0", "50", "500"))}
	case 4:
		c.Proration = map[string]string{pick(g, "*", "gpu", "disk"): pick(g, "second", "hour", "day")}
	case 5:
		c.FourEyes = &yes
	case 6:
		seconds := small * 600
		c.SettlementDelaySeconds = &seconds
	case 7:
		c.OverdueDays = &small
	case 8:
		seconds := small * 1000
		c.RefundFailedAfterSeconds = &seconds
	default:
		zone := pick(g, "Asia/Shanghai", "UTC", "America/New_York", "Mars/Olympus")
		c.TimeZone = &zone
	}
	if g.one(12) {
		seconds := int64(-1)
		c.PayBeforeSeconds = &seconds
	}
	return c
}
