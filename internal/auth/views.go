package auth

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// View is what a page of the console shows, under a name that a person gave it.
type View struct {
	Name string
	// Query is the page's, as in an address.
	Query string
}

// ViewsMost bounds the views that a key keeps of one page.
const ViewsMost = 50

// ErrTooManyViews: a key keeps at most ViewsMost views of a page.
var ErrTooManyViews = errors.New("there are 50 saved views already; delete one first")

// Views lists the views that a key keeps of a page, by name.
func (s *Sessions) Views(ctx context.Context, keyID, page string) ([]View, error) {
	const q = `SELECT name, query FROM console_views WHERE key_id = $1 AND page = $2 ORDER BY name LIMIT $3`
	rows, err := s.pool.Query(ctx, q, keyID, page, ViewsMost)
	if err != nil {
		return nil, fmt.Errorf("list views: %w", err)
	}
	all, err := pgx.CollectRows(rows, pgx.RowToStructByPos[View])
	if err != nil {
		return nil, fmt.Errorf("list views: %w", err)
	}
	return all, nil
}

// SaveView keeps a view; one of that name gets the new query. Errors: ErrTooManyViews.
func (s *Sessions) SaveView(ctx context.Context, keyID, page string, v View) error {
	const q = `
INSERT INTO console_views (key_id, page, name, query)
SELECT $1, $2, $3, $4
WHERE (SELECT count(*) FROM console_views WHERE key_id = $1 AND page = $2 AND name <> $3) < $5
ON CONFLICT (key_id, page, name) DO UPDATE SET query = excluded.query`
	tag, err := s.pool.Exec(ctx, q, keyID, page, v.Name, v.Query, ViewsMost)
	switch {
	case err != nil:
		return fmt.Errorf("save a view: %w", err)
	case tag.RowsAffected() == 0:
		return ErrTooManyViews
	}
	return nil
}

// DeleteView forgets a view; one that isn't there is no error.
func (s *Sessions) DeleteView(ctx context.Context, keyID, page, name string) error {
	const q = `DELETE FROM console_views WHERE key_id = $1 AND page = $2 AND name = $3`
	if _, err := s.pool.Exec(ctx, q, keyID, page, name); err != nil {
		return fmt.Errorf("delete a view: %w", err)
	}
	return nil
}
