package handlers

import (
	"strings"

	"orderledger/projections"
)

func (s *Server) accountRoutes() []route {
	lots := append(pageParameters(), parameter{"state", "active, not_yet, used_up, lapsed; as of now"}, parameter{"currency", "ISO 4217 codes"})
	statement := append(pageParameters(), parameter{"type", strings.Join(projections.EntryTypes, ", ")}, parameter{"fund", strings.Join(projections.Funds, ", ")},
		parameter{"order_id", "Orders that it was moved for"}, parameter{"currency", "ISO 4217 codes"},
		parameter{"from", "When it happened, from this time on; the list then goes by it"}, parameter{"to", "… and before this time"})
	return []route{
		readRoute("/v1/accounts/{org_id}", "get-account", "An organisation's balances by fund and currency", projections.Account{}, s.getAccount),
		readRoute("/v1/accounts/{org_id}/entries", "list-entries", "An account's statement, newest first",
			projections.List[projections.Entry]{}, s.listEntries, statement...),
		readRoute("/v1/accounts/{org_id}/vouchers", "list-vouchers", "Vouchers, newest first, also those that are used up or lapsed",
			projections.List[projections.Voucher]{}, s.listVouchers, lots...),
		readRoute("/v1/accounts/{org_id}/gifts", "list-gifts", "Gift money that was granted, newest first, also what is used up or lapsed",
			projections.List[projections.Grant]{}, s.listGifts, lots...),
		readRoute("/v1/accounts/{org_id}/arrears", "list-arrears", "Settlements that wait for money, the one that is paid first at the top, and their sums",
			arrearsAnswer{}, s.listArrears, pageParameters()...),
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
	ask := q.entries()
	org, err := s.beginFor(q, projections.Accounts, projections.Orgs)
	if err != nil {
		return err
	}
	if _, err := s.Reader.Org(c.r.Context(), org); err != nil {
		return err
	}
	list, err := s.Reader.Entries(c.r.Context(), org, ask)
	if err != nil {
		return err
	}
	return c.answer(list)
}

// entries reads the filters of a statement.
func (q query) entries() projections.EntryQuery {
	return projections.EntryQuery{
		Types: q.oneOf("type", projections.EntryTypes...), Funds: q.oneOf("fund", projections.Funds...), OrderIDs: q.list("order_id"),
		Currencies: q.list("currency"), From: q.time("from"), To: q.time("to"), Limit: q.limit(), Cursor: q.values.Get("cursor"),
	}
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

// lotsOf reads which vouchers or gifts a list is of, and waits for them.
func (s *Server) lotsOf(c *call) (org string, ask projections.LotQuery, err error) {
	q := c.queryOf()
	ask = projections.LotQuery{
		States: q.oneOf("state", projections.LotStates...), Currencies: q.list("currency"), Limit: q.limit(), Cursor: q.values.Get("cursor"),
	}
	org, err = s.beginFor(q, projections.Vouchers, projections.Orgs)
	return org, ask, err
}

func (s *Server) listVouchers(c *call) error {
	org, ask, err := s.lotsOf(c)
	if err != nil {
		return err
	}
	list, err := s.Reader.Vouchers(c.r.Context(), org, ask)
	return s.answerList(c, org, list, err)
}

func (s *Server) listGifts(c *call) error {
	org, ask, err := s.lotsOf(c)
	if err != nil {
		return err
	}
	list, err := s.Reader.Grants(c.r.Context(), org, ask)
	return s.answerList(c, org, list, err)
}

// answerList answers with a list of an organisation's, if there is such an organisation.
func (s *Server) answerList(c *call, org string, list any, err error) error {
	if err != nil {
		return err
	}
	if _, err := s.Reader.Org(c.r.Context(), org); err != nil {
		return err
	}
	return c.answer(list)
}

// arrearsAnswer describes a page of arrears, for the document.
type arrearsAnswer struct {
	projections.List[OrderAnswer]
	Totals []projections.ArrearsSum `json:"totals" doc:"Of all of them, by currency"`
}

func (s *Server) listArrears(c *call) error {
	q := c.queryOf()
	limit := q.limit()
	org, err := s.beginFor(q, projections.Orders, projections.Orgs)
	if err != nil {
		return err
	}
	list, err := s.Reader.Arrears(c.r.Context(), org, limit, q.values.Get("cursor"))
	if err != nil {
		return err
	}
	if err := s.fillPersonal(c.r.Context(), list.Items); err != nil {
		return err
	}
	return s.answerList(c, org, list, nil)
}
