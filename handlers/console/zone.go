package console

import (
	"context"
	"errors"
	"time"

	"orderledger/domain"
	"orderledger/projections"
)

// zoneOf is the time zone of an organisation; the default's for one that has not done anything yet.
func (c *Console) zoneOf(ctx context.Context, org string) (*time.Location, error) {
	settings, err := c.Server.Reader.Org(ctx, org)
	name := settings.TimeZone
	if errors.Is(err, projections.ErrNotFound) {
		name, err = domain.DefaultTimeZone, nil
	}
	if err != nil {
		return nil, err
	}
	zone, ok := domain.Zone(name)
	if !ok {
		zone = time.UTC
	}
	return zone, nil
}
