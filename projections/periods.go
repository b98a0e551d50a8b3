package projections

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"orderledger/domain"
	"orderledger/eventstore"
)

var periodsTable = newTable("periods", "org_id, period", `
	org_id text, period text, state text, closed_position bigint, closed_at timestamptz, closed_by text,
	sealed_position bigint?, sealed_at timestamptz?, lines bigint?, totals json?, digest text?`)

type periodKey struct {
	org    string
	period domain.Period
}

// heldPeriod is a closed month in the course of a fold.
type heldPeriod struct {
	closedAt       time.Time
	closedPosition int64
	closedBy       string
	// sealed is nil while the month is closing.
	sealed         *domain.PeriodSealed
	sealedAt       time.Time
	sealedPosition int64
	totals         string
}

type heldPeriods map[periodKey]*heldPeriod

// loadPeriods reads the months that the events seal: what closed them may be long ago.
func loadPeriods(ctx context.Context, tx pgx.Tx, events []eventstore.Event) (heldPeriods, error) {
	const q = `
SELECT org_id, period, closed_position, closed_at, closed_by
FROM periods
WHERE state = 'closing' AND org_id = ANY($1)`
	wanted := map[string]bool{}
	for i := range events {
		if events[i].Type == domain.TypePeriodSealed {
			wanted[events[i].OrgID] = true
		}
	}
	held := heldPeriods{}
	if len(wanted) == 0 {
		return held, nil
	}
	rows, err := tx.Query(ctx, q, sortedKeys(wanted))
	if err != nil {
		return nil, fmt.Errorf("load closing months: %w", err)
	}
	var key periodKey
	var p heldPeriod
	_, err = pgx.ForEachRow(rows, []any{&key.org, &key.period, &p.closedPosition, &p.closedAt, &p.closedBy}, func() error {
		known := p
		held[key] = &known
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("load closing months: %w", err)
	}
	return held, nil
}

// fold folds what closes and seals months into those held.
func (held heldPeriods) fold(events []eventstore.Event) error {
	for i := range events {
		e := &events[i]
		if e.Type != domain.TypePeriodClosed && e.Type != domain.TypePeriodSealed {
			continue
		}
		event, err := decode(e)
		if err != nil {
			return err
		}
		switch event := event.(type) {
		case domain.PeriodClosed:
			held[periodKey{event.OrgID, event.Period}] = &heldPeriod{closedAt: e.OccurredAt, closedPosition: e.Position, closedBy: event.By}
		case domain.PeriodSealed:
			p := held[periodKey{event.OrgID, event.Period}]
			if p == nil || p.sealed != nil {
				return cannot(e, fmt.Errorf("the month %s of %s is not closing", event.Period, event.OrgID))
			}
			totals, err := json.Marshal(event.Totals)
			if err != nil {
				return cannot(e, err)
			}
			p.sealed, p.sealedAt, p.sealedPosition, p.totals = &event, e.OccurredAt, e.Position, string(totals)
		}
	}
	return nil
}

func (held heldPeriods) write(out sink) {
	for key, p := range held {
		state, sealedPosition, sealedAt, lines, totals, digest := "closing", "", "", "", "", ""
		if s := p.sealed; s != nil {
			state, totals, digest = "closed", p.totals, s.Digest
			sealedPosition, sealedAt, lines = number(p.sealedPosition), timeText(p.sealedAt), number(s.Lines)
		}
		out.add(periodsTable, key.org, string(key.period), state, number(p.closedPosition), timeText(p.closedAt), p.closedBy,
			sealedPosition, sealedAt, lines, totals, digest)
	}
}
