package projections

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"orderledger/domain"
	"orderledger/eventstore"
)

var orgsTable = newTable("orgs", "org_id", `
	org_id text, time_zone text, pay_before_seconds bigint, version bigint, position bigint, first_position bigint`)

// heldOrg is an organisation in the course of a fold.
type heldOrg struct {
	domain.Settings
	version, position, first int64
}

func pageOfOrgs(ctx context.Context, tx pgx.Tx, _ *eventstore.Log, events []eventstore.Event, out sink) error {
	first := map[string]int64{}
	for i := range events {
		if _, ok := first[events[i].OrgID]; !ok {
			first[events[i].OrgID] = events[i].Position
		}
	}
	held, err := loadOrgs(ctx, tx, first)
	if err != nil {
		return err
	}
	changed := newOrgs(first, held)
	if err := foldOrgs(events, held, changed); err != nil {
		return err
	}
	writeOrgs(held, changed, out)
	return nil
}

func loadOrgs(ctx context.Context, tx pgx.Tx, wanted map[string]int64) (map[string]*heldOrg, error) {
	const q = `
SELECT org_id, time_zone, pay_before_seconds, version, position, first_position
FROM orgs
WHERE org_id = ANY($1)`
	rows, err := tx.Query(ctx, q, sortedKeys(wanted))
	if err != nil {
		return nil, fmt.Errorf("load %d organisations: %w", len(wanted), err)
	}
	held := map[string]*heldOrg{}
	var id string
	var o heldOrg
	_, err = pgx.ForEachRow(rows, []any{&id, &o.TimeZone, &o.PayBeforeSeconds, &o.version, &o.position, &o.first}, func() error {
		known := o
		held[id] = &known
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("load %d organisations: %w", len(wanted), err)
	}
	return held, nil
}

// newOrgs adds the organisations that are not held yet, with the settings that all begin with.
func newOrgs(first map[string]int64, held map[string]*heldOrg) (added map[string]bool) {
	added = map[string]bool{}
	for org, position := range first {
		if held[org] == nil {
			held[org] = &heldOrg{Settings: domain.DefaultSettings(), position: position, first: position}
			added[org] = true
		}
	}
	return added
}

// foldOrgs folds changes of settings into the organisations held.
func foldOrgs(events []eventstore.Event, held map[string]*heldOrg, changed map[string]bool) error {
	for i := range events {
		e := &events[i]
		org, state, err := settingsAfter(e)
		if err != nil {
			return err
		}
		if state == nil {
			continue
		}
		h := held[org]
		if h == nil {
			return cannot(e, fmt.Errorf("its stream %s belongs to another organisation, %s", e.Stream, e.OrgID))
		}
		h.Settings, h.version, h.position = state.Settings, state.Version, state.Position
		changed[org] = true
	}
	return nil
}

// settingsAfter is an organisation and its settings after an event of its stream; nil after another's.
func settingsAfter(e *eventstore.Event) (org string, after *domain.Org, err error) {
	org, ok := idOf(e, domain.KindOrg)
	if !ok {
		return "", nil, nil
	}
	event, err := decode(e)
	if err != nil {
		return org, nil, err
	}
	if after, ok = domain.Evolve(nil, event, metaOf(e)).(*domain.Org); !ok {
		return org, nil, unknown(e)
	}
	return org, after, nil
}

func writeOrgs(held map[string]*heldOrg, changed map[string]bool, out sink) {
	for _, org := range sortedKeys(changed) {
		h := held[org]
		out.add(orgsTable, org, h.TimeZone, number(h.PayBeforeSeconds), number(h.version), number(h.position), number(h.first))
	}
}

func refoldOrgs(ctx context.Context, tx pgx.Tx, upTo int64) (*refold, error) {
	const q = `SELECT org_id, min(position) FROM events WHERE position <= $1 GROUP BY org_id`
	rows, err := tx.Query(ctx, q, upTo)
	if err != nil {
		return nil, fmt.Errorf("read organisations: %w", err)
	}
	first := map[string]int64{}
	var org string
	var position int64
	_, err = pgx.ForEachRow(rows, []any{&org, &position}, func() error { first[org] = position; return nil })
	if err != nil {
		return nil, fmt.Errorf("read organisations: %w", err)
	}
	settings, err := readStreams(ctx, tx, domain.KindOrg, upTo)
	if err != nil {
		return nil, err
	}
	held := map[string]*heldOrg{}
	changed := newOrgs(first, held)
	if err := foldOrgs(settings, held, changed); err != nil {
		return nil, err
	}
	return &refold{end: func(out sink) { writeOrgs(held, changed, out) }}, nil
}
