package domain

import "time"

// changeResources makes a completed order's changes to the resources that its lines name. o is the order as it is after
// completing; its organisation, the resources and (where a resource has no history yet) the order's parent must have
// been loaded. It emits a ResourceChanged for each resource, and nothing for types that change none.
func (d *draft) changeResources(o *Order) {
}

// basis is the unit of time that refunds and changes of a product count in: a second, an hour or 24 hours.
func (s Settings) basis(productCode string) time.Duration {
	name, ok := s.Proration[productCode]
	if !ok {
		name = s.Proration["*"]
	}
	switch name {
	case "hour":
		return time.Hour
	case "day":
		return 24 * time.Hour
	}
	return time.Second
}
