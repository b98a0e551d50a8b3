package projections

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"orderledger/eventstore"
)

// readModels folds the log anew, beside the read models that are served, and compares row by row at the
// same position.
func (v Verification) readModels(ctx context.Context, log *eventstore.Log, _ *logWalk) ([]Check, error) {
	var all []Check
	for _, name := range Names {
		c := Check{Name: "read_model_" + name, OK: true}
		if err := v.readModel(ctx, log, name, &c); err != nil {
			return nil, fmt.Errorf("verify %s: %w", name, err)
		}
		all = append(all, c)
	}
	return all, nil
}

func (v Verification) readModel(ctx context.Context, log *eventstore.Log, name string, c *Check) error {
	live, err := readLive(ctx, v.Owner, name, "")
	if err != nil {
		return err
	}
	if live.stopped {
		c.fault("it has stopped at position %d", live.position)
		return nil
	}
	if err := checkpointHash(ctx, log, &live, c); err != nil || !c.OK {
		return err
	}
	r := Rebuilding{Owner: v.Owner, Projector: v.Projector, Progress: func(done, total int64, _ float64) {
		v.progress(c.Name, done, total)
	}}
	fresh, err := r.compareOnly(ctx, name)
	for _, n := range fresh.Rows {
		c.Checked += n
	}
	var event *eventError
	var refused *pgconn.PgError
	switch {
	case errors.Is(err, ErrRowsDiffer):
		c.fault("at position %d: %s", fresh.Position, fresh.Difference)
	case errors.As(err, &event):
		c.fault("%s", event)
	case errors.As(err, &refused) && strings.HasPrefix(refused.Code, "23"): // a row that no table takes
		c.fault("what the log folds to is refused: %s %s", refused.Message, refused.Detail)
	case errors.Is(err, ErrRebuilding):
		c.Detail = "left out: it is being rebuilt"
	case err != nil:
		return err
	case !fresh.Compared:
		c.Detail = "left out: it was made by another version of the fold; a rebuild makes it anew"
	}
	return nil
}

// checkpointHash checks that the model was folded from this history.
func checkpointHash(ctx context.Context, log *eventstore.Log, live *liveModel, c *Check) error {
	if live.position == 0 {
		return nil
	}
	events, err := log.Read(ctx, live.position-1, 1)
	if err != nil {
		return err
	}
	if len(events) == 0 || events[0].Position != live.position || events[0].Hash != live.hash {
		c.fault("event %d: the read model was folded from another one", live.position)
	}
	return nil
}

// compareOnly makes a model anew, holds it against the one that is served, and leaves that one in place.
func (r Rebuilding) compareOnly(ctx context.Context, name string) (Rebuilt, error) {
	b := r.begin(models[name])
	err := b.alone(ctx, func() error {
		return errors.Join(b.fresh(ctx), b.clear(context.WithoutCancel(ctx)))
	})
	b.result.Position = b.at.position
	return b.result, err
}
