package domain_test

import (
	"fmt"
	"slices"
	"time"

	"orderledger/domain"
)

var usageKinds = []kind{
	{10, (*generator).use},
	{6, (*generator).settleUsage},
	{3, (*generator).overdue},
	{4, (*generator).autoRenew},
	{5, (*generator).renew},
	{2, (*generator).closeResource},
	{5, (*generator).reviewRelease},
	{1, (*generator).closePeriod},
	{1, (*generator).sealPeriod},
}

// use reports what some resources used: of this time, of time that was settled, and of records reported before.
func (g *generator) use() domain.Command {
	r := g.resourceThat(func(r *domain.Resource) bool { return active(r) && len(meters(r)) > 0 })
	c := domain.ReportUsage{OrgID: r.OrgID}
	for range 1 + g.IntN(5) {
		if g.one(3) {
			r = g.resourceThat(func(r *domain.Resource) bool { return active(r) && len(meters(r)) > 0 && r.OrgID == c.OrgID })
		}
		u := domain.UsageReport{
			RecordID: fmt.Sprint("use-", g.IntN(3000)), ResourceID: r.ResourceID, Meter: "m-0", Unit: "hour",
			Quantity: decimal(fmt.Sprintf("%d.%d", g.IntN(20), g.IntN(1000))),
		}
		if all := meters(r); len(all) > 0 {
			meter := pick(g, all...)
			u.Meter, u.Unit = meter.Meter, meter.Unit
		}
		for _, t := range r.Terms {
			if len(t.Rates) > 0 && g.one(2) {
				u.OrderID = t.OrderID
			}
		}
		length := time.Duration(1+g.IntN(120)) * time.Minute
		u.From = g.now.Add(-length - time.Duration(g.Int64N(int64(pick(g, 2*time.Hour, 40*time.Hour, 600*time.Hour)))))
		if u.From.Before(r.OpenedAt) && !g.one(10) {
			u.From, length = r.OpenedAt, time.Minute
		}
		u.To = u.From.Add(length)
		if c.Records = append(c.Records, u); g.one(20) {
			c.Records = append(c.Records, u)
		}
	}
	return c
}

func meters(r *domain.Resource) []domain.Meter {
	var all []domain.Meter
	for _, t := range r.Terms {
		if n := len(t.Rates); n > 0 {
			all = append(all, t.Rates[n-1].Meters...)
		}
	}
	return all
}

func active(r *domain.Resource) bool { return r.Status == domain.ResourceActive }

func (g *generator) settleUsage() domain.Command {
	r := g.resourceThat(func(r *domain.Resource) bool {
		return active(r) && len(r.Uses) > 0 && r.Uses[0].CycleEnd.Before(g.now)
	})
	c := domain.SettleUsage{OrgID: r.OrgID, ResourceID: r.ResourceID}
	if g.one(8) {
		through := g.now.Add(-time.Duration(g.IntN(48)) * time.Hour)
		c.Through = &through
	}
	return c
}

func (g *generator) overdue() domain.Command {
	r := g.resourceThat(func(r *domain.Resource) bool {
		return active(r) && slices.ContainsFunc(r.Terms, func(t domain.Term) bool { return t.ExpiresAt != nil && t.ExpiresAt.Before(g.now) })
	})
	return domain.ChargeOverdue{OrgID: r.OrgID, ResourceID: r.ResourceID}
}

func leased(r *domain.Resource) bool {
	return active(r) && slices.ContainsFunc(r.Terms, func(t domain.Term) bool { return t.ExpiresAt != nil && t.ChargeMode.Group() == domain.Prepay })
}

func (g *generator) autoRenew() domain.Command {
	r := g.resourceThat(leased)
	c := domain.SetAutoRenew{OrgID: r.OrgID, ResourceID: r.ResourceID, Enabled: !g.one(4)}
	if g.one(3) {
		n := decimal(pick(g, "1", "2", "2", "0.5"))
		c.Quantity = &n
	}
	if g.one(2) {
		before := g.Int64N(30 * 24 * 3600)
		c.BeforeSeconds = &before
	}
	return c
}

func (g *generator) renew() domain.Command {
	r := g.resourceThat(func(r *domain.Resource) bool {
		return leased(r) && r.AutoRenew != nil && r.AutoRenew.Enabled && !g.one(10)
	})
	return domain.RenewResource{OrgID: r.OrgID, ResourceID: r.ResourceID}
}

func (g *generator) closeResource() domain.Command {
	r := g.resourceThat(active)
	return domain.CloseResource{OrgID: r.OrgID, ResourceID: r.ResourceID, Reason: g.reason(), ReturnVouchers: g.one(2), IfReleaseDue: g.one(3)}
}

// reviewRelease is about a resource whose time is over, about one that is said to be released, or about a debtor's.
func (g *generator) reviewRelease() domain.Command {
	if g.one(2) {
		if o := g.orderThat(func(o *domain.Order) bool { return o.Arrears }); o.Arrears {
			return domain.ReviewRelease{OrgID: o.OrgID, ResourceID: o.Lines[0].ResourceID, OrderID: o.OrderID}
		}
	}
	r := g.resourceThat(func(r *domain.Resource) bool {
		leased, free, ok := r.TimeEnds()
		over := ok && (leased == nil || leased.Before(g.now)) && (free == nil || free.Before(g.now))
		return active(r) && (over != (len(r.Releases) > 0))
	})
	return domain.ReviewRelease{OrgID: r.OrgID, ResourceID: r.ResourceID}
}

// closePeriod closes mostly the month that is next.
func (g *generator) closePeriod() domain.Command {
	org := g.org()
	c := domain.ClosePeriod{OrgID: org, Period: domain.PeriodOf(g.now.AddDate(0, -1, 0), time.UTC)}
	if o := g.Org(org); o != nil && o.ClosedThrough != "" && !g.one(5) {
		c.Period = o.ClosedThrough.Next()
	}
	return c
}

func (g *generator) sealPeriod() domain.Command {
	org := g.org()
	c := domain.SealPeriod{OrgID: org, Period: "2025-11", Position: 1, Digest: fmt.Sprintf("%064x", g.Uint64())}
	if o := g.Org(org); o != nil && len(o.Closing) > 0 && !g.one(5) {
		c.Period, c.Position = o.Closing[0].Period, o.Closing[0].Position
	}
	return c
}
