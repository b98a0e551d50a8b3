package projections

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// ResourceQuery asks for a page of resources, the one whose lease ends first at the top; those without a lease come
// last. Within a field, any of the values will do; fields that are given must all match.
type ResourceQuery struct {
	Statuses, Products, ProjectIDs, ConsumerIDs, Regions, ResourceTypes, ResourceNames []string
	// AutoRenew: only those that are renewed by themselves, or only others; nil is both.
	AutoRenew *bool
	// Releasing: only those that are to be released.
	Releasing bool
	// LeaseEndFrom and LeaseEndTo bound when the first of its leases ends, half-open; zero is no bound.
	LeaseEndFrom, LeaseEndTo time.Time
	Limit                    int
	Cursor                   string
	// Count adds how many resources match in all.
	Count bool
}

// Resources lists resources as the API answers them. Errors: ErrBadCursor.
func (r *Reader) Resources(ctx context.Context, org string, q ResourceQuery) (List[json.RawMessage], error) {
	const cursorKind = "resources1"
	w := resourcesWhere(org, &q)
	count, countArgs := `SELECT count(*) FROM resources `+w.sql(), w.args[:len(w.args):len(w.args)]
	if q.Cursor != "" {
		after, err := decodeCursor(q.Cursor, cursorKind, 3)
		if err != nil {
			return List[json.RawMessage]{}, err
		}
		w.and("(lease_end, resource_id, org_id) > (?::text::timestamptz, ?, ?)", after[0], after[1], after[2])
	}
	limit := page(q.Limit)
	list := `SELECT doc, lease_end::text AS key, resource_id, org_id FROM resources ` + w.sql() + `
ORDER BY lease_end, resource_id, org_id LIMIT ` + w.arg(limit+1)

	out := List[json.RawMessage]{Items: []json.RawMessage{}}
	var doc []byte
	var end, id, of string
	var last [3]string
	asOf, err := r.read(ctx, org, []string{Resources}, func(b *pgx.Batch) {
		collect(b, list, w.args, []any{&doc, &end, &id, &of}, func() error {
			if len(out.Items) == limit {
				out.NextCursor = encodeCursor(cursorKind, last[:]...)
				return nil
			}
			out.Items = append(out.Items, doc)
			doc, last = nil, [3]string{end, id, of} // the next row must not write over this one's bytes
			return nil
		})
		if q.Count {
			b.Queue(count, countArgs...).QueryRow(func(row pgx.Row) error { out.Total = new(int64); return row.Scan(out.Total) })
		}
	})
	if err != nil {
		return out, listError("resources", q.Cursor, err)
	}
	out.AsOf = asOf
	return out, nil
}

func resourcesWhere(org string, q *ResourceQuery) *where {
	w := &where{}
	w.org(org)
	w.anyOf("status", q.Statuses)
	w.anyOf("project_id", q.ProjectIDs)
	w.anyOf("consumer_id", q.ConsumerIDs)
	w.anyOf("region", q.Regions)
	w.anyOf("resource_type", q.ResourceTypes)
	w.anyOf("resource_name", q.ResourceNames)
	if len(q.Products) > 0 {
		w.and("EXISTS (SELECT FROM jsonb_array_elements_text(products) AS p (code) WHERE p.code = ANY(?))", q.Products)
	}
	if q.AutoRenew != nil {
		w.and("auto_renew = ?", *q.AutoRenew)
	}
	if q.Releasing {
		w.and("releasing")
	}
	if !q.LeaseEndFrom.IsZero() {
		w.and("lease_end >= ?", q.LeaseEndFrom)
	}
	if !q.LeaseEndTo.IsZero() {
		w.and("lease_end < ?", q.LeaseEndTo)
	}
	return w
}

// Resource is one resource as the API answers it, or ErrNotFound. Ids of resources are their organisation's own: over
// all organisations, the first one's is found.
func (r *Reader) Resource(ctx context.Context, org, resourceID string) (doc json.RawMessage, asOf int64, err error) {
	w := &where{}
	w.org(org)
	w.and("resource_id = ?", resourceID)
	q := `SELECT doc FROM resources ` + w.sql() + ` ORDER BY org_id LIMIT 1`
	asOf, err = r.read(ctx, org, []string{Resources}, func(b *pgx.Batch) {
		collect(b, q, w.args, []any{(*[]byte)(&doc)}, func() error { return nil })
	})
	if err != nil {
		return nil, 0, fmt.Errorf("read resource: %w", err)
	}
	if doc == nil {
		return nil, asOf, ErrNotFound
	}
	return doc, asOf, nil
}
