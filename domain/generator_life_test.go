package domain_test

import (
	"time"

	"orderledger/domain"
)

var lifeKinds = []kind{
	{4, (*generator).decideOn},
	{1, (*generator).void},
	{10, (*generator).fulfil},
	{3, (*generator).markOverdue},
}

// decideOn approves or rejects, mostly an order that waits for it.
func (g *generator) decideOn() domain.Command {
	o := g.order(domain.AwaitingApproval)
	if g.one(3) {
		return domain.RejectOrder{OrderID: o.OrderID, OrgID: g.orgOf(o), Reason: g.reason()}
	}
	return domain.ApproveOrder{OrderID: o.OrderID, OrgID: g.orgOf(o), Reason: g.reason()}
}

func (g *generator) void() domain.Command {
	o := g.order(domain.Unpaid, domain.AwaitingApproval)
	return domain.VoidOrder{OrderID: o.OrderID, OrgID: g.orgOf(o), Reason: g.reason()}
}

// markOverdue is mostly about an order that was paid a while ago.
func (g *generator) markOverdue() domain.Command {
	o := g.orderThat(func(o *domain.Order) bool {
		since, awaits := o.AwaitsFulfilment()
		return awaits && (o.Overdue == nil || g.one(10)) && (since.Add(24*time.Hour).Before(g.now) || g.one(10))
	})
	return domain.MarkOverdue{OrderID: o.OrderID, OrgID: g.orgOf(o)}
}

// fulfil reports what became of an order that was paid.
func (g *generator) fulfil() domain.Command {
	o := g.order(domain.Paid, domain.Fulfilling, domain.FulfilmentFailure)
	c := domain.ReportFulfilment{
		OrderID: o.OrderID, OrgID: g.orgOf(o), State: pick(g, "started", "completed", "completed", "completed", "failed"), Reason: g.reason(),
	}
	if o.Status == domain.FulfilmentFailure && !g.one(10) {
		c.State = "started"
	}
	if c.State != "completed" {
		return c
	}
	if g.one(8) || o.Lines != nil && o.Lines[0].ResourceID == "" {
		c.ResourceID = g.resourceID()
	}
	if g.one(3) {
		from := g.now.Add(-time.Duration(g.IntN(3)) * time.Hour)
		to := from.Add(time.Duration(g.IntN(50*24)) * time.Hour)
		c.EffectiveAt = &from
		if g.one(2) {
			c.ExpiresAt = &to
		}
	}
	return c
}
