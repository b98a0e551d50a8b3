package domain_test

import (
	"fmt"
	"time"

	"orderledger/domain"
)

var orderKinds = []kind{
	{10, (*generator).purchase},
	{8, (*generator).followUp},
	{14, (*generator).pay},
	{2, func(g *generator) domain.Command {
		o := g.order(domain.Unpaid, domain.AwaitingApproval)
		return domain.CancelOrder{OrderID: o.OrderID, OrgID: g.orgOf(o), Reason: g.reason()}
	}},
	{2, func(g *generator) domain.Command {
		o := g.order(domain.Unpaid, domain.AwaitingApproval)
		return domain.ExpireOrder{OrderID: o.OrderID, OrgID: g.orgOf(o)}
	}},
	{2, func(g *generator) domain.Command {
		o := g.order(domain.Unpaid, domain.AwaitingApproval)
		return domain.VoidOrder{OrderID: o.OrderID, OrgID: g.orgOf(o), Reason: pick(g, "a mistake", "a mistake", "")}
	}},
	{4, func(g *generator) domain.Command {
		o := g.order(domain.AwaitingApproval)
		return domain.ApproveOrder{OrderID: o.OrderID, OrgID: g.orgOf(o)}
	}},
	{4, func(g *generator) domain.Command {
		o := g.order(domain.AwaitingApproval)
		return domain.RejectOrder{OrderID: o.OrderID, OrgID: g.orgOf(o), Reason: g.reason()}
	}},
	{8, func(g *generator) domain.Command {
		o := g.order(domain.Paid, domain.Fulfilling, domain.FulfilmentFailure)
		return domain.ReportFulfilment{OrderID: o.OrderID, OrgID: g.orgOf(o), State: pick(g, "started", "completed", "completed", "failed"), ResourceID: pick(g, "", g.resourceID())}
	}},
}

func (g *generator) purchase() domain.Command {
	c := domain.PlaceOrder{
		OrderID: g.newOrderID(), OrgID: g.org(), OrderType: domain.Purchase, ProjectID: "p", ConsumerID: "c", Currency: g.currency(), Reason: g.reason(),
		Fresh: g.one(2),
	}
	if g.one(12) {
		c.OrderType = domain.TransferIn
	}
	if g.one(25) {
		c.OrderID, c.Fresh = g.order(domain.Unpaid, domain.Paid).OrderID, false
	}
	if g.one(10) {
		c.Personal, c.Salts = map[string]string{"contact": "Ana <a@b>"}, map[string]string{"contact": "salt"}
	}
	for i := range 1 + g.IntN(3)*g.IntN(2) {
		l := g.line(pick(g, domain.Prepay, domain.Prepay, domain.Postpay, domain.Free), i)
		if c.OrderType == domain.TransferIn {
			l = g.free(l)
		}
		c.Lines = append(c.Lines, l)
	}
	return c
}

// line is a line of a group; the i-th of its order has a product of its own, mostly.
func (g *generator) line(group domain.ChargeGroup, i int) domain.LineSpec {
	l := domain.LineSpec{
		ProductCode: pick(g, "gpu", "disk", "cluster"), ProductName: "A product", ResourceType: "host", Count: decimal(pick(g, "1", "1", "3")),
		NewConfig: []domain.Component{{Component: "CPU", Value: "64", Unit: "core"}},
	}
	if i > 0 && !g.one(20) {
		l.BillingItem = fmt.Sprint("item-", i)
	}
	if !g.one(3) {
		l.ResourceID = g.resourceID()
	}
	switch group {
	case domain.Prepay:
		g.prepaid(&l)
	case domain.Postpay:
		g.metered(&l)
	default:
		l.ChargeMode, l.Unit, l.Quantity = pick(g, domain.ModeGift, domain.ModeTrial), "month", decimal("1")
	}
	return l
}

func (g *generator) prepaid(l *domain.LineSpec) {
	l.ChargeMode = pick(g, domain.ModeMonth, domain.ModeMonth, domain.ModeDay, domain.ModeYear, domain.ModePrepaid30d)
	l.Unit = string(l.ChargeMode)
	units := 1 + g.IntN(3)
	l.Quantity, l.UnitPrice = decimal(fmt.Sprint(units)), g.price()
	if g.one(4) {
		l.DiscountAmount = amount(pick(g, "1", "0", "2"))
	}
	if g.one(6) {
		l.Quantity = decimal("1.5")
		return
	}
	if g.one(4) {
		return // its time is told when it is there
	}
	from := g.now.Add(time.Duration(g.IntN(5)-1) * 12 * time.Hour)
	to := leaseEnd(from, l.ChargeMode, units, g.zone(g.org()))
	if g.one(20) {
		to = to.Add(time.Hour)
	}
	l.EffectiveAt, l.ExpiresAt = &from, &to
}

func (g *generator) price() domain.Decimal {
	return decimal(fmt.Sprintf("%d.%0*d", g.IntN(40), 1+g.IntN(6), g.IntN(10)))
}

func (g *generator) zone(orgID string) *time.Location {
	return domain.SettingsOf(g.Org(orgID)).Location()
}

// leaseEnd is some units of a mode after a time, on the organisation's calendar; a day that its month lacks is its last.
func leaseEnd(from time.Time, mode domain.ChargeMode, n int, zone *time.Location) time.Time {
	from = from.In(zone)
	months := n
	switch mode {
	case domain.ModePrepaid30d:
		return from.Add(time.Duration(n) * 30 * 24 * time.Hour).UTC()
	case domain.ModeDay:
		return from.AddDate(0, 0, n).UTC()
	case domain.ModeYear:
		months = 12 * n
	}
	to := from.AddDate(0, months, 0)
	if to.Day() != from.Day() {
		to = to.AddDate(0, 0, -to.Day())
	}
	return to.UTC()
}

func (g *generator) metered(l *domain.LineSpec) {
	l.ChargeMode = pick(g, domain.ModeHour, domain.ModeMinute, domain.ModeMetered, domain.ModePostpaidCycle, domain.ModeSpot)
	l.Unit, l.Quantity = "hour", decimal("0")
	l.Cycle = pick(g, "hour", "day", "day", "month", "month")
	for i := range 1 + g.IntN(2) {
		l.Meters = append(l.Meters, g.meter(i))
	}
}

func (g *generator) meter(i int) domain.Meter {
	m := domain.Meter{Meter: fmt.Sprint("m-", i), Unit: "hour"}
	if g.one(3) {
		first, second := decimal("5"), decimal("20")
		m.Tiers = []domain.Tier{{UpTo: &first, UnitPrice: g.price()}, {UpTo: &second, UnitPrice: g.price()}, {UnitPrice: g.price()}}
		return m
	}
	price := g.price()
	m.UnitPrice = &price
	return m
}

// free is the line without a price.
func (g *generator) free(l domain.LineSpec) domain.LineSpec {
	l.UnitPrice, l.DiscountAmount = decimal("0"), amount("0")
	return l
}

var followTypes = []domain.OrderType{
	domain.Renewal, domain.Upgrade, domain.Downgrade, domain.Resize, domain.Convert, domain.TermSettlement, domain.Supplement, domain.Recovery,
	domain.Compensation,
}

// followUp is an order about another order's resource.
func (g *generator) followUp() domain.Command {
	t := pick(g, followTypes...)
	at := 0
	o := g.orderThat(func(o *domain.Order) bool {
		if at = 0; len(o.Lines) > 1 {
			at = g.IntN(len(o.Lines))
		}
		return g.one(100) || o.PaidAt != nil && o.PayableAmount.Sign() >= 0 && g.mayFollow(t, o, o.Lines[at].LineSpec)
	})
	c := domain.PlaceOrder{
		OrderID: g.newOrderID(), OrgID: g.orgOf(o), ProjectID: "p", ConsumerID: "c", Currency: o.Currency, Reason: pick(g, "as asked", "as asked", "an error", g.reason()),
		ParentOrderID: &o.OrderID, OrderType: t,
	}
	if o.Currency == "" || g.one(60) {
		c.Currency = g.currency()
	}
	if g.one(60) {
		c.ParentOrderID = nil
	}
	for i := range o.Lines {
		if i == at || g.one(6) {
			c.Lines = append(c.Lines, g.followLine(t, o.Lines[i].LineSpec))
		}
	}
	if len(c.Lines) == 0 {
		c.Lines = append(c.Lines, g.line(domain.Prepay, 0))
	}
	return c
}

// mayFollow says whether an order of the type makes sense about a line, as far as that is easily told.
func (g *generator) mayFollow(t domain.OrderType, o *domain.Order, l domain.LineSpec) bool {
	r := g.Resource(o.OrgID, l.ResourceID)
	group := l.ChargeMode.Group()
	switch t {
	case domain.Renewal, domain.Upgrade, domain.Downgrade, domain.TermSettlement:
		return group == domain.Prepay && (r == nil || active(r))
	case domain.Compensation:
		return group == domain.Prepay && r != nil && active(r)
	case domain.Resize:
		return group == domain.Postpay && r != nil && active(r)
	case domain.Convert:
		return r != nil && active(r)
	case domain.Recovery:
		return r != nil && !active(r)
	}
	return o.Paid.Total().Sign() > 0
}

// followLine changes what its parent's line has to what an order of the type needs.
func (g *generator) followLine(t domain.OrderType, l domain.LineSpec) domain.LineSpec {
	l.DiscountAmount, l.EffectiveAt, l.ExpiresAt = amount("0"), nil, nil
	if g.one(8) {
		l.ResourceID = ""
	}
	zero := decimal("0")
	switch t {
	case domain.Renewal:
		l.Quantity = decimal(pick(g, "1", "1", "2"))
	case domain.Upgrade, domain.Downgrade:
		price := g.price()
		l.NewUnitPrice, l.Quantity, l.UnitPrice = &price, zero, zero
		if t == domain.Downgrade {
			price = decimal(pick(g, "0", "0.5", "3"))
		}
		if g.one(5) {
			l.Quantity, l.UnitPrice = decimal(pick(g, "0.5", "-0.5", "1")), g.price()
		}
	case domain.Resize:
		l.Meters, l.Quantity = nil, zero
		for i := range 1 + g.IntN(2) {
			l.Meters = append(l.Meters, g.meter(i))
		}
	case domain.Convert:
		g.convertLine(&l)
	case domain.TermSettlement, domain.Compensation:
		end := g.now.Add(time.Duration(g.IntN(200)) * 12 * time.Hour)
		l.ExpiresAt, l.Quantity, l.UnitPrice = &end, zero, zero
	case domain.Supplement:
		l.Quantity, l.UnitPrice = decimal(pick(g, "1", "-1", "-0.5", "2")), g.price()
	case domain.Recovery:
		if l.ChargeMode.Group() == domain.Prepay {
			l.Quantity, l.UnitPrice = decimal("1"), g.price()
		} else {
			l.Quantity = zero
		}
	}
	return l
}

func (g *generator) convertLine(l *domain.LineSpec) {
	if l.ChargeMode.Group() == domain.Prepay {
		l.UnitPrice = decimal("0")
		g.metered(l)
		return
	}
	l.Cycle, l.Meters = "", nil
	g.prepaid(l)
	l.EffectiveAt, l.ExpiresAt = nil, nil
}

func (g *generator) pay() domain.Command {
	o := g.orderThat(func(o *domain.Order) bool {
		return o.Status == domain.Unpaid && (o.PayBefore == nil || o.PayBefore.After(g.now)) && !g.one(10)
	})
	c := domain.PayOrder{OrderID: o.OrderID, OrgID: g.orgOf(o)}
	if o.Lines == nil || !g.one(4) {
		return c
	}
	c.Funds = &domain.Allocation{Cash: o.PayableAmount}
	a := g.Account(o.OrgID)
	if a == nil {
		return c
	}
	if b := a.Balance(o.Currency); b.Gift.Sign() > 0 && g.one(2) {
		c.Funds.Gift = lesser(b.Gift, c.Funds.Cash)
		c.Funds.Cash = c.Funds.Cash.Sub(c.Funds.Gift)
	}
	for _, v := range a.Vouchers {
		if part := lesser(v.Left, c.Funds.Cash); part.Sign() > 0 && v.Currency == o.Currency && g.one(2) {
			c.Funds.Vouchers = append(c.Funds.Vouchers, domain.VoucherPart{VoucherID: v.VoucherID, Amount: part})
			c.Funds.Cash = c.Funds.Cash.Sub(part)
		}
	}
	return c
}

func lesser(a, b domain.Amount) domain.Amount {
	if a.Less(b) {
		return a
	}
	return b
}
