package console

import (
	"strings"

	"orderledger/handlers"
	"orderledger/internal/auth"
	"orderledger/projections"
)

// The page of the ledger itself: where its log ends, how far what follows it is, and whether all of it is as it should be.
var ledgerPages = []page{
	{"GET /ledger", auth.Read, (*view).ledgerPage},
	{"POST /ledger/verify", auth.VerifyLedger, (*view).verifyLedger},
	{"GET /ledger/verifications/{id}", auth.VerifyLedger, (*view).verificationPage},
	{"GET /ledger/events", auth.Read, (*view).eventsPage},
	{"GET /ledger/events/{position}", auth.Read, (*view).eventPage},
	{"GET /ledger/commands/{position}", auth.Read, (*view).commandPage},
}

const (
	monthsShown        = 12
	verificationsShown = 10
	newestShown        = 10
)

type ledgerData struct {
	*view
	Status handlers.Status
	// Models are the read models that are served, Rebuilds those that are being made anew beside them.
	Models, Rebuilds []handlers.ProjectionStatus
	Months           []projections.ClosedPeriod
	Verifications    []*verification
	Events           []eventRow
}

func (v *view) ledgerPage() error {
	d := &ledgerData{view: v}
	if err := d.read(); err != nil {
		return err
	}
	if v.isPart() {
		return v.part("ledger", "ledger_state", d)
	}
	months, err := v.c.Server.Reader.Periods(v.r.Context(), v.org, monthsShown, "")
	if err != nil {
		return err
	}
	d.Months = months.Items
	found, err := v.browse(look{newestFirst: true, limit: newestShown})
	if err != nil {
		return err
	}
	d.Events = found.Rows
	return v.show("ledger", d)
}

// read reads what changes while the page is looked at.
func (d *ledgerData) read() (err error) {
	v := d.view
	if d.Status, err = v.c.Server.Status(v.r.Context()); err != nil {
		return err
	}
	v.asOf = d.Status.Head.Position
	for _, m := range d.Status.Projections {
		if name, building := strings.CutPrefix(m.Name, projections.RebuildPrefix); building {
			m.Name = name
			d.Rebuilds = append(d.Rebuilds, m)
			continue
		}
		d.Models = append(d.Models, m)
	}
	if v.May(auth.VerifyLedger) && v.c.Verifications != nil {
		d.Verifications, err = v.c.Verifications.list(v.r.Context(), verificationsShown)
	}
	return err
}

// CanVerify says whether a verification can be started here.
func (d *ledgerData) CanVerify() bool { return d.May(auth.VerifyLedger) && d.c.Verifications != nil }

// Running is the verification under way, or nil.
func (d *ledgerData) Running() *verification {
	for _, one := range d.Verifications {
		if one.State() == "running" {
			return one
		}
	}
	return nil
}

// Last is the last verification that came to an end, or nil.
func (d *ledgerData) Last() *verification {
	for _, one := range d.Verifications {
		if one.State() != "running" {
			return one
		}
	}
	return nil
}

// Moves says whether something is under way that the page should follow. It does not follow forever: asking again and again
// would keep somebody signed in who has gone.
func (d *ledgerData) Moves() bool { return d.Running() != nil || len(d.Rebuilds) > 0 }

// RelayState is the mirror's state as one word; Trouble is what came after it, for who runs the ledger.
func (d *ledgerData) RelayState() string {
	state, _, _ := strings.Cut(d.Status.Relay.State, ":")
	return state
}

// Trouble is what stopped the mirror. It may tell of another organisation's events, so the platform alone sees it.
func (d *ledgerData) Trouble() string {
	_, why, _ := strings.Cut(d.Status.Relay.State, ":")
	if d.who.OrgID != "" {
		return ""
	}
	return strings.TrimSpace(why)
}

// Error is why a read model stopped, for the platform.
func (d *ledgerData) Error(m handlers.ProjectionStatus) string {
	if d.who.OrgID != "" {
		return ""
	}
	return m.Error
}
