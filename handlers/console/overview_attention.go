package console

import (
	"slices"

	"orderledger/domain"
	"orderledger/internal/auth"
	"orderledger/projections"
)

// notice is something that somebody should look at. Kind is bad where harm is done already, warn where it is near, and
// "" for what can be done.
type notice struct{ Kind, Text, Href string }

// attention lists what needs it, the worst first. Each leads to where it can be mended.
func (v *view) attention(f facts, balances []balance) []notice {
	var all []notice
	add := func(kind, text, href string) { all = append(all, notice{kind, text, href}) }
	if f.stopped > 0 {
		add("bad", v.N("overview.stopped", f.stopped), v.To("/ledger"))
	}
	if f.hooks > 0 {
		add("bad", v.N("webhooks.attention", f.hooks), v.To("/webhooks"))
	}
	for _, d := range f.Due {
		if d.Arrears > 0 {
			add("bad", v.T("overview.arrears", v.Money(d.ArrearsAmount, d.Currency), v.manyOf("overview.settlement", d.Arrears, projections.AttentionMost)), v.arrearsAt())
		}
	}
	for _, s := range []struct{ kind, status, words string }{
		{"bad", string(domain.FulfilmentFailure), "overview.failed"},
		{"warn", string(domain.AwaitingApproval), "overview.approval"},
	} {
		if n := f.counts[s.status]; n > 0 {
			add(s.kind, v.manyOf(s.words, n, countedMost), v.To("/orders", "status", s.status, "range", "all"))
		}
	}
	if f.Overdue > 0 {
		add("bad", v.manyOf("overview.overdue", f.Overdue, projections.AttentionMost), v.To("/orders", "overdue", "true", "range", "all"))
	}
	if f.Releasing > 0 {
		add("warn", v.manyOf("overview.releasing", f.Releasing, projections.AttentionMost), v.To("/resources", "releasing", "true"))
	}
	for _, b := range balances {
		if b.Low != "" {
			add("warn", v.T("overview.low", b.Currency, v.Money(b.Available, b.Currency), b.Low), v.To("/account"))
		}
	}
	if f.Leases > 0 {
		add("warn", v.manyOf("overview.leases", f.Leases, projections.AttentionMost), v.To("/resources", "ends", "7d"))
	}
	for _, l := range f.Lapsing {
		add("warn", v.T("overview.lapsing", v.Money(l.Amount, l.Currency), v.manyOf("overview.lot", l.Lots, projections.AttentionMost)), v.lotsAt())
	}
	if p := v.closable(f); p != "" {
		add("", v.T("overview.closable", v.Month(p)), v.To("/bills/"+string(p)))
	}
	return all
}

// manyOf is N for a count that was not taken further than one beyond most: "1,000+" then.
func (v *view) manyOf(key string, n, most int64) string {
	if n > most {
		return v.T(key+".other", v.Number(most)+"+")
	}
	return v.N(key, n)
}

func (v *view) arrearsAt() string {
	if v.AllOrgs() {
		return v.To("/orders", "arrears", "true", "range", "all")
	}
	return v.To("/account/arrears")
}

func (v *view) lotsAt() string {
	if v.AllOrgs() {
		return v.To("/account")
	}
	return v.To("/account/vouchers")
}

// closable is the last month that is over, has lines, and could be closed by this person; "" is none. Use that is not
// settled yet stands in the way.
func (v *view) closable(f facts) domain.Period {
	if f.org == nil || !v.May(auth.ClosePeriod) {
		return ""
	}
	for _, s := range slices.Backward(f.totals) {
		if s.Period >= f.this {
			continue
		}
		if s.Period <= f.org.ClosedThrough || len(f.org.Unsettled) > 0 && f.org.Unsettled[0].Period <= s.Period {
			return ""
		}
		return s.Period
	}
	return ""
}
