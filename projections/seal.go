package projections

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"github.com/jackc/pgx/v5"

	"orderledger/domain"
)

// sealPage is how many bill lines are held at once while a month's digest is worked out.
const sealPage = 2000

// PeriodSeal sums an organisation's month up as its bill lines are now, which are all of those up to asOf: its lines, its
// totals by currency, and the digest that domain.PeriodSealed describes. Position is left to the caller. Once a month is
// closed and asOf is past that, the answer is the same for ever.
func (r *Reader) PeriodSeal(ctx context.Context, org string, period domain.Period) (seal domain.PeriodSealed, asOf int64, err error) {
	seal = domain.PeriodSealed{OrgID: org, Period: period, Totals: []domain.PeriodTotal{}}
	bill, err := r.Bill(ctx, org, period, "")
	if err != nil {
		return seal, 0, err
	}
	for _, sum := range bill.Totals {
		total, err := periodTotal(sum)
		if err != nil {
			return seal, 0, fmt.Errorf("sum the month %s of %s up: %w", period, org, err)
		}
		seal.Totals = append(seal.Totals, total)
		seal.Lines += total.Lines
	}
	lines, digest, err := r.periodDigest(ctx, org, period)
	if err != nil {
		return seal, 0, fmt.Errorf("digest the month %s of %s: %w", period, org, err)
	}
	if lines != seal.Lines {
		return seal, 0, fmt.Errorf("the month %s of %s changed from %d lines to %d meanwhile", period, org, seal.Lines, lines)
	}
	seal.Digest = digest
	return seal, bill.AsOf, nil
}

func periodTotal(sum BillSum) (domain.PeriodTotal, error) {
	t := domain.PeriodTotal{Currency: sum.Currency, Lines: sum.Lines}
	for _, part := range []struct {
		text string
		into *domain.Amount
	}{{sum.Amount, &t.Amount}, {sum.Cash, &t.Cash}, {sum.Gift, &t.Gift}, {sum.Voucher, &t.Voucher}} {
		a, err := domain.ParseAmount(part.text)
		if err == nil {
			*part.into, err = a.In(sum.Currency)
		}
		if err != nil {
			return t, err
		}
	}
	return t, nil
}

func (r *Reader) periodDigest(ctx context.Context, org string, period domain.Period) (lines int64, digest string, err error) {
	const q = `
SELECT position, line_no, doc
FROM bill_lines
WHERE org_id = $1 AND billing_period = $2 AND (position, line_no) > ($3, $4)
ORDER BY position, line_no
LIMIT $5`
	sum := sha256.New()
	var position int64
	var lineNo int
	var doc []byte
	for {
		n := 0
		_, err := r.read(ctx, org, []string{BillLines}, func(b *pgx.Batch) {
			collect(b, q, []any{org, string(period), position, lineNo, sealPage}, []any{&position, &lineNo, &doc}, func() error {
				sum.Write(doc)
				sum.Write([]byte{'\n'})
				n++
				return nil
			})
		})
		if err != nil {
			return 0, "", err
		}
		if lines += int64(n); n < sealPage {
			return lines, hex.EncodeToString(sum.Sum(nil)), nil
		}
	}
}
