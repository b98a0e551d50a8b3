package projections

import (
	"orderledger/domain"
)

var billSumsTable = newTable("bill_sums", "org_id, dimension, billing_period, key, currency", `
	org_id text, dimension text, billing_period text, key text, currency text, label text,
	amount numeric+, cash numeric+, gift numeric+, voucher numeric+, lines bigint+, position bigint`)

// Dimensions that bill lines are summed by. The sums of the whole have none, those of a tag have tagDimension and its key.
const (
	byWhole      = ""
	byProduct    = "product"
	byRegion     = "region"
	byProject    = "project"
	byConsumer   = "consumer"
	byChargeMode = "charge_mode"
	tagDimension = "tag:"
)

type sumKey struct {
	org, dimension string
	period         domain.Period
	key            string
	currency       domain.Currency
}

type billSum struct {
	domain.Funds
	lines    int64
	label    string
	position int64
}

// billSums adds up what some bill lines come to. The sums of a page stay within an int64: no order is over
// domain.MaxUnits, and a page pays far fewer than nine thousand.
type billSums map[sumKey]*billSum

// add counts a line in, for its organisation.
func (s billSums) add(l *BillLine) {
	one := billSum{l.Funds, 1, "", l.Position}
	named := one
	named.label = l.ProductName
	at := sumKey{l.OrgID, byProduct, l.BillingPeriod, l.ProductCode, l.Currency}
	s.put(at, &named)
	for _, d := range [...]struct{ dimension, key string }{
		{byWhole, ""}, {byRegion, l.Region}, {byProject, l.ProjectID}, {byConsumer, l.ConsumerID}, {byChargeMode, string(l.ChargeMode)},
	} {
		at.dimension, at.key = d.dimension, d.key
		s.put(at, &one)
	}
	for tag, value := range l.Tags {
		at.dimension, at.key = tagDimension+tag, value
		s.put(at, &one)
	}
}

func (s billSums) put(at sumKey, more *billSum) {
	sum := s[at]
	if sum == nil {
		first := *more
		s[at] = &first
		return
	}
	sum.Funds, sum.lines = sum.Funds.Add(more.Funds), sum.lines+more.lines
	if more.position >= sum.position {
		sum.label, sum.position = more.label, more.position
	}
}

// write adds the sums to those that are there, for each organisation and for all together.
func (s billSums) write(out sink) {
	all := billSums{}
	for at, sum := range s {
		at.org = AllOrgs
		all.put(at, sum)
	}
	for _, sums := range []billSums{s, all} {
		for at, sum := range sums {
			out.add(billSumsTable, at.org, at.dimension, string(at.period), at.key, string(at.currency), sum.label, sum.Total().String(),
				sum.Cash.String(), sum.Gift.String(), sum.Voucher.String(), number(sum.lines), number(sum.position))
		}
	}
}
