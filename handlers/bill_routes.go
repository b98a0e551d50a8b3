package handlers

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"orderledger/domain"
	"orderledger/internal/auth"
	"orderledger/projections"
)

func (s *Server) billRoutes() []route {
	filters := append(filterParameters(), parameter{"period", "Billing periods, such as 2025-11"})
	return []route{
		readRoute("/v1/bill-lines", "list-bill-lines", "List bill lines, newest first", projections.List[projections.BillLine]{}, s.listBillLines, filters...),
		readRoute("/v1/bills/{period}", "get-bill", "A month's bill, and whether the month is closed", projections.Bill{}, s.getBill,
			parameter{"group_by", "product, region, project, consumer, charge_mode or tag:KEY"}),
		readRoute("/v1/bills", "list-spend", "What was spent by month, in groups: the largest told apart, the others as one", projections.SpendList{}, s.listSpend,
			parameter{"from", "The first month, such as 2025-01; without it, 11 months before the last"},
			parameter{"to", "The last month; without it, this one. At most 60 months"},
			parameter{"group_by", "product, region, project, consumer, charge_mode or tag:KEY"},
			parameter{"most", "How many groups of each currency are told apart, 1 to 100; 8 without it"}),
		readRoute("/v1/periods", "list-periods", "Closed months, newest first, with the totals and the digest that they were sealed with",
			projections.List[projections.ClosedPeriod]{}, s.listPeriods, pageParameters()...),
		{
			method: http.MethodPost, path: "/v1/bills/{period}/close", id: "close-period",
			summary: "Close a month for good, and those before it that are still open since one was closed", needs: auth.ClosePeriod, command: true,
			status: http.StatusOK, body: domain.ClosePeriod{}, answer: closePeriodAnswer{}, handle: s.closePeriod, query: []parameter{orgParameter},
		},
	}
}

// billLines reads what a list of bill lines is asked for.
func (q query) billLines() projections.BillLineQuery {
	ask := projections.BillLineQuery{Filter: q.filter(), Limit: q.limit(), Cursor: q.values.Get("cursor"), Count: q.flag("count")}
	ask.Periods = q.list("period")
	for _, p := range ask.Periods {
		if _, ok := domain.ParsePeriod(p); !ok {
			q.fail("period", "a month such as 2025-11")
		}
	}
	return ask
}

func (s *Server) listBillLines(c *call) error {
	q := c.queryOf()
	ask := q.billLines()
	org, err := s.begin(q, ask.BillLineModels()...)
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
		return invalidField("group_by", badGroup)
	}
	if errors.Is(err, projections.ErrTooManyGroups) {
		return invalidField("group_by", err.Error())
	}
	if err != nil {
		return err
	}
	return c.answer(bill)
}

func (s *Server) listSpend(c *call) error {
	q := c.queryOf()
	ask := projections.SpendQuery{From: q.month("from"), To: q.month("to"), GroupBy: q.values.Get("group_by")}
	if ask.To == "" {
		zone, _ := domain.Zone(domain.DefaultTimeZone)
		ask.To = domain.PeriodOf(time.Now(), zone)
	}
	if ask.From == "" {
		ask.From = ask.To.Add(-11)
	}
	switch most, given := q.number("most"); {
	case given && (most < 1 || most > projections.SpendGroupsMax):
		q.fail("most", "1 to 100")
	default:
		ask.Most = int(most)
	}
	org, err := s.begin(q, projections.BillLines)
	if err != nil {
		return err
	}
	list, err := s.Reader.Spend(c.r.Context(), org, ask)
	switch {
	case errors.Is(err, projections.ErrBadGroup):
		return invalidField("group_by", badGroup)
	case errors.Is(err, projections.ErrTooManyMonths):
		return invalidField("from", err.Error())
	case err != nil:
		return err
	}
	return c.answer(list)
}

// badGroup says what bills are grouped by.
const badGroup = "one of product, region, project, consumer, charge_mode, tag:KEY"

// month reads a month; "" where none is given.
func (q query) month(name string) domain.Period {
	text := q.values.Get(name)
	if text == "" {
		return ""
	}
	p, ok := domain.ParsePeriod(text)
	if !ok {
		q.fail(name, "a month such as 2025-11")
	}
	return p
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

// closePeriodAnswer says which months a command closed.
type closePeriodAnswer struct {
	OrgID  string        `json:"org_id"`
	Period domain.Period `json:"period"`
	State  string        `json:"state" enum:"closing" doc:"closed once its totals are sealed, which takes moments"`
	// Periods are all months that the command closed.
	Periods []domain.Period `json:"periods" doc:"All months that were closed by this, the one asked for last"`
	AsOf    int64           `json:"as_of_position"`
}

func (s *Server) closePeriod(c *call) error {
	request, result, err := s.command(c, "close_period", "period")
	if err != nil {
		return err
	}
	first, ok := result.Event.(domain.PeriodClosed)
	if !ok {
		return fmt.Errorf("the answer to close_period is a %T", result.Event)
	}
	asked, ok := request.Command.(domain.ClosePeriod)
	if !ok {
		return fmt.Errorf("close_period is a %T", request.Command)
	}
	answer := closePeriodAnswer{OrgID: first.OrgID, Period: asked.Period, State: "closing", AsOf: result.Last}
	for p := first.Period; p <= asked.Period; p = p.Next() {
		answer.Periods = append(answer.Periods, p)
	}
	return c.answer(answer)
}
