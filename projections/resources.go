package projections

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"orderledger/domain"
	"orderledger/eventstore"
)

var resourcesTable = newTable("resources", "org_id, resource_id", `
	org_id text, resource_id text, status text, resource_name text, resource_type text, products jsonb, project_id text, consumer_id text,
	region text, currency text, lease_end timestamptz, auto_renew boolean, renew_at timestamptz?, settle_at timestamptz?,
	overdue_at timestamptz?, overdue_ended timestamptz?, overdue_later timestamptz?,
	release_leased timestamptz?, release_free timestamptz?, releasing boolean, release_over boolean, released_for text?, opened_at timestamptz, closed_at timestamptz?, version bigint, position bigint, doc json`)

// heldResources are resources in the course of a fold, by the id of their stream.
type heldResources map[string]*domain.Resource

func pageOfResources(ctx context.Context, tx pgx.Tx, _ *eventstore.Log, events []eventstore.Event, out sink) error {
	held, err := loadResources(ctx, tx, events)
	if err != nil {
		return err
	}
	return held.fold(events, out)
}

// loadResources reads the resources that the events go on with, as their rows hold them.
func loadResources(ctx context.Context, tx pgx.Tx, events []eventstore.Event) (heldResources, error) {
	const q = `
SELECT r.org_id, r.resource_id, r.doc
FROM unnest($1::text[], $2::text[]) AS w (org_id, resource_id) JOIN resources r USING (org_id, resource_id)`
	held := heldResources{}
	var orgs, ids []string
	wanted := map[string]bool{}
	for i := range events {
		if id, ok := idOf(&events[i], domain.KindResource); ok && events[i].Version > 1 && !wanted[id] {
			wanted[id] = true
			org, resource := domain.Ref{Kind: domain.KindResource, ID: id}.ResourceOf()
			orgs, ids = append(orgs, org), append(ids, resource)
		}
	}
	if len(ids) == 0 {
		return held, nil
	}
	rows, err := tx.Query(ctx, q, orgs, ids)
	if err != nil {
		return nil, fmt.Errorf("load %d resources: %w", len(ids), err)
	}
	var org, id string
	var doc []byte
	_, err = pgx.ForEachRow(rows, []any{&org, &id, &doc}, func() error {
		ref := domain.ResourceRef(org, id)
		state, err := domain.DecodeState(ref, doc)
		if err != nil {
			return err
		}
		held[ref.ID] = state.(*domain.Resource)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("load %d resources: %w", len(ids), err)
	}
	return held, nil
}

// fold folds events into the resources held, and writes those that changed.
func (held heldResources) fold(events []eventstore.Event, out sink) error {
	changed := map[string]bool{}
	for i := range events {
		e := &events[i]
		id, ok := idOf(e, domain.KindResource)
		if !ok {
			continue
		}
		event, err := decode(e)
		if err != nil {
			return err
		}
		var state domain.State // a nil *Resource in a State would not be nil
		var version int64
		before := held[id]
		if before != nil {
			state, version = before, before.Version
		}
		if e.Version != version+1 {
			return cannot(e, fmt.Errorf("it is version %d of its resource, which is known up to %d", e.Version, version))
		}
		next, ok := domain.Evolve(state, event, metaOf(e)).(*domain.Resource)
		if !ok || next == before {
			return unknown(e)
		}
		held[id] = next
		changed[id] = true
	}
	for _, id := range sortedKeys(changed) {
		if err := writeResource(held[id], out); err != nil {
			return err
		}
	}
	return nil
}

func writeResource(r *domain.Resource, out sink) error {
	doc, err := domain.EncodeState(r)
	if err != nil {
		return fmt.Errorf("encode resource %s of %s: %w", r.ResourceID, r.OrgID, err)
	}
	products := []string{}
	for i := range r.Terms {
		products = append(products, r.Terms[i].ProductCode)
	}
	slices.Sort(products)
	codes, err := json.Marshal(slices.Compact(products))
	if err != nil {
		return fmt.Errorf("encode the products of resource %s of %s: %w", r.ResourceID, r.OrgID, err)
	}
	leaseEnd := "infinity"
	if end, ok := r.LeaseEnd(); ok {
		leaseEnd = timeText(end)
	}
	renew, settle, overdue, ended, later := fallsDue(r)
	leased, free := r.ReleaseFallsDue()
	out.add(resourcesTable, r.OrgID, r.ResourceID, string(r.Status), r.ResourceName, r.ResourceType, string(codes), r.ProjectID, r.ConsumerID,
		r.Region, string(r.Currency), leaseEnd, flag(r.AutoRenew != nil && r.AutoRenew.Enabled), timeOrNull(renew),
		timeOrNull(settle), timeOrNull(overdue), timeOrNull(ended), timeOrNull(later),
		timeOrNull(leased), timeOrNull(free), flag(len(r.Releases) > 0), flag(r.ReleaseIsOver()), r.ReleasedFor(), timeText(r.OpenedAt), timeOrNull(r.ClosedAt),
		number(r.Version), number(r.Position), string(doc))
	return nil
}

// fallsDue is when timers have to look at the resource; nil is never. For how many days after its leases it is charged is
// the organisation's choice, which the query of what is due makes with the last three.
func fallsDue(r *domain.Resource) (renew, settle, overdue, ended, later *time.Time) {
	if at, _, ok := r.RenewalDueAt(); ok {
		renew = &at
	}
	if at, ok := r.SettlementDueAt(); ok {
		settle = &at
	}
	if o, ok := r.OverdueDays(); ok {
		overdue, ended, later = &o.At, &o.Ended, o.Later
	}
	return renew, settle, overdue, ended, later
}

func refoldResources(context.Context, pgx.Tx, int64) (*refold, error) {
	return &refold{kind: domain.KindResource, chunk: func(events []eventstore.Event, out sink) error {
		return heldResources{}.fold(events, out)
	}}, nil
}
