package domain

// order is an order that arises from the resource by itself, with its lines numbered and added up.
func (r *Resource) order(id string, kind OrderType, parent string, lines []Line) OrderPlaced {
	placed := OrderPlaced{
		Header: Header{
			OrderID: id, OrgID: r.OrgID, OrderType: kind, ProjectID: r.ProjectID, ConsumerID: r.ConsumerID, Currency: r.Currency,
			BusinessGroup: r.BusinessGroup, Tags: notNil(r.Tags), ParentOrderID: &parent,
		},
		Lines: lines, ListAmount: r.Currency.Zero(), DiscountAmount: r.Currency.Zero(), PayableAmount: r.Currency.Zero(),
	}
	for i := range lines {
		lines[i].LineNo = i + 1
		placed.ListAmount = placed.ListAmount.Add(lines[i].ListAmount)
		placed.PayableAmount = placed.PayableAmount.Add(lines[i].PayableAmount)
	}
	return placed
}

// line is a line about one term of the resource that costs an amount. Count, quantity, price and time are the caller's.
func (r *Resource) line(t *Term, list Amount) Line {
	config := t.Config
	if config == nil {
		config = []Component{}
	}
	return Line{
		LineSpec: LineSpec{
			ProductCode: t.ProductCode, ProductName: t.ProductName, BillingItem: t.BillingItem,
			ResourceType: r.ResourceType, ResourceID: r.ResourceID, ResourceName: r.ResourceName, ResourceExt: notNil(r.ResourceExt),
			Region: r.Region, Zone: r.Zone, OldConfig: []Component{}, NewConfig: config,
			Count: t.Count, ChargeMode: t.ChargeMode, Unit: t.Unit, DiscountAmount: r.Currency.Zero(),
		},
		ListAmount: list, PayableAmount: list,
	}
}
