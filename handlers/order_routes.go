package handlers

import (
	"encoding/json"
	"strconv"
	"time"

	"orderledger/domain"
	"orderledger/projections"
)

// listDays is what a list of orders covers when neither a time nor an id is given.
const listDays = 7 * 24 * time.Hour

// filterParameters are those that orders and bill lines are both filtered by.
func filterParameters() []parameter {
	return append(pageParameters(), []parameter{
		{"status", "Of the order; like every filter, several values separated by commas"},
		{"order_type", "Of the order"},
		{"charge_mode", "Of a line"},
		{"charge_group", "Of a line's charge mode: prepay, postpay, free"},
		{"product", "A line's product code"},
		{"order_id", "Order ids"},
		{"parent_order_id", "Ids of the orders that others follow"},
		{"resource_id", "Of a line"},
		{"resource_name", "Of a line"},
		{"project_id", "Of the order"},
		{"consumer_id", "Of the order"},
		{"region", "Of a line"},
		{"business_group", "Of the order"},
		{"tag", "key=value, repeatable"},
		{"min_amount", "At least so much to pay"},
		{"max_amount", "At most so much to pay"},
		{"hide_zero", "true leaves out what costs nothing"},
		{"count", "true adds total, the number of all that match"},
	}...)
}

func (s *Server) orderRoutes() []route {
	created := []parameter{
		{"created_from", "Created at this time or later; without a time or an id, a list covers the last 7 days"},
		{"created_to", "Created before this time"},
		{"refund_state", "none, partial, full"},
		{"approval", "requested, granted, rejected: of orders that needed one"},
		{"trade_no", "Trade numbers"},
		{"arrears", "true leaves only settlements that wait for money"},
		{"overdue", "true leaves only orders that are paid, and not fulfilled by their deadline"},
		{"imported", "true or false: whether its history was brought in"},
		{"sort", "-created_at (newest first, the default), created_at, -payable_amount, or pay_before: unpaid orders alone, the least time left first"},
	}
	document := readRoute("/v1/orders/{order_id}/document", "get-order-document", "An order as a PDF, without its personal values", nil, s.getOrderDocument,
		parameter{"lang", "en (the default) or zh"})
	document.media = "application/pdf"
	return []route{
		document,
		readRoute("/v1/orders", "list-orders", "List orders", projections.List[OrderAnswer]{}, s.listOrders, append(filterParameters(), created...)...),
		readRoute("/v1/orders/{order_id}", "get-order", "One order", orderAt{}, s.getOrder),
		readRoute("/v1/orders/{order_id}/events", "list-order-events", "An order's history, oldest first",
			projections.List[eventAnswer]{}, s.listOrderEvents, pageParameters()...),
		readRoute("/v1/orders/{order_id}/bill-lines", "list-order-bill-lines", "An order's bill lines, and those of its settlements",
			projections.List[projections.BillLine]{}, s.listOrderBillLines, pageParameters()...),
	}
}

// orderAt is an order as of a position, for the document.
type orderAt struct {
	*domain.Order
	Personal map[string]*string `json:"personal,omitempty" doc:"null for a value that was erased"`
	AsOf     int64              `json:"as_of_position"`
}

// filter reads what orders and bill lines are both filtered by.
func (q query) filter() projections.Filter {
	return projections.Filter{
		Statuses: q.word("status", "status"), OrderTypes: q.word("order_type", "order_type"),
		ChargeModes: q.word("charge_mode", "charge_mode"), ChargeGroups: q.word("charge_group", "charge_group"),
		ParentOrderIDs: q.list("parent_order_id"),
		Products:       q.list("product"), OrderIDs: q.list("order_id"), ResourceIDs: q.list("resource_id"), ResourceNames: q.list("resource_name"),
		ProjectIDs: q.list("project_id"), ConsumerIDs: q.list("consumer_id"), Regions: q.list("region"), BusinessGroups: q.list("business_group"),
		Tags: q.tags("tag"), MinAmount: q.amount("min_amount"), MaxAmount: q.amount("max_amount"), HideZero: q.flag("hide_zero"),
	}
}

// orders reads what a list of orders is asked for.
func (q query) orders(now time.Time) projections.OrderQuery {
	ask := projections.OrderQuery{Filter: q.filter(), Limit: q.limit(), Cursor: q.values.Get("cursor"), Count: q.flag("count")}
	ask.RefundStates, ask.Approvals, ask.TradeNos = q.word("refund_state", "refund_state"), q.word("approval", "approval_state"), q.list("trade_no")
	ask.Arrears, ask.Overdue, ask.Imported = q.flag("arrears"), q.flag("overdue"), q.choice("imported")
	ask.CreatedFrom, ask.CreatedTo = q.time("created_from"), q.time("created_to")
	if !ask.CreatedFrom.IsZero() && !ask.CreatedTo.IsZero() && ask.CreatedTo.Before(ask.CreatedFrom) {
		q.fail("created_to", "it lies before created_from")
	}
	if sort := q.oneOf("sort", "-created_at", "created_at", "-payable_amount", "pay_before"); len(sort) > 0 {
		ask.Sort = projections.Sort(sort[0])
	}
	if ask.CreatedFrom.IsZero() && ask.CreatedTo.IsZero() && len(ask.OrderIDs)+len(ask.ResourceIDs) == 0 {
		ask.CreatedFrom = now.Add(-listDays)
	}
	return ask
}

func (s *Server) listOrders(c *call) error {
	q := c.queryOf()
	ask := q.orders(time.Now())
	org, err := s.begin(q, projections.Orders)
	if err != nil {
		return err
	}
	list, err := s.Reader.Orders(c.r.Context(), org, ask)
	if err != nil {
		return err
	}
	return s.answerOrders(c, list)
}

func (s *Server) answerOrders(c *call, list projections.List[json.RawMessage]) error {
	if err := s.fillPersonal(c.r.Context(), list.Items); err != nil {
		return err
	}
	return c.answer(list)
}

func (s *Server) getOrder(c *call) error {
	org, err := s.begin(c.queryOf(), projections.Orders)
	if err != nil {
		return err
	}
	doc, position, err := s.Reader.Order(c.r.Context(), org, c.r.PathValue("order_id"))
	if err != nil {
		return err
	}
	docs := []json.RawMessage{doc}
	if err := s.fillPersonal(c.r.Context(), docs); err != nil {
		return err
	}
	var version struct{ Version int64 }
	if err := json.Unmarshal(doc, &version); err != nil {
		return err
	}
	c.w.Header().Set("ETag", `"`+strconv.FormatInt(version.Version, 10)+`"`)
	return c.answer(asOf(docs[0], position))
}

func (s *Server) listOrderBillLines(c *call) error {
	q := c.queryOf()
	limit := q.limit()
	org, err := s.begin(q, projections.Orders, projections.BillLines)
	if err != nil {
		return err
	}
	orderID := c.r.PathValue("order_id")
	if _, _, err := s.Reader.Order(c.r.Context(), org, orderID); err != nil {
		return err
	}
	list, err := s.Reader.OrderBillLines(c.r.Context(), org, orderID, limit, q.values.Get("cursor"))
	if err != nil {
		return err
	}
	return c.answer(list)
}

func (s *Server) listOrderEvents(c *call) error {
	q := c.queryOf()
	limit := q.limit()
	after, err := strconv.ParseInt("0"+q.after(), 10, 64)
	if err != nil {
		q.fail("cursor", "it is not one that this list gave out")
	}
	org, err := s.begin(q)
	if err != nil {
		return err
	}
	page, err := s.Reads.ReadStreamFor(c.r.Context(), org, domain.OrderRef(c.r.PathValue("order_id")).String(), after, limit)
	if err != nil {
		return err
	}
	if len(page.Events) == 0 && after == 0 {
		return notFound()
	}
	list := projections.List[eventAnswer]{Items: eventAnswers(page.Events), AsOf: page.Head}
	if n := len(page.Events); n == limit {
		list.NextCursor = cursorOf(strconv.FormatInt(page.Events[n-1].Version, 10))
	}
	return c.answer(list)
}
