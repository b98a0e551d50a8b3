package console

import (
	"encoding/json"

	"orderledger/domain"
	"orderledger/projections"
)

// linksShown bounds the orders that a page lists beside the one that it is about.
const linksShown = 10

// orderLinks are the orders that have to do with one.
type orderLinks struct {
	Parent *domain.Order
	// Followers are the newest orders that follow this one: refunds, renewals, changes, settlements.
	Followers     []domain.Order
	MoreFollowers bool
	// Trade are the newest others of the same trade.
	Trade     []domain.Order
	MoreTrade bool
}

// Any says whether there are any.
func (l orderLinks) Any() bool { return l.Parent != nil || len(l.Followers)+len(l.Trade) > 0 }

func (v *view) orderLinks(o *domain.Order) (links orderLinks, err error) {
	if o.ParentOrderID != nil {
		parents, _, err := v.ordersOf(o.OrgID, projections.Filter{OrderIDs: []string{*o.ParentOrderID}}, "")
		if err != nil {
			return links, err
		}
		if len(parents) > 0 {
			links.Parent = &parents[0]
		}
	}
	links.Followers, links.MoreFollowers, err = v.ordersOf(o.OrgID, projections.Filter{ParentOrderIDs: []string{o.OrderID}}, o.OrderID)
	if err == nil && o.TradeNo != "" {
		links.Trade, links.MoreTrade, err = v.ordersOf(o.OrgID, projections.Filter{TradeNos: []string{o.TradeNo}}, o.OrderID)
	}
	return links, err
}

// ordersOf lists the newest orders that a filter leaves, but for one, and whether there are more.
func (v *view) ordersOf(org string, f projections.Filter, but string) (orders []domain.Order, more bool, err error) {
	list, err := v.c.Server.Reader.Orders(v.r.Context(), org, projections.OrderQuery{Filter: f, Limit: linksShown + 1})
	if err != nil {
		return nil, false, err
	}
	for _, doc := range list.Items {
		var o domain.Order
		if err := json.Unmarshal(doc, &o); err != nil {
			return nil, false, err
		}
		if o.OrderID != but {
			orders = append(orders, o)
		}
	}
	if len(orders) > linksShown {
		orders, more = orders[:linksShown], true
	}
	return orders, more || list.NextCursor != nil, nil
}

// billLinesShown bounds the bill lines of an order's page; an order of pay-as-you-go has more with every settlement.
const billLinesShown = 20

// orderBill is what an order came to on bills, with what its settlements added.
type orderBill struct {
	Lines []projections.BillLine
	// Next is the cursor of the lines after these.
	Next *string
}

func (v *view) orderBill(o *domain.Order) (bill orderBill, err error) {
	list, err := v.c.Server.Reader.OrderBillLines(v.r.Context(), o.OrgID, o.OrderID, billLinesShown, v.Query("bill"))
	if err != nil {
		return bill, err
	}
	bill.Lines, bill.Next = make([]projections.BillLine, len(list.Items)), list.NextCursor
	for i, doc := range list.Items {
		if err := json.Unmarshal(doc, &bill.Lines[i]); err != nil {
			return bill, err
		}
	}
	return bill, nil
}
