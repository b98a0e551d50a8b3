package console

import (
	"cmp"
	"errors"
	"slices"
	"time"

	"orderledger/domain"
	"orderledger/handlers"
	"orderledger/internal/auth"
	"orderledger/projections"
)

var overviewPages = []page{{"GET /{$}", auth.Read, (*view).overviewPage}}

// unpaidShown is how many of the unpaid orders the overview lists, those first that have the least time left.
const unpaidShown = 8

// overviewData is what an organisation's people see first, or the platform of all of them.
type overviewData struct {
	*view
	Attention []notice
	Balances  []balance
	Statuses  []statusTab
	Unpaid    []handlers.OrderAnswer
	Sections  []spendSection
}

// facts are what the overview is made of, besides what it shows as it is.
type facts struct {
	projections.Attention
	this domain.Period
	// totals are the months' sums, oldest first.
	totals []projections.Spend
	// counts are of orders by status, -1 where that is not known.
	counts map[string]int64
	// org is nil over all organisations, and before an organisation's first event.
	org      *projections.Org
	balances []projections.Credit
	stopped  int64
	// hooks counts the webhook endpoints that were disabled.
	hooks int64
}

func (v *view) overviewPage() error {
	if err := v.reach(projections.Names...); err != nil {
		return err
	}
	data := overviewData{view: v}
	f, err := v.facts()
	if err != nil {
		return err
	}
	if data.Sections, err = v.spendByMonth(spendYear(f.this, f.totals)); err != nil {
		return err
	}
	if data.Unpaid, err = v.soonestDue(); err != nil {
		return err
	}
	v.asOf = f.AsOf
	data.Balances = v.balancesOf(f)
	data.Attention = v.attention(f, data.Balances)
	for _, s := range tabsOf(v, f.counts) {
		if s.Status != "" {
			s.Href = v.To("/orders", "status", s.Status, "range", "all")
			data.Statuses = append(data.Statuses, s)
		}
	}
	return v.show("overview", data)
}

// attentionTime is how far ahead the overview looks for what ends.
const attentionTime = 7 * 24 * time.Hour

func (v *view) facts() (facts, error) {
	var f facts
	var err error
	if f.this, err = v.thisMonth(); err != nil {
		return f, err
	}
	counted := make(chan error, 1)
	go func() { // it may take as long as the rest
		counts, _, err := v.c.Server.Reader.StatusTabs(v.r.Context(), v.org, projections.Filter{}, countedMost)
		f.counts = counts
		counted <- err
	}()
	err = cmp.Or(v.otherFacts(&f), <-counted)
	return f, err
}

// otherFacts are all but the counts, which are made beside them.
func (v *view) otherFacts(f *facts) (err error) {
	ctx, reader := v.r.Context(), v.c.Server.Reader
	if f.totals, err = v.monthTotals(f.this); err != nil {
		return err
	}
	if f.Attention, err = reader.Attention(ctx, v.org, v.now, v.now.Add(attentionTime)); err != nil {
		return err
	}
	if f.hooks, err = v.disabledWebhooks(ctx); err != nil {
		return err
	}
	models, err := reader.Checkpoints(ctx)
	if err != nil {
		return err
	}
	for _, m := range models {
		if m.State == "stopped" {
			f.stopped++
		}
	}
	if v.AllOrgs() {
		return nil
	}
	account, err := reader.Account(ctx, v.org)
	if err != nil && !errors.Is(err, projections.ErrNotFound) {
		return err
	}
	f.balances = account.Balances
	switch org, err := reader.Org(ctx, v.org); {
	case err == nil:
		f.org = &org
	case !errors.Is(err, projections.ErrNotFound):
		return err
	}
	return nil
}

// soonestDue lists the unpaid orders that have the least time left.
func (v *view) soonestDue() ([]handlers.OrderAnswer, error) {
	list, err := v.c.Server.Reader.Orders(v.r.Context(), v.org, projections.OrderQuery{Sort: projections.DeadlineFirst, Limit: unpaidShown})
	if err != nil {
		return nil, err
	}
	return v.c.Server.WithPersonal(v.r.Context(), list.Items)
}

// balance is what an organisation has in one currency. Low says why that is little, "" if it is not: it is less than what
// waits to be paid, or than what the last month came to.
type balance struct {
	projections.Credit
	Low string
}

// balancesOf judges balances by what can pay for anything: cash with the credit limit, and gifts. Vouchers may be for
// other things.
func (v *view) balancesOf(f facts) []balance {
	var all []balance
	for _, b := range f.balances {
		one, funds := balance{Credit: b}, plus(b.Available, b.Gift)
		i := slices.IndexFunc(f.Due, func(d projections.DueSum) bool { return d.Currency == b.Currency })
		month := slices.IndexFunc(f.totals, func(s projections.Spend) bool {
			return s.Currency == b.Currency && s.Period == monthsBefore(f.this, 1)
		})
		switch {
		case i >= 0 && less(funds, f.Due[i].Amount):
			one.Low = v.T("overview.low.due", v.Money(f.Due[i].Amount, b.Currency))
		case month >= 0 && less(funds, f.totals[month].Amount):
			one.Low = v.T("overview.low.month", v.Money(f.totals[month].Amount, b.Currency))
		}
		all = append(all, one)
	}
	return all
}

// ItemsOf names what an order is about: its first product, and how many more lines there are.
func (overviewData) ItemsOf(o handlers.OrderAnswer) (name string) {
	if len(o.Lines) > 0 {
		name = cmp.Or(o.Lines[0].ProductName, o.Lines[0].ProductCode)
	}
	return name
}

// Open says whether there is time left to pay.
func (d overviewData) Open(until *time.Time) bool { return until != nil && until.After(d.now) }

// Left is how much time there is to pay.
func (d overviewData) Left(until *time.Time) string {
	if !d.Open(until) {
		return d.T("overview.over")
	}
	return d.Span(until.Sub(d.now))
}

// Frozen says whether something of a balance is set apart.
func (overviewData) Frozen(b balance) bool { return !exact(b.Credit.Frozen).IsZero() }
