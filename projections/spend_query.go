package projections

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"orderledger/domain"
)

// SpendQuery asks what was spent by month.
type SpendQuery struct {
	// From and To are the first and the last month, at most SpendMonthsMax of them.
	From, To domain.Period
	// GroupBy is product, region, project, consumer, charge_mode or tag:KEY; "" asks for the whole alone.
	GroupBy string
	// Most is how many groups of each currency are told apart, those with the largest amount over all months; what is
	// left makes one more. 0 is 8.
	Most int
}

// SpendMonthsMax bounds how many months are looked at together, SpendGroupsMax how many groups are told apart.
const (
	SpendMonthsMax = 60
	SpendGroupsMax = 100
)

// ErrTooManyMonths: From and To are further apart than is added up, or the wrong way round.
var ErrTooManyMonths = fmt.Errorf("from and to are 1 to %d months", SpendMonthsMax)

// Spend is what a month came to in one currency, whole or for one group.
type Spend struct {
	Period domain.Period `json:"period"`
	// Key is what the group's lines share; "" are those that have none. Of a product, Label is its name.
	Key   string `json:"key"`
	Label string `json:"label,omitempty"`
	// Rest: the sum of all groups that are not told apart.
	Rest bool `json:"rest,omitempty"`
	BillSum
}

// SpendList is what was spent, as the API answers it: by month, then by currency, then the largest group of all months
// first and the rest last. A group without lines in a month is left out of it.
type SpendList struct {
	Items []Spend `json:"items"`
	AsOf  int64   `json:"as_of_position"`
}

// Spend adds bill lines up by month and group, of one organisation or all together. It reads sums that are kept with the
// lines: its work grows with the groups, not with the lines. It rests on the read model BillLines. Errors: ErrBadGroup,
// ErrTooManyMonths.
func (r *Reader) Spend(ctx context.Context, org string, q SpendQuery) (SpendList, error) {
	out := SpendList{Items: []Spend{}}
	dimension, ok := dimensionOf(q.GroupBy)
	if !ok {
		return out, ErrBadGroup
	}
	if n := monthsFrom(q.From, q.To); n < 1 || n > SpendMonthsMax {
		return out, ErrTooManyMonths
	}
	most := min(q.Most, SpendGroupsMax)
	if most <= 0 {
		most = 8
	}
	w := &where{}
	sums := sumsOf(w, org, dimension, q.From, q.To)
	told := w.arg(most) + "::int"
	sql := `
WITH sums AS MATERIALIZED (` + sums + `
), places AS (
    SELECT currency, key, (array_agg(label ORDER BY billing_period DESC))[1] AS label,
        row_number() OVER (PARTITION BY currency ORDER BY sum(amount) DESC, key) AS place
    FROM sums
    GROUP BY currency, key
), told AS (
    SELECT billing_period, currency, least(place, ` + told + ` + 1) AS place,
        CASE WHEN place <= ` + told + ` THEN key END AS key, CASE WHEN place <= ` + told + ` THEN p.label END AS label, amount, cash, gift, voucher, lines
    FROM sums JOIN places p USING (currency, key)
)
SELECT billing_period, currency, coalesce(key, ''), coalesce(label, ''), key IS NULL,
    sum(amount)::text, sum(cash)::text, sum(gift)::text, sum(voucher)::text, sum(lines)::bigint
FROM told
GROUP BY billing_period, currency, place, key, label
ORDER BY billing_period, currency, place`
	var s Spend
	scan := []any{&s.Period, &s.Currency, &s.Key, &s.Label, &s.Rest, &s.Amount, &s.Cash, &s.Gift, &s.Voucher, &s.Lines}
	asOf, err := r.read(ctx, org, []string{BillLines}, func(b *pgx.Batch) {
		collect(b, sql, w.args, scan, func() error { out.Items = append(out.Items, s); return nil })
	})
	if err != nil {
		return out, fmt.Errorf("sum spend up: %w", err)
	}
	out.AsOf = asOf
	return out, nil
}

// dimensionOf reads what bills are grouped by; "" is the whole.
func dimensionOf(groupBy string) (string, bool) {
	switch groupBy {
	case byWhole, byProduct, byRegion, byProject, byConsumer, byChargeMode:
		return groupBy, true
	}
	tag, ok := strings.CutPrefix(groupBy, tagDimension)
	return groupBy, ok && tag != ""
}

// monthsFrom counts the months from one to another, both included; 0 where they are no months.
func monthsFrom(from, to domain.Period) int {
	if _, ok := domain.ParsePeriod(string(from)); !ok {
		return 0
	}
	if _, ok := domain.ParsePeriod(string(to)); !ok {
		return 0
	}
	number := func(p domain.Period) (n int) {
		var year, month int
		_, _ = fmt.Sscanf(string(p), "%d-%d", &year, &month) // it is a month
		return 12*year + month
	}
	return number(to) - number(from) + 1
}

// lineKeys are what bill lines are grouped by, as SQL.
var lineKeys = map[string]string{
	byWhole: "''", byProduct: "product_code", byRegion: "region", byProject: "project_id", byConsumer: "consumer_id", byChargeMode: "charge_mode",
}

// sumsOf selects the sums of a dimension by month, currency and key: those that are kept, and the lines that were posted
// since. Lines without a tag have no sum of it: theirs is what is left of the whole, under the key "", where lines are
// too whose tag is the empty text.
func sumsOf(w *where, org, dimension string, from, to domain.Period) string {
	months := `billing_period BETWEEN ` + w.arg(string(from)) + ` AND ` + w.arg(string(to))
	kept := `FROM bill_sums WHERE org_id = ` + w.arg(org) + ` AND ` + months + ` AND dimension `
	parts := `
    SELECT billing_period, currency, key, label, position, amount, cash, gift, voucher, lines
    ` + kept + `= ` + w.arg(dimension)

	key, label := lineKeys[dimension], "''"
	if tag, ok := strings.CutPrefix(dimension, tagDimension); ok {
		key = "coalesce(tags ->> " + w.arg(tag) + "::text, '')"
		parts += `
    UNION ALL
    SELECT billing_period, currency, '', '', 0, of * amount, of * cash, of * gift, of * voucher, of * lines
    FROM (SELECT *, CASE dimension WHEN '' THEN 1 ELSE -1 END AS of ` + kept + `IN ('', ` + w.arg(dimension) + `)) AS left_over`
	}
	if dimension == byProduct {
		label = "product_name"
	}
	since := &where{args: w.args}
	since.org(org)
	since.and(months)
	// With a bound on both sides the planner knows that these are few.
	since.and("position > ("+summed+") AND position <= ("+summed+") + ?::bigint", sumSpan, sumSpan, sumSpan)
	w.args = since.args
	return `
SELECT billing_period, currency, key, (array_agg(label ORDER BY position DESC))[1] AS label,
    sum(amount) AS amount, sum(cash) AS cash, sum(gift) AS gift, sum(voucher) AS voucher, sum(lines)::bigint AS lines
FROM (` + parts + `
    UNION ALL
    SELECT billing_period, currency, ` + key + `, ` + label + `, position, amount, cash, gift, voucher, 1
    FROM bill_lines ` + since.sql() + `) AS parts
GROUP BY billing_period, currency, key
HAVING sum(lines) > 0`
}

// summed is summedTo of the read model in SQL.
const summed = `SELECT position - position % ?::bigint FROM projections WHERE name = '` + BillLines + `'`
