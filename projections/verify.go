package projections

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/nats-io/nats.go"

	"orderledger/eventstore"
)

// Verification checks everything that can be checked of a ledger, while it runs: the log by itself, what
// was derived from it, and its copies. It believes nothing that it can reckon anew.
type Verification struct {
	// App, Owner and Projector are pools as ledger_app, ledger_owner and ledger_projector.
	App, Owner, Projector *pgxpool.Pool
	// NATS is where the mirror is; nil leaves the mirror out.
	NATS *nats.Conn
	// Progress is told of the part under way, and how many of its events were looked at; nil tells nobody.
	Progress func(check string, done, total int64)
}

// Report is what a verification found, as of a position.
type Report struct {
	Clean    bool    `json:"clean"`
	Position int64   `json:"position"`
	Checks   []Check `json:"checks"`
}

// Check is one thing that was looked at: how many of what it is about, and the first fault.
type Check struct {
	Name    string `json:"name"`
	OK      bool   `json:"ok"`
	Checked int64  `json:"checked"`
	Detail  string `json:"detail,omitempty"`
}

// fault notes a fault; the first one stays.
func (c *Check) fault(format string, args ...any) {
	if c.OK {
		c.OK, c.Detail = false, fmt.Sprintf(format, args...)
	}
}

// Run makes the report. An error means that something could not be looked at, not that it is wrong.
func (v Verification) Run(ctx context.Context) (Report, error) {
	return v.run(ctx, v.log, v.months, v.orders, v.tables, v.savedStates, v.mirror, v.readModels)
}

// verifyPart makes some of the checks. w is the walk through the log, once that is done.
type verifyPart func(ctx context.Context, log *eventstore.Log, w *logWalk) ([]Check, error)

func (v Verification) run(ctx context.Context, parts ...verifyPart) (Report, error) {
	log := eventstore.NewLog(v.App)
	head, err := log.Head(ctx)
	if err != nil {
		return Report{}, err
	}
	r, w := Report{Clean: true, Position: head.Position}, newLogWalk(head)
	for _, part := range parts {
		checks, err := part(ctx, log, w)
		if err != nil {
			return r, err
		}
		r.Checks = append(r.Checks, checks...)
	}
	for _, c := range r.Checks {
		r.Clean = r.Clean && c.OK
	}
	return r, nil
}

// verifyPage is how many events are held at once.
const verifyPage = 2000

// log goes through the log once, in order.
func (v Verification) log(ctx context.Context, log *eventstore.Log, w *logWalk) ([]Check, error) {
	err := v.pages(ctx, log, "log", w.head.Position, func(events []eventstore.Event) error {
		for i := range events {
			w.next(&events[i])
		}
		return nil
	})
	return w.checks(), err
}

// months holds what the walk found of months and use against bill lines and resources.
func (v Verification) months(ctx context.Context, _ *eventstore.Log, w *logWalk) ([]Check, error) {
	if err := w.months.digests(ctx, &v); err != nil {
		return nil, err
	}
	usage, err := v.usage(ctx, w.head, w.months.unsettled)
	return []Check{w.months.check, usage}, err
}

// pages gives the events up to a position to do, in order.
func (v Verification) pages(ctx context.Context, log *eventstore.Log, check string, upTo int64, do func([]eventstore.Event) error) error {
	for after := int64(0); after < upTo; {
		events, err := log.Read(ctx, after, verifyPage)
		if err != nil {
			return err
		}
		for len(events) > 0 && events[len(events)-1].Position > upTo {
			events = events[:len(events)-1]
		}
		if len(events) == 0 {
			return nil
		}
		if err := do(events); err != nil {
			return err
		}
		after = events[len(events)-1].Position
		v.progress(check, after, upTo)
	}
	return nil
}

func (v Verification) progress(check string, done, total int64) {
	if v.Progress != nil {
		v.Progress(check, done, total)
	}
}
