package console

import (
	"encoding/json"
	"time"

	"orderledger/domain"
	"orderledger/handlers"
	"orderledger/internal/auth"
	"orderledger/projections"
)

var orderPages = append([]page{
	{"GET /orders/{order_id}", auth.Read, (*view).orderPage},
	{"GET /orders/{order_id}/pay", auth.PayOrder, (*view).payPage},
	{"POST /orders/{order_id}/pay", auth.PayOrder, (*view).pay},
	{"GET /orders/{order_id}/refund", auth.RefundOrder, (*view).refundPage},
	{"POST /orders/{order_id}/refund", auth.RefundOrder, (*view).refund},
}, decisionPages()...)

// orderPage is all that there is to know about one order.
type orderPage struct {
	*view
	Order handlers.OrderAnswer
	// Actions are those that this person may do now.
	Actions []action
	Lines   orderLines
	Used    []fundUsed
	Links   orderLinks
	Bill    orderBill
	Events  orderEvents
}

// orderPage shows one order.
func (v *view) orderPage() error {
	o, err := v.readOrder(projections.BillLines)
	if err != nil {
		return err
	}
	data := orderPage{view: v, Order: o, Actions: v.orderActions(o.Order), Lines: v.orderLines(o.Order), Used: fundsUsed(o.Order)}
	if data.Links, err = v.orderLinks(o.Order); err != nil {
		return err
	}
	if data.Bill, err = v.orderBill(o.Order); err != nil {
		return err
	}
	if data.Events, err = v.orderEvents(o.Order); err != nil {
		return err
	}
	return v.show("order", data)
}

// readOrder reads the order that the address names, once the read models have what this person did last. Its times are
// shown in its organisation's zone, also to who looks at all organisations.
func (v *view) readOrder(models ...string) (handlers.OrderAnswer, error) {
	var none handlers.OrderAnswer
	if err := v.reach(append(models, projections.Orders)...); err != nil {
		return none, err
	}
	ctx := v.r.Context()
	doc, asOf, err := v.c.Server.Reader.Order(ctx, v.org, v.r.PathValue("order_id"))
	if err != nil {
		return none, err
	}
	v.asOf = asOf
	orders, err := v.c.Server.WithPersonal(ctx, []json.RawMessage{doc})
	if err != nil {
		return none, err
	}
	if v.AllOrgs() && v.Clock != clockUTC {
		if v.zone, err = v.c.zoneOf(ctx, orders[0].OrgID); err != nil {
			return none, err
		}
	}
	return orders[0], nil
}

// OrderPath is the address of an order's page, or of something about it: "pay", "refund".
func (v *view) OrderPath(orderID string, about ...string) string {
	path := "/orders/" + orderID
	for _, a := range about {
		path += "/" + a
	}
	return v.To(path)
}

// OrgParameter is the organisation that the address names, for forms that ask: addresses of theirs lose their query.
func (v *view) OrgParameter() string {
	if v.who.OrgID != "" {
		return ""
	}
	return v.Org()
}

// ListPath is the address of the list with all orders of an organisation that a filter leaves, of whatever time.
func (v *view) ListPath(name, value string) string {
	return v.To("/orders", "range", "all", name, value)
}

// Late says whether the time to pay is over.
func (p orderPage) Late() bool { return p.Order.PayBefore != nil && !p.now.Before(*p.Order.PayBefore) }

// Waiting says whether the order waits for its payment or approval before a deadline.
func (p orderPage) Waiting() bool {
	return p.Order.PayBefore != nil && (p.Order.Status == domain.Unpaid || p.Order.Status == domain.AwaitingApproval)
}

// Exact is a moment for programs.
func (v *view) Exact(at any) string {
	t, ok := moment(at)
	if !ok {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

// Left is how long it is until a moment.
func (v *view) Left(until *time.Time) string { return v.Span(max(until.Sub(v.now), 0)) }

// Curl is the request of the API that answers what the page shows.
func (p orderPage) Curl() string {
	scheme := "http"
	if p.r.TLS != nil || p.r.Header.Get("X-Forwarded-Proto") == "https" {
		scheme = "https"
	}
	return `curl -H "Authorization: Bearer $LEDGER_API_KEY" '` + scheme + "://" + p.r.Host + "/v1/orders/" + p.Order.OrderID + "'"
}

// fundUsed is a grant or a voucher that paid for an order, and how much.
type fundUsed struct {
	Fund, ID string
	Amount   domain.Amount
	// Until is when it lapses; nil is never.
	Until *time.Time
}

// fundsUsed sums what each grant and voucher paid, over the lines.
func fundsUsed(o *domain.Order) []fundUsed {
	var all []fundUsed
	add := func(fund, id string, amount domain.Amount, until *time.Time) {
		for i := range all {
			if all[i].Fund == fund && all[i].ID == id {
				all[i].Amount = all[i].Amount.Add(amount)
				return
			}
		}
		all = append(all, fundUsed{fund, id, amount, until})
	}
	for i := range o.LineFunds {
		for _, g := range o.LineFunds[i].Gifts {
			add("gift", g.GrantID, g.Amount, g.ExpiresAt)
		}
		for _, part := range o.LineFunds[i].Vouchers {
			var until *time.Time
			for _, voucher := range o.PaidVouchers {
				if voucher.VoucherID == part.VoucherID {
					until = voucher.ValidTo
				}
			}
			add("voucher", part.VoucherID, part.Amount, until)
		}
	}
	return all
}
