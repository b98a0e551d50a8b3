// Package projections keeps the read models: what the log folds to, in tables made for reading.
//
//   - orders: every order as it is now, and its lines to filter by
//   - bill_lines: one line for each line of a paid order, which bills are summed from
//   - accounts: balances, and the statement of every fund that was moved
//   - orgs: every organisation, with its settings and its closed months
//   - resources: what every resource is charged for, and when timers have to look at it
//   - vouchers: vouchers and gifts, also those that are used up or lapsed
//
// A Worker reads events page by page, folds each page in memory and writes its rows in bulk, with the
// read model's checkpoint in the same transaction. The old checkpoint is the fencing token: of two
// workers that hold the same one, one commits and the other writes nothing. So any number of workers may
// run, rows are exactly the fold of the log up to the checkpoint, and nothing is skipped: an event that
// can't be applied stops its read model, in sight of everybody, until a build comes that can.
//
// A Reader answers queries. Each is one read-only transaction in one snapshot, confined to one
// organisation by the database, and says which position it is as of.
//
// Rebuild makes a read model anew beside the live one and puts it in its place when both are equal.
package projections

// The read models' names.
const (
	Orders    = "orders"
	BillLines = "bill_lines"
	Accounts  = "accounts"
	Orgs      = "orgs"
	Resources = "resources"
	Vouchers  = "vouchers"
)

// Names lists the read models.
var Names = []string{Orders, BillLines, Accounts, Orgs, Resources, Vouchers}
