package projections

import (
	"strings"
	"time"

	"orderledger/domain"
)

// EntriesOf are the lines that an event puts on its account's statement: one for each fund that it moves.
func EntriesOf(e domain.Event, position int64, at time.Time) []Entry {
	m, _ := movementOf(e)
	account, _ := domain.Evolve(nil, e, domain.Meta{Position: position, OccurredAt: at}).(*domain.Account)
	var entries []Entry
	for _, p := range m.postings {
		fund, ok := strings.CutPrefix(string(p.Place), "fund:")
		if !ok || account == nil {
			continue
		}
		entries = append(entries, Entry{
			Position: position, At: at, Type: m.kind, Fund: fund, Amount: p.Amount.String(), Currency: p.Currency,
			BalanceAfter: fundOf(account.Balance(p.Currency), p.Place).String(), OrderID: m.orderID, Reference: m.reference,
		})
	}
	return entries
}
