package handlers

import (
	"context"
	"fmt"
	"net/http"

	"orderledger/domain"
	"orderledger/internal/auth"
	"orderledger/projections"
)

func (s *Server) resourceRoutes() []route {
	filters := append(pageParameters(), []parameter{
		{"status", "active, closed; like every filter, several values separated by commas"},
		{"product", "Product codes of what it is charged for"},
		{"project_id", "Project ids"},
		{"consumer_id", "Consumer ids"},
		{"region", "Regions"},
		{"resource_type", "Resource types"},
		{"resource_name", "Resource names"},
		{"auto_renew", "true or false: whether it is renewed by itself"},
		{"releasing", "true leaves only those that are to be released"},
		{"lease_end_from", "Its first lease to end ends at this time or later"},
		{"lease_end_to", "Its first lease to end ends before this time: what expires soon"},
		{"count", "true adds total, the number of all that match"},
	}...)
	return []route{
		readRoute("/v1/resources", "list-resources", "List resources, the one whose lease ends first at the top",
			projections.List[domain.Resource]{}, s.listResources, filters...),
		readRoute("/v1/resources/{resource_id}", "get-resource", "A resource: what it is charged for, until when it is paid, what is not settled",
			resourceAt{}, s.getResource),
		readRoute("/v1/resources/{resource_id}/orders", "list-resource-orders", "A resource's whole life, oldest order first",
			projections.List[OrderAnswer]{}, s.listResourceOrders, pageParameters()...),
		{
			method: http.MethodPut, path: "/v1/resources/{resource_id}/auto-renew", id: "set-auto-renew",
			summary: "Say whether a resource is renewed by itself before its lease ends", needs: auth.ManageResource, command: true,
			status: http.StatusOK, body: domain.SetAutoRenew{}, answer: resourceAt{}, handle: s.setAutoRenew, query: []parameter{orgParameter},
		},
		{
			method: http.MethodDelete, path: "/v1/resources/{resource_id}", id: "close-resource",
			summary: "End a resource: settle what it used, give back what was paid for time to come", needs: auth.ManageResource, command: true,
			status: http.StatusOK, body: domain.CloseResource{}, answer: closingAnswer{}, handle: s.closeResource, query: []parameter{orgParameter},
		},
		{
			method: http.MethodPost, path: "/v1/usage", id: "report-usage", summary: "Report metered usage, up to 5,000 records a call",
			needs: auth.ReportUsage, command: true, status: http.StatusOK, body: domain.ReportUsage{}, answer: usageAnswer{}, handle: s.reportUsage,
		},
	}
}

// resourceAt is a resource as of a position, for the document.
type resourceAt struct {
	*domain.Resource
	AsOf int64 `json:"as_of_position"`
}

func (s *Server) listResources(c *call) error {
	q := c.queryOf()
	ask := q.resources()
	org, err := s.begin(q, projections.Resources)
	if err != nil {
		return err
	}
	list, err := s.Reader.Resources(c.r.Context(), org, ask)
	if err != nil {
		return err
	}
	return c.answer(list)
}

// resources reads the filters of a list of resources.
func (q query) resources() projections.ResourceQuery {
	return projections.ResourceQuery{
		Statuses: q.word("status", "resource_status"), Products: q.list("product"), ProjectIDs: q.list("project_id"), ConsumerIDs: q.list("consumer_id"),
		Regions: q.list("region"), ResourceTypes: q.list("resource_type"), ResourceNames: q.list("resource_name"), AutoRenew: q.choice("auto_renew"), Releasing: q.flag("releasing"),
		LeaseEndFrom: q.time("lease_end_from"), LeaseEndTo: q.time("lease_end_to"),
		Limit: q.limit(), Cursor: q.values.Get("cursor"), Count: q.flag("count"),
	}
}

func (s *Server) getResource(c *call) error {
	org, err := s.begin(c.queryOf(), projections.Resources)
	if err != nil {
		return err
	}
	doc, position, err := s.Reader.Resource(c.r.Context(), org, c.r.PathValue("resource_id"))
	if err != nil {
		return err
	}
	return c.answer(asOf(doc, position))
}

func (s *Server) listResourceOrders(c *call) error {
	q := c.queryOf()
	limit := q.limit()
	org, err := s.begin(q, projections.Orders)
	if err != nil {
		return err
	}
	list, err := s.Reader.ResourceOrders(c.r.Context(), org, c.r.PathValue("resource_id"), limit, q.values.Get("cursor"))
	if err != nil {
		return err
	}
	return s.answerOrders(c, list)
}

func (s *Server) setAutoRenew(c *call) error {
	_, result, err := s.command(c, "set_auto_renew", "resource_id")
	if err != nil {
		return err
	}
	r, ok := result.State.(*domain.Resource)
	if !ok {
		return fmt.Errorf("the answer to set_auto_renew is a %T", result.State)
	}
	return c.answer(resourceAt{r, result.Last})
}

// closingAnswer is a resource that was closed, with the orders that settled its account.
type closingAnswer struct {
	Resource *domain.Resource `json:"resource"`
	// SettlementOrder is the first of SettlementOrders; nil when there was nothing to settle.
	SettlementOrder  *OrderAnswer  `json:"settlement_order" doc:"The first of settlement_orders; null when nothing was left to settle"`
	SettlementOrders []OrderAnswer `json:"settlement_orders" doc:"One for each month and order that opened what was used"`
	RefundOrders     []OrderAnswer `json:"refund_orders"`
	AsOf             int64         `json:"as_of_position"`
}

func (s *Server) closeResource(c *call) error {
	request, result, err := s.command(c, "close_resource", "resource_id")
	if err != nil {
		return err
	}
	ctx := c.r.Context()
	_, e, err := s.eventAt(ctx, result.Last)
	if err != nil {
		return err
	}
	closed, ok := e.(domain.ResourceClosed)
	if !ok {
		return fmt.Errorf("the last event of close_resource is a %T", e)
	}
	state, err := StateAt(ctx, s.Log, domain.ResourceRef(closed.OrgID, closed.ResourceID), result.Last)
	if err != nil {
		return err
	}
	answer := closingAnswer{AsOf: result.Last}
	if answer.Resource, ok = state.(*domain.Resource); !ok {
		return fmt.Errorf("the answer to %s is a %T", request.Command.Name(), state)
	}
	if answer.SettlementOrders, err = s.ordersAt(ctx, closed.SettlementOrders, result.Last); err != nil {
		return err
	}
	if len(answer.SettlementOrders) > 0 {
		answer.SettlementOrder = &answer.SettlementOrders[0]
	}
	if answer.RefundOrders, err = s.ordersAt(ctx, closed.RefundOrders, result.Last); err != nil {
		return err
	}
	return c.answer(answer)
}

func (s *Server) ordersAt(ctx context.Context, ids []string, position int64) ([]OrderAnswer, error) {
	orders := make([]OrderAnswer, len(ids))
	for i, id := range ids {
		var err error
		if orders[i], err = s.orderAt(ctx, id, position); err != nil {
			return nil, err
		}
	}
	return orders, nil
}

// usageAnswer says what became of the records of a report.
type usageAnswer struct {
	Accepted  int64 `json:"accepted"`
	Duplicate int64 `json:"duplicate" doc:"Reported before, or twice in this report: left out"`
	Late      int64 `json:"late" doc:"Of those accepted: their cycle was settled before, they are billed with the next one"`
}

func (s *Server) reportUsage(c *call) error {
	_, result, err := s.command(c, "report_usage")
	if err != nil {
		return err
	}
	e, ok := result.Event.(domain.UsageReported)
	if !ok {
		return fmt.Errorf("the answer to report_usage is a %T", result.Event)
	}
	return c.answer(usageAnswer{Accepted: e.Accepted, Duplicate: e.Duplicate, Late: e.Late})
}
