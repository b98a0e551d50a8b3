package projections

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// OrgIDs lists the organisations by id, after one, at most limit of them.
func (r *Reader) OrgIDs(ctx context.Context, after string, limit int) ([]string, error) {
	const q = `SELECT org_id FROM orgs WHERE org_id > $1 ORDER BY org_id LIMIT $2`
	var ids []string
	_, err := r.read(ctx, AllOrgs, []string{Orgs}, func(b *pgx.Batch) {
		var id string
		collect(b, q, []any{after, limit}, []any{&id}, func() error {
			ids = append(ids, id)
			return nil
		})
	})
	if err != nil {
		return nil, fmt.Errorf("list organisations: %w", err)
	}
	return ids, nil
}
