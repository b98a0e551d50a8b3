package projections

import (
	"github.com/jackc/pgx/v5"

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

// sumSpan is how many events are summed up at once: to write the sums of every page costs half as much as its lines do.
// What was posted after the last whole span is added from the lines when a bill is read. Sums in the database go by it:
// with another span the read model is another version.
var sumSpan int64 = 16384

// summedTo is up to where the lines of a read model at a position are in the sums.
func summedTo(position int64) int64 { return position - position%sumSpan }

// addToSums queues that the lines of spans that end on the way from one position to another are added to the sums, for
// each organisation and for all together. A product's label is the name in its latest line.
func addToSums(b *pgx.Batch, from, to int64) {
	if from, to = summedTo(from), summedTo(to); from < to {
		b.Queue(addSpans, from, to)
	}
}

// addSpans adds the lines after a position, up to another, to the sums.
const addSpans = `
WITH lines AS MATERIALIZED (
    SELECT org_id, billing_period, currency, product_code, region, project_id, consumer_id, charge_mode, tags, amount, cash, gift, voucher, position,
        lpad(position::text, 19, '0') || lpad(line_no::text, 10, '0') || product_name COLLATE "C" AS named
    FROM bill_lines
    WHERE position > $1 AND position <= $2
), sums AS (
    SELECT org_id, billing_period, currency,
        CASE grouping(product_code, region, project_id, consumer_id, charge_mode)
            WHEN 31 THEN '' WHEN 15 THEN 'product' WHEN 23 THEN 'region' WHEN 27 THEN 'project' WHEN 29 THEN 'consumer' ELSE 'charge_mode' END AS dimension,
        coalesce(product_code, region, project_id, consumer_id, charge_mode, '') AS key,
        sum(amount) AS amount, sum(cash) AS cash, sum(gift) AS gift, sum(voucher) AS voucher, count(*) AS lines, max(position) AS position, max(named) AS named
    FROM lines
    GROUP BY org_id, billing_period, currency, GROUPING SETS ((), (product_code), (region), (project_id), (consumer_id), (charge_mode))
    UNION ALL
    SELECT org_id, billing_period, currency, 'tag:' || t.key, t.value,
        sum(amount), sum(cash), sum(gift), sum(voucher), count(*), max(position), max(named)
    FROM lines CROSS JOIN LATERAL jsonb_each_text(tags) AS t
    GROUP BY org_id, billing_period, currency, t.key, t.value
), all_sums AS (
    SELECT * FROM sums
    UNION ALL
    SELECT '*', billing_period, currency, dimension, key, sum(amount), sum(cash), sum(gift), sum(voucher), sum(lines), max(position), max(named)
    FROM sums
    GROUP BY billing_period, currency, dimension, key
)
INSERT INTO bill_sums AS b (org_id, dimension, billing_period, key, currency, label, amount, cash, gift, voucher, lines, position)
SELECT org_id, dimension, billing_period, key, currency, CASE dimension WHEN 'product' THEN substr(named, 30) ELSE '' END,
    amount, cash, gift, voucher, lines, position
FROM all_sums
ON CONFLICT (org_id, dimension, billing_period, key, currency) DO UPDATE
SET label = excluded.label, amount = b.amount + excluded.amount, cash = b.cash + excluded.cash, gift = b.gift + excluded.gift,
    voucher = b.voucher + excluded.voucher, lines = b.lines + excluded.lines, position = excluded.position`

// billSums adds up what the lines of a chunk of the log come to, for a rebuild. Its sums stay within an int64: no order
// is over domain.MaxUnits, and a chunk pays far fewer than nine thousand.
type billSums struct {
	upTo int64
	of   map[sumKey]*billSum
}

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

// newBillSums makes the sums of a read model at a position.
func newBillSums(position int64) *billSums {
	return &billSums{summedTo(position), map[sumKey]*billSum{}}
}

// add counts a line in, for its organisation. Nil counts nothing.
func (s *billSums) add(l *BillLine) {
	if s == nil || l.Position > s.upTo {
		return
	}
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

func (s *billSums) put(at sumKey, more *billSum) {
	sum := s.of[at]
	if sum == nil {
		first := *more
		s.of[at] = &first
		return
	}
	sum.Funds, sum.lines = sum.Funds.Add(more.Funds), sum.lines+more.lines
	if more.position >= sum.position {
		sum.label, sum.position = more.label, more.position
	}
}

// write gives the sums out, for each organisation and for all together.
func (s *billSums) write(out sink) {
	all := &billSums{s.upTo, map[sumKey]*billSum{}}
	for at, sum := range s.of {
		at.org = AllOrgs
		all.put(at, sum)
	}
	for _, sums := range []*billSums{s, all} {
		for at, sum := range sums.of {
			out.add(billSumsTable, at.org, at.dimension, string(at.period), at.key, string(at.currency), sum.label, sum.Total().String(),
				sum.Cash.String(), sum.Gift.String(), sum.Voucher.String(), number(sum.lines), number(sum.position))
		}
	}
}
