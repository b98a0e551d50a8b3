package projections

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"orderledger/domain"
	"orderledger/eventstore"
)

var orgsTable = newTable("orgs", "org_id", `
	org_id text, time_zone text, pay_before_seconds bigint, version bigint, position bigint, first_position bigint,
	settlement_delay_seconds bigint, overdue_days bigint, refund_failed_after_seconds bigint,
	fulfil_within_seconds bigint, refund_unfulfilled_after_seconds bigint, release_after_seconds bigint, closed_through text?, doc json`)

// heldOrg is an organisation in the course of a fold.
type heldOrg struct {
	// state is nil for one whose stream has no events yet.
	state *domain.Org
	first int64
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
	months, err := loadPeriods(ctx, tx, events)
	if err != nil {
		return err
	}
	changed := newOrgs(first, held)
	if err := foldOrgs(events, held, changed); err != nil {
		return err
	}
	if err := months.fold(events); err != nil {
		return err
	}
	months.write(out)
	return writeOrgs(held, changed, out)
}

func loadOrgs(ctx context.Context, tx pgx.Tx, wanted map[string]int64) (map[string]*heldOrg, error) {
	const q = `
SELECT org_id, version, first_position, doc
FROM orgs
WHERE org_id = ANY($1)`
	rows, err := tx.Query(ctx, q, sortedKeys(wanted))
	if err != nil {
		return nil, fmt.Errorf("load %d organisations: %w", len(wanted), err)
	}
	held := map[string]*heldOrg{}
	var id string
	var version, first int64
	var doc []byte
	_, err = pgx.ForEachRow(rows, []any{&id, &version, &first, &doc}, func() error {
		h := &heldOrg{first: first}
		if held[id] = h; version == 0 {
			return nil
		}
		state, err := domain.DecodeState(domain.OrgRef(id), doc)
		if err != nil {
			return err
		}
		h.state = state.(*domain.Org)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("load %d organisations: %w", len(wanted), err)
	}
	return held, nil
}

// newOrgs adds the organisations that are not held yet.
func newOrgs(first map[string]int64, held map[string]*heldOrg) (added map[string]bool) {
	added = map[string]bool{}
	for org, position := range first {
		if held[org] == nil {
			held[org] = &heldOrg{first: position}
			added[org] = true
		}
	}
	return added
}

// foldOrgs folds the events of organisations' streams into those held.
func foldOrgs(events []eventstore.Event, held map[string]*heldOrg, changed map[string]bool) error {
	for i := range events {
		e := &events[i]
		org, ok := idOf(e, domain.KindOrg)
		if !ok {
			continue
		}
		h := held[org]
		if h == nil {
			return cannot(e, fmt.Errorf("its stream %s belongs to another organisation, %s", e.Stream, e.OrgID))
		}
		event, err := decode(e)
		if err != nil {
			return err
		}
		var state domain.State // a nil *Org in a State would not be nil
		if h.state != nil {
			state = h.state
		}
		next, ok := domain.Evolve(state, event, metaOf(e)).(*domain.Org)
		if !ok || next == h.state {
			return unknown(e)
		}
		h.state = next
		changed[org] = true
	}
	return nil
}

// org is what the row says: an organisation whose stream has no events has the default settings.
func (h *heldOrg) org(id string) *domain.Org {
	o := domain.Org{OrgID: id, Position: h.first}
	if h.state != nil {
		o = *h.state
	}
	o.Settings = domain.SettingsOf(h.state)
	return &o
}

func writeOrgs(held map[string]*heldOrg, changed map[string]bool, out sink) error {
	for _, id := range sortedKeys(changed) {
		h := held[id]
		o := h.org(id)
		doc, err := domain.EncodeState(o)
		if err != nil {
			return fmt.Errorf("encode organisation %s: %w", id, err)
		}
		out.add(orgsTable, id, o.TimeZone, number(o.PayBeforeSeconds), number(o.Version), number(o.Position), number(h.first),
			number(o.SettlementDelaySeconds), number(orDefault(o.OverdueDays, domain.DefaultOverdueDays)),
			number(orDefault(o.RefundFailedAfterSeconds, domain.DefaultRefundFailedAfterSeconds)),
			number(orDefault(o.FulfilWithinSeconds, domain.DefaultFulfilWithinSeconds)), number(orDefault(o.RefundUnfulfilledAfterSeconds, 0)),
			number(orDefault(o.ReleaseAfterSeconds, domain.DefaultReleaseAfterSeconds)), string(o.ClosedThrough), string(doc))
	}
	return nil
}

func orDefault(n *int64, otherwise int64) int64 {
	if n == nil {
		return otherwise
	}
	return *n
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
	held, months := map[string]*heldOrg{}, heldPeriods{}
	all := newOrgs(first, held)
	return &refold{
		kind:    domain.KindOrg,
		inOrder: true,
		chunk: func(events []eventstore.Event, _ sink) error {
			if err := foldOrgs(events, held, map[string]bool{}); err != nil {
				return err
			}
			return months.fold(events)
		},
		end: func(out sink) error {
			months.write(out)
			return writeOrgs(held, all, out)
		},
	}, nil
}
