// Package domain holds the rules of the order ledger: what a command may do, and what an event means.
//
// It is pure. There is no I/O, no clock, no randomness and no context in it: times and ids are
// arguments, so the same history gives the same state on any machine, at any time.
//
// # Words
//
//   - A command (PlaceOrder, PayOrder, …) asks for something; an Event (OrderPlaced, OrderPaid, …) says
//     what happened. Decide turns a command into events or a Rejection, never both.
//   - Evolve folds one event into the state of its stream. It is total: history is never refused.
//   - A stream is the history of one order, one account or one organisation; Ref names it. An event's
//     version counts within its stream, its position within the whole log.
//   - Money is an Amount: whole minor units of a currency. Counts, quantities and unit prices are
//     Decimals. Nothing here is ever a float.
//   - A posting moves money between two places; the postings of an event sum to zero per currency.
//
// # An order's life
//
//	place ──▶ unpaid ──▶ paid         pay: all or nothing from the account, before pay_before
//	             │  └──▶ cancelled    by the user
//	             └─────▶ expired      at or after pay_before
//	place with nothing to pay ──▶ paid
//
// paid, cancelled and expired have no way back. A top-up raises a balance and never pays an order.
//
// # Files
//
// command.go and event.go list what can be asked and what can happen; decide.go holds the rules,
// evolve.go the fold; codec.go and encode.go the stored names and wire form; order.go, account.go and org.go the
// states; money.go, decimal.go, funds.go and period.go the arithmetic.
package domain
