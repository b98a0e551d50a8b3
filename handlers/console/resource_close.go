package console

import (
	"net/http"

	"orderledger/domain"
	"orderledger/handlers"
)

// closingView is the page that asks before a resource is closed: what it would settle, and give back.
type closingView struct {
	form
	Resource *domain.Resource
	// ReturnVouchers is the choice that the preview goes by.
	ReturnVouchers bool
	Settled        []*domain.Order
	Refunds        []givenBack
	// Refused is why the resource can't be closed now.
	Refused *handlers.Problem
}

// givenBack is what a refund would give back of an order.
type givenBack struct {
	Origin *domain.Order
	Note   domain.RefundNote
}

// closeResourcePage shows what closing a resource would do, or does it.
func (v *view) closeResourcePage() error {
	r, err := v.openResource()
	if err != nil {
		return err
	}
	page := closingView{form: v.form(), Resource: r, ReturnVouchers: v.r.FormValue("return_vouchers") == "true"}
	body := fields{"org_id": r.OrgID, "resource_id": r.ResourceID, "return_vouchers": page.ReturnVouchers}
	if v.r.Method == http.MethodPost {
		body.text("reason", page.Typed("reason", ""))
		result, err := page.send("close_resource", body)
		if err == nil {
			return v.did(result, v.withDone(v.ResourceLink(r.OrgID, r.ResourceID), "close_resource"))
		}
		page.refused(err)
	}
	if err := page.preview(body); err != nil {
		return err
	}
	return v.show("resource_close", page)
}

// preview asks the rules what closing would do.
func (p *closingView) preview(body fields) error {
	text, err := body.json()
	if err != nil {
		return err
	}
	outcome, err := p.c.Server.Try(p.r.Context(), p.who, "close_resource", text)
	if err != nil {
		p.Refused = handlers.ProblemOf(err)
		if p.Problem != nil { // once is enough
			p.Refused = nil
		}
		return nil
	}
	order := func(id string) *domain.Order { o, _ := outcome.After[domain.OrderRef(id)].(*domain.Order); return o }
	for _, e := range outcome.Events {
		closed, ok := e.Event.(domain.ResourceClosed)
		if !ok {
			continue
		}
		for _, id := range closed.SettlementOrders {
			if o := order(id); o != nil {
				p.Settled = append(p.Settled, o)
			}
		}
		for _, id := range closed.RefundOrders {
			p.Refunds = append(p.Refunds, refundsOf(order(id), order)...)
		}
	}
	return nil
}

// refundsOf is what a refund order gives back of the order that it follows.
func refundsOf(refund *domain.Order, order func(string) *domain.Order) []givenBack {
	if refund == nil || refund.ParentOrderID == nil {
		return nil
	}
	origin := order(*refund.ParentOrderID)
	if origin == nil {
		return nil
	}
	for _, note := range origin.Refunds {
		if note.RefundOrderID == refund.OrderID {
			return []givenBack{{origin, note}}
		}
	}
	return nil
}
