package handlers

import (
	"orderledger/domain"
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
			projections.List[orderAnswer]{}, s.listResourceOrders, pageParameters()...),
	}
}

// resourceAt is a resource as of a position, for the document.
type resourceAt struct {
	*domain.Resource
	AsOf int64 `json:"as_of_position"`
}

func (s *Server) listResources(c *call) error {
	q := c.queryOf()
	ask := projections.ResourceQuery{
		Statuses: q.word("status", "resource_status"), Products: q.list("product"), ProjectIDs: q.list("project_id"), ConsumerIDs: q.list("consumer_id"),
		Regions: q.list("region"), ResourceTypes: q.list("resource_type"), ResourceNames: q.list("resource_name"), AutoRenew: q.choice("auto_renew"),
		LeaseEndFrom: q.time("lease_end_from"), LeaseEndTo: q.time("lease_end_to"),
		Limit: q.limit(), Cursor: q.values.Get("cursor"), Count: q.flag("count"),
	}
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
