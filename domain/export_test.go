package domain

import (
	"maps"
	"slices"
)

// EventTypes lists the stored names, sorted.
func EventTypes() []string { return slices.Sorted(maps.Keys(decoders)) }

// Add adds fund by fund.
func (f Funds) Add(g Funds) Funds {
	return Funds{f.Cash.Add(g.Cash), f.Gift.Add(g.Gift), f.Voucher.Add(g.Voucher)}
}
