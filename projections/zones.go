package projections

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"orderledger/domain"
	"orderledger/eventstore"
)

// zoneHistory has each organisation's time zones, in the order in which they came to hold. A bill line
// rests on the zone at its own position, so that a later change can't move it to another month.
type zoneHistory map[string][]zoneFrom

type zoneFrom struct {
	position int64
	name     string
}

// at is the zone that held at a position.
func (z zoneHistory) at(org string, position int64) (*time.Location, error) {
	name := domain.DefaultTimeZone
	for _, from := range z[org] {
		if from.position <= position {
			name = from.name
		}
	}
	zone, ok := domain.Zone(name)
	if !ok {
		return nil, fmt.Errorf("the time zone %q is not known", name)
	}
	return zone, nil
}

// follow adds what the events change, and returns the last zone of each organisation that changed.
func (z zoneHistory) follow(events []eventstore.Event) (map[string]string, error) {
	changed := map[string]string{}
	for i := range events {
		e := &events[i]
		org, ok := idOf(e, domain.KindOrg)
		if !ok || slices.Contains(notSettings, e.Type) {
			continue
		}
		event, err := decode(e)
		if err != nil {
			return nil, err
		}
		settings, ok := event.(domain.OrgSettingsChanged)
		if !ok { // it might change the zone
			return nil, unknown(e)
		}
		z[org] = append(z[org], zoneFrom{e.Position, settings.TimeZone})
		changed[org] = settings.TimeZone
	}
	return changed, nil
}

// notSettings are the events of organisations that leave their settings alone. There may be very many of them.
var notSettings = []string{domain.TypeUsageReported, domain.TypeUsageSettled, domain.TypePeriodClosed, domain.TypePeriodSealed}

// readSettings reads the changes of all organisations' settings up to a position, each organisation's in order.
func readSettings(ctx context.Context, db querier, upTo int64) ([]eventstore.Event, error) {
	const q = `
SELECT stream, version, position, type, org_id, payload
FROM events
WHERE stream >= $1 AND stream < $2 AND position <= $3 AND type <> ALL($4)
ORDER BY stream, version`
	rows, err := db.Query(ctx, q, pgx.QueryExecModeCacheDescribe, domain.KindOrg+"-", domain.KindOrg+".", upTo, notSettings)
	if err != nil {
		return nil, fmt.Errorf("read settings: %w", err)
	}
	events, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (e eventstore.Event, err error) {
		err = row.Scan(&e.Stream, &e.Version, &e.Position, &e.Type, &e.OrgID, &e.Payload)
		return e, err
	})
	if err != nil {
		return nil, fmt.Errorf("read settings: %w", err)
	}
	return events, nil
}

// loadZones reads the zones that hold before a page, of the organisations that it pays orders of.
func loadZones(ctx context.Context, tx pgx.Tx, events []eventstore.Event) (zoneHistory, error) {
	const q = `SELECT org_id, time_zone FROM bill_zones WHERE org_id = ANY($1)`
	wanted := map[string]bool{}
	for i := range events {
		if events[i].Type == domain.TypeOrderPaid {
			wanted[events[i].OrgID] = true
		}
	}
	zones := zoneHistory{}
	if len(wanted) == 0 {
		return zones, nil
	}
	rows, err := tx.Query(ctx, q, sortedKeys(wanted))
	if err != nil {
		return nil, fmt.Errorf("load time zones: %w", err)
	}
	var org, name string
	_, err = pgx.ForEachRow(rows, []any{&org, &name}, func() error {
		zones[org] = []zoneFrom{{0, name}}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("load time zones: %w", err)
	}
	return zones, nil
}
