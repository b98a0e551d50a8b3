package projections

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"orderledger/domain"
	"orderledger/eventstore"
)

// model is a read model: its tables, and how events become their rows.
type model struct {
	name string
	// version is raised when the fold gives other rows than before; a rebuild makes them.
	version int
	tables  []*table
	// fold folds the next page of the log into rows. It reads what it needs of the rows so far in tx.
	fold func(ctx context.Context, tx pgx.Tx, log *eventstore.Log, events []eventstore.Event, out sink) error
	// refold prepares to fold the whole log up to a position, stream by stream, into empty tables.
	refold func(ctx context.Context, tx pgx.Tx, upTo int64) (*refold, error)
	// after queues what is left to do when the rows of the events after a position, up to another, are written; or nil.
	after func(b *pgx.Batch, from, to int64)
}

// refold folds a log in the order of streams.
type refold struct {
	// kind is of the streams to read; "" reads none.
	kind string
	// chunk folds whole streams, or of accounts any part of one. It runs on several goroutines at once.
	chunk func(events []eventstore.Event, out sink) error
	// inOrder: chunk gets the events one page after the other, on one goroutine, and streams may go on from page to
	// page. It is for streams that are too long to be held whole, whose fold needs what came before.
	inOrder bool
	// end makes the rows that need all chunks; nil when there are none.
	end func(out sink) error
}

var models = map[string]*model{
	Orders:    {Orders, 3, []*table{ordersTable, orderLinesTable}, pageOfOrders, refoldOrders, nil},
	BillLines: {BillLines, 3, []*table{billLinesTable, billZonesTable, billSumsTable}, pageOfBillLines, refoldBillLines, addToSums},
	Accounts:  {Accounts, 2, []*table{accountsTable, entriesTable}, pageOfAccounts, refoldAccounts, nil},
	Orgs:      {Orgs, 3, []*table{orgsTable, periodsTable}, pageOfOrgs, refoldOrgs, nil},
	Resources: {Resources, 2, []*table{resourcesTable}, pageOfResources, refoldResources, nil},
	Vouchers:  {Vouchers, 1, []*table{vouchersTable, giftsTable}, pageOfVouchers, refoldVouchers, nil},
}

// tableList names the tables, each with a prefix, separated by commas.
func (m *model) tableList(prefix string) string {
	var names []string
	for _, t := range m.tables {
		names = append(names, prefix+t.name)
	}
	return strings.Join(names, ", ")
}

// eventError is an event that can't be applied.
type eventError struct {
	position int64
	cause    error
}

func (e *eventError) Error() string {
	return fmt.Sprintf("event %d can't be applied: %s", e.position, e.cause)
}
func (e *eventError) Unwrap() error { return e.cause }

func cannot(e *eventstore.Event, cause error) error { return &eventError{e.Position, cause} }

// decode reads an event's payload.
func decode(e *eventstore.Event) (domain.Event, error) {
	event, err := domain.DecodeEvent(e.Type, e.Payload)
	if err != nil {
		return nil, cannot(e, err)
	}
	return event, nil
}

func unknown(e *eventstore.Event) error { return cannot(e, &domain.UnknownEventError{Type: e.Type}) }

func metaOf(e *eventstore.Event) domain.Meta {
	return domain.Meta{Position: e.Position, Version: e.Version, OccurredAt: e.OccurredAt, RecordedAt: e.RecordedAt, Actor: e.Actor}
}

// idOf is the id of the stream that e belongs to, if it is of that kind.
func idOf(e *eventstore.Event, kind string) (string, bool) {
	return strings.CutPrefix(e.Stream, kind+"-")
}
