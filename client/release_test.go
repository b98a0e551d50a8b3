package client_test

import (
	"context"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"orderledger/client"
)

// A service hears that a resource is to be released, and closes it; a release that was withdrawn is refused.
func TestRelease(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, l *ledger, via client.Via) {
		c, bank := l.open(t, via), l.bank
		ctx, cancel := context.WithCancel(patient(t))
		defer cancel()
		_, err := bank.Do(ctx, "change_settings", "settings", map[string]any{"org_id": "org-acme", "overdue_days": 0})
		must(t, err)
		from := time.Now().AddDate(0, 0, -2).UTC().Truncate(time.Second)
		to := from.AddDate(0, 0, 1)
		past := purchase()
		past.Lines[0].ChargeMode, past.Lines[0].Unit, past.Lines[0].EffectiveAt, past.Lines[0].ExpiresAt = "day", "day", &from, &to
		placed, err := c.Place(ctx, past)
		must(t, err)
		_, err = c.Pay(ctx, client.PayOrder{OrderID: placed.OrderID})
		must(t, err)
		_, err = c.Fulfil(ctx, client.Fulfilment{OrderID: placed.OrderID, State: client.Completed, ResourceID: "gpu-1"})
		must(t, err)
		_, err = bank.Do(ctx, "review_release", "review", map[string]string{"org_id": "org-acme", "resource_id": "gpu-1"})
		must(t, err)
		err = c.Subscribe(ctx, client.Filter{ResourceID: "gpu-1"}, client.PositionFile(filepath.Join(t.TempDir(), "p")), func(ctx context.Context, e client.Event) error {
			switch data := e.Data.(type) {
			case client.ReleaseDue:
				if data.Reason != "lease_ended" || data.OrderID != placed.OrderID {
					t.Errorf("%+v", data)
				}
				for i := range 2 {
					released, err := c.Release(ctx, data)
					if err != nil || released.Replayed != (i == 1) {
						t.Errorf("release %d: %+v, %v", i, released, err)
					}
				}
				data.Since = data.Since.Add(time.Hour) // as if it were another cause
				if _, err := c.Release(ctx, data); !client.IsRefused(err) {
					t.Errorf("a closed one: %v", err)
				}
			case client.ResourceClosed:
				cancel()
			}
			return nil
		})
		if !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	})
}
