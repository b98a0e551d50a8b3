package console

import (
	"cmp"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"orderledger/domain"
	"orderledger/handlers"
	"orderledger/internal/auth"
	"orderledger/projections"
)

var orderListPages = []page{
	{"GET /orders", auth.Read, (*view).ordersPage},
	{"GET /orders/batch", auth.Read, (*view).orderBatchPage},
	{"POST /orders/batch", auth.Read, (*view).doOrderBatch},
}

// ordersPage is the list of orders. What is wrong with the address is said beside the filters, which keep what was typed.
type ordersPage struct {
	failure
	Columns []column[orderRow]
	Offered []choosable
	Rows    []orderListed
	Next    *string
	// Searched is how many orders were gone through where that was cut short, as it is written; TooLong: it would take too
	// long to sort them.
	Searched string
	TooLong  bool
	Tabs     []statusTab
	Views    []savedView
	Saved    bool // the address is one of the views
	billed   []offer
}

// orderListed is an order's row.
type orderListed struct {
	*orderRow
	Cells []cell
	// Left is how much time there is to pay it, "" if that doesn't matter.
	Left string
	// Open: it may be paid or cancelled with others, by who looks and by its state.
	Open, Payable, Cancellable bool
}

func (v *view) ordersPage() error {
	columns := v.shownOrderColumns()
	if to, better := v.plainAddress(); better {
		http.Redirect(v.w, v.r, to, http.StatusSeeOther)
		return nil
	}
	if err := v.reach(projections.Orders); err != nil {
		return err
	}
	p := &ordersPage{failure: failure{view: v}}
	var err error
	if p.Views, err = v.orderViews(); err != nil {
		return err
	}
	for _, s := range p.Views {
		p.Saved = p.Saved || s.Here
	}
	p.Columns = columns
	p.Offered = choicesOf(orderColumns, p.Columns)
	if err := p.read(); err != nil {
		var wrong *handlers.Problem
		if !errors.As(err, &wrong) && !errors.Is(err, projections.ErrBadCursor) {
			return err
		}
		p.Problem = handlers.ProblemOf(err)
		v.status = p.Problem.Status
	}
	if code := p.productNamed(); code != "" {
		http.Redirect(v.w, v.r, v.Here("product", code), http.StatusSeeOther)
		return nil
	}
	return v.show("orders", p)
}

// findWithin is how long a page may take to find orders before it looks through some thousands instead.
const findWithin = 30 * time.Millisecond

// read fills in what the address asks for.
func (p *ordersPage) read() error {
	ask, err := p.ordersAsked()
	if err != nil {
		p.Tabs = tabsOf(p.view, nil)
		return err
	}
	// What the tabs count may take as long as the list itself: side by side, they take it once.
	ctx, reader := p.r.Context(), p.c.Server.Reader
	var counts map[string]int64
	var list projections.List[json.RawMessage]
	var noCounts error
	var all sync.WaitGroup
	all.Go(func() { counts, _, noCounts = reader.StatusTabs(ctx, p.org, ask.Filter, countedMost) })
	all.Go(func() { p.billed = p.billedProducts() })
	ask.AtMost = findWithin
	list, err = reader.Orders(ctx, p.org, ask)
	all.Wait()
	p.Tabs = tabsOf(p.view, counts)
	switch {
	case noCounts != nil:
		return noCounts
	case errors.Is(err, projections.ErrTooLong):
		p.TooLong = true
		return nil
	case err != nil:
		return err
	case list.Searched > 0:
		p.Searched = p.Number(list.Searched)
	}
	orders, err := p.c.Server.WithPersonal(ctx, list.Items)
	if err != nil {
		return err
	}
	p.asOf, p.Next = list.AsOf, list.NextCursor
	for i := range orders {
		p.Rows = append(p.Rows, p.listed(&orders[i]))
	}
	return nil
}

func (p *ordersPage) listed(o *orderRow) orderListed {
	l := orderListed{orderRow: o, Cells: cellsOf(p.Columns, o, string(o.Currency))}
	l.Payable, l.Cancellable = p.payable(o.Order), p.cancellable(o.Order)
	l.Open = l.Payable || l.Cancellable
	if o.PayBefore != nil && (o.Status == domain.Unpaid || o.Status == domain.AwaitingApproval) {
		l.Left = p.T("orders.late")
		if left := o.PayBefore.Sub(p.now); left > 0 {
			l.Left = p.T("orders.left", p.Span(left))
		}
	}
	return l
}

// payable says whether an order may be paid by who looks at it. An arrears is too: it may be paid before the next top-up.
func (v *view) payable(o *domain.Order) bool {
	return v.May(auth.PayOrder) && o.Status == domain.Unpaid && !v.late(o)
}

func (v *view) cancellable(o *domain.Order) bool {
	return v.May(auth.CancelOrder) && (o.Status == domain.Unpaid || o.Status == domain.AwaitingApproval) && !o.Arrears && !v.late(o)
}

// late says whether an order's time to be paid is over, though the timers have not said so yet.
func (v *view) late(o *domain.Order) bool { return o.PayBefore != nil && !v.now.Before(*o.PayBefore) }

// Anything says whether rows can be chosen at all.
func (p *ordersPage) Anything() bool {
	return slices.ContainsFunc(p.Rows, func(l orderListed) bool { return l.Open })
}

// heading is that of a column, with a link that sorts by it where it can be.
type heading struct {
	column[orderRow]
	// Href sorts, "" can't; Sorted is how it is sorted now, for aria-sort, and Arrow shows it.
	Href, Sorted, Arrow string
}

// Heads are the headings of the columns.
func (p *ordersPage) Heads() []heading {
	var heads []heading
	now := cmp.Or(p.Query("sort"), string(projections.NewestFirst))
	for _, c := range p.Columns {
		h := heading{column: c}
		for _, s := range orderSorts[c.Code] {
			if h.Href == "" || h.Sorted != "" { // the first sort, or the one after what holds
				h.Href = p.Here("sort", string(s))
			}
			if string(s) == now {
				h.Sorted, h.Arrow = "ascending", " ↑"
				if strings.HasPrefix(now, "-") {
					h.Sorted, h.Arrow = "descending", " ↓"
				}
			}
		}
		heads = append(heads, h)
	}
	return heads
}

// orderSorts are the sorts of a column, the one that it begins with first.
var orderSorts = map[string][]projections.Sort{
	"created_at":     {projections.NewestFirst, projections.OldestFirst},
	"payable_amount": {projections.DearestFirst},
	"pay_before":     {projections.DeadlineFirst},
}

// Download is the address of what is shown as a file.
func (p *ordersPage) Download(format string) string {
	q := p.r.URL.Query()
	for _, name := range []string{"cursor", "done", "keep", "limit"} {
		q.Del(name)
	}
	q.Set("format", format)
	q.Set("columns", codesOf(p.Columns))
	return "/orders/download?" + q.Encode()
}

// plainAddress is the address to share: without fields that were left empty and without keep, which was done once, and
// with several values of one field as one, as forms of browsers don't write them. better says whether it is another.
func (v *view) plainAddress() (to string, better bool) {
	q := v.r.URL.Query()
	plain := url.Values{}
	for _, name := range slices.Sorted(maps.Keys(q)) {
		values := slices.DeleteFunc(slices.Clone(q[name]), func(s string) bool { return strings.TrimSpace(s) == "" })
		switch {
		case name == "keep", name == "org_id" && v.who.OrgID != "", len(values) == 0:
		case name == "tag":
			plain[name] = values
		default:
			plain.Set(name, strings.Join(values, ","))
		}
	}
	if plain.Encode() == q.Encode() {
		return "", false
	}
	if to = v.Path(); len(plain) > 0 {
		to += "?" + plain.Encode()
	}
	return to, true
}
