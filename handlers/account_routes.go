package handlers

import (
	"errors"

	"orderledger/domain"
	"orderledger/projections"
)

func (s *Server) accountRoutes() []route {
	billFilters := append(filterParameters(), parameter{"period", "Billing periods, such as 2025-11"})
	return []route{
		readRoute("/v1/accounts/{org_id}", "get-account", "An organisation's balances by fund and currency", projections.Account{}, s.getAccount),
		readRoute("/v1/accounts/{org_id}/entries", "list-entries", "An account's statement, newest first",
			projections.List[projections.Entry]{}, s.listEntries, pageParameters()...),
		readRoute("/v1/bill-lines", "list-bill-lines", "List bill lines, newest first", projections.List[projections.BillLine]{}, s.listBillLines, billFilters...),
		readRoute("/v1/bills/{period}", "get-bill", "A month's bill", projections.Bill{}, s.getBill,
			parameter{"group_by", "product, region, project, consumer, charge_mode or tag:KEY"}),
		readRoute("/v1/orgs/{org_id}", "get-org", "An organisation and its settings", projections.Org{}, s.getOrg),
	}
}

func (s *Server) getAccount(c *call) error {
	org, err := s.beginFor(c.queryOf(), projections.Accounts, projections.Orgs)
	if err != nil {
		return err
	}
	account, err := s.Reader.Account(c.r.Context(), org)
	if err != nil {
		return err
	}
	return c.answer(account)
}

func (s *Server) listEntries(c *call) error {
	q := c.queryOf()
	limit := q.limit()
	org, err := s.beginFor(q, projections.Accounts, projections.Orgs)
	if err != nil {
		return err
	}
	if _, err := s.Reader.Org(c.r.Context(), org); err != nil {
		return err
	}
	list, err := s.Reader.Entries(c.r.Context(), org, limit, q.values.Get("cursor"))
	if err != nil {
		return err
	}
	return c.answer(list)
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
	org, err := s.begin(q, projections.BillLines)
	if err != nil {
		return err
	}
	bill, err := s.Reader.Bill(c.r.Context(), org, period, q.values.Get("group_by"))
	if errors.Is(err, projections.ErrBadGroup) {
		return invalidField("group_by", "one of product, region, project, consumer, charge_mode, tag:KEY")
	}
	if err != nil {
		return err
	}
	return c.answer(bill)
}

func (s *Server) getOrg(c *call) error {
	org, err := s.beginFor(c.queryOf(), projections.Orgs)
	if err != nil {
		return err
	}
	settings, err := s.Reader.Org(c.r.Context(), org)
	if err != nil {
		return err
	}
	return c.answer(settings)
}
