package schema

import (
	"context"

	"github.com/pressly/goose/v3"
)

// MigrateTo brings a database to an earlier state of the schema.
func MigrateTo(ctx context.Context, databaseURL string, version int64) error {
	return withProvider(ctx, databaseURL, func(p *goose.Provider) error {
		_, err := p.UpTo(ctx, version)
		return err
	})
}
