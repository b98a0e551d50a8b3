package handlers

import (
	"errors"

	"orderledger/domain"
	"orderledger/projections"
)

func (s *Server) billRoutes() []route {
	filters := append(filterParameters(), parameter{"period", "Billing periods, such as 2025-11"})
	return []route{
		readRoute("/v1/bill-lines", "list-bill-lines", "List bill lines, newest first", projections.List[projections.BillLine]{}, s.listBillLines, filters...),
		readRoute("/v1/bills/{period}", "get-bill", "A month's bill, and whether the month is closed", projections.Bill{}, s.getBill,
			parameter{"group_by", "product, region, project, consumer, charge_mode or tag:KEY"}),
		readRoute("/v1/periods", "list-periods", "Closed months, newest first, with the totals and the digest that they were sealed with",
			projections.List[projections.ClosedPeriod]{}, s.listPeriods, pageParameters()...),
	}
}

func (s *Server) listBillLines(c *call) error {
	q := c.queryOf()
	ask := projections.BillLineQuery{Filter: q.filter(), Limit: q.limit(), Cursor: q.values.Get("cursor"), Count: q.flag("count")}
	ask.Periods = q.list("period")
	for _, p := range ask.Periods {
		if _, ok := domain.ParsePeriod(p); !ok {
			q.fail("period", "a month such as 2025-11")
		}
	}
	org, err := s.begin(q, projections.BillLines)
	if err != nil {
		return err
	}
	list, err := s.Reader.ListBillLines(c.r.Context(), org, ask)
	if err != nil {
		return err
	}
	return c.answer(list)
}

func (s *Server) getBill(c *call) error {
	q := c.queryOf()
	period, ok := domain.ParsePeriod(c.r.PathValue("period"))
	if !ok {
		q.fail("period", "a month such as 2025-11")
	}
	org, err := s.begin(q, projections.BillLines, projections.Orgs)
	if err != nil {
		return err
	}
	bill, err := s.Reader.Bill(c.r.Context(), org, period, q.values.Get("group_by"))
	if errors.Is(err, projections.ErrBadGroup) {
		return invalidField("group_by", "one of product, region, project, consumer, charge_mode, tag:KEY")
	}
	if errors.Is(err, projections.ErrTooManyGroups) {
		return invalidField("group_by", err.Error())
	}
	if err != nil {
		return err
	}
	return c.answer(bill)
}

func (s *Server) listPeriods(c *call) error {
	q := c.queryOf()
	limit := q.limit()
	org, err := s.begin(q, projections.Orgs)
	if err != nil {
		return err
	}
	list, err := s.Reader.Periods(c.r.Context(), org, limit, q.values.Get("cursor"))
	if err != nil {
		return err
	}
	return c.answer(list)
}
