package domain_test

import (
	"fmt"
	"slices"
	"time"

	"orderledger/domain"
)

var moneyKinds = []kind{
	{6, (*generator).topUp},
	{2, (*generator).settings},
	{1, (*generator).withdraw},
	{2, (*generator).freeze},
	{3, (*generator).gift},
	{3, (*generator).voucher},
	{6, (*generator).refund},
	{1, func(g *generator) domain.Command { return domain.LapseFunds{OrgID: g.org()} }},
	{3, (*generator).collect},
}

func (g *generator) topUp() domain.Command {
	c := domain.TopUp{OrgID: g.org(), Currency: g.currency(), Reference: fmt.Sprint("bank-", g.IntN(400))}
	most := pick[int64](g, 10, 300, 1000, 5000)
	if g.poor {
		most = pick[int64](g, 10, 20, 50, 500)
	}
	c.Amount = g.amount(c.Currency, most)
	return c
}

func (g *generator) settings() domain.Command {
	c := domain.ChangeSettings{OrgID: g.org()}
	small, yes := g.Int64N(10), g.one(2)
	switch g.IntN(12) {
	case 0:
		seconds := g.Int64N(14*24*3600) + 1
		c.PayBeforeSeconds = &seconds
	case 1:
		c.ApprovalOver = map[domain.Currency]domain.Amount{g.currency(): amount(pick(g, "10", "50", "1000"))}
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
	case 9:
		seconds := small * 40000
		c.FulfilWithinSeconds = &seconds
	case 10:
		seconds := small * 40000
		c.ReleaseAfterSeconds, c.RefundUnfulfilledAfterSeconds = &seconds, &small
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

// collect comes after money that no top-up brought.
func (g *generator) collect() domain.Command {
	c := domain.CollectArrears{OrgID: g.org()}
	a := g.Account(c.OrgID)
	g.astray = a == nil || a.Arrears.Len() == 0 || !slices.ContainsFunc(a.Balances, func(b domain.Balance) bool { return b.Total().Sign() > 0 })
	return c
}

func (g *generator) withdraw() domain.Command {
	c := domain.Withdraw{OrgID: g.org(), Currency: g.currency(), Reference: fmt.Sprint("bank-", g.IntN(400))}
	c.Amount = g.amount(c.Currency, pick[int64](g, 5, 20, 3000))
	return c
}

func (g *generator) freeze() domain.Command {
	c := domain.FreezeFunds{OrgID: g.org(), Currency: g.currency(), Reason: g.reason()}
	c.Amount = g.amount(c.Currency, pick[int64](g, 5, 20, 3000))
	if frozen := g.Account(c.OrgID).Balance(c.Currency).Frozen; frozen.Sign() > 0 && g.one(2) {
		c.Amount = frozen
	}
	if g.one(2) {
		return domain.ReleaseFunds(c)
	}
	return c
}

func (g *generator) gift() domain.Command {
	c := domain.GrantGift{OrgID: g.org(), Currency: g.currency(), Reason: g.reason()}
	c.Amount, c.ExpiresAt = g.amount(c.Currency, pick[int64](g, 60, 60, 800)), g.end()
	return c
}

// end is a time soon to come, or none; now and then one that is over.
func (g *generator) end() *time.Time {
	if g.one(3) {
		return nil
	}
	end := g.now.Add(time.Duration(g.IntN(30*24)-6) * time.Hour)
	return &end
}

func (g *generator) voucher() domain.Command {
	c := domain.IssueVoucher{OrgID: g.org(), Currency: g.currency(), ValidTo: g.end()}
	c.Amount = g.amount(c.Currency, 60)
	if g.one(2) {
		c.VoucherID = fmt.Sprint("v-", g.IntN(400))
	}
	if g.one(5) {
		from := g.now.Add(time.Duration(g.IntN(48)) * time.Hour)
		c.ValidFrom = &from
	}
	if g.one(5) {
		least := g.amount(c.Currency, 50)
		c.MinSpend = &least
	}
	if g.one(4) {
		c.Products = []string{pick(g, "gpu", "disk"), "cluster"}
	}
	if g.one(5) {
		c.ChargeModes = []domain.ChargeMode{domain.ModeMonth, domain.ModeMetered}
	}
	if g.one(5) {
		c.OrderTypes = []domain.OrderType{domain.Purchase, domain.UsageSettlement}
	}
	return c
}

func (g *generator) refund() domain.Command {
	o := g.orderThat(func(o *domain.Order) bool {
		return o.Paid.Total().Sign() > 0 && o.Status != domain.Refunded && o.Status != domain.Fulfilling || g.one(30)
	})
	c := domain.RefundOrder{OrderID: o.OrderID, OrgID: g.orgOf(o), Reason: g.reason(), ReturnVouchers: g.one(2)}
	if g.one(2) && o.Lines != nil {
		part := g.amount(o.Currency, max(1, o.Paid.Total().Units()/60))
		c.Amount = &part
	}
	if g.one(3) {
		c.LineNos = append(c.LineNos, 1+g.IntN(3))
	}
	return c
}
