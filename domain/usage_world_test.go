package domain_test

import (
	"fmt"
	"time"

	"orderledger/domain"
)

// opened appends what an order that opens a resource leads to: the order itself, and the resource with its terms.
func (w *world) opened(at time.Time, orderID, resourceID string, terms ...domain.Term) {
	clock := domain.Clock{Now: at, At: at, Actor: "key:1"}
	placed := domain.OrderPlaced{
		Header:     domain.Header{OrderID: orderID, OrgID: "org-acme", OrderType: domain.Purchase, ProjectID: "default", ConsumerID: "user-7", Currency: "CNY"},
		ListAmount: amount("0.00"), DiscountAmount: amount("0.00"), PayableAmount: amount("0.00"),
	}
	for i := range terms {
		t := &terms[i]
		t.OrderID, t.LineNo = orderID, i+1
		var meters []domain.Meter
		if len(t.Rates) > 0 {
			meters = t.Rates[0].Meters
		}
		placed.Lines = append(placed.Lines, domain.Line{LineNo: i + 1, LineSpec: domain.LineSpec{
			ProductCode: t.ProductCode, ProductName: t.ProductName, BillingItem: t.BillingItem, ResourceType: "cloud-host", ResourceID: resourceID,
			ChargeMode: t.ChargeMode, Count: t.Count, Quantity: decimal("0"), Unit: "hour", UnitPrice: decimal("0"), Cycle: t.Cycle, Meters: meters,
		}, ListAmount: amount("0.00"), PayableAmount: amount("0.00")})
	}
	w.append(clock, domain.StreamEvent{Stream: domain.OrderRef(orderID), Event: placed})
	w.changed(at, orderID, resourceID, terms...)
}

// changed appends that a resource has other terms.
func (w *world) changed(at time.Time, orderID, resourceID string, terms ...domain.Term) {
	w.changedWith(at, orderID, resourceID, nil, terms...)
}

func (w *world) changedWith(at time.Time, orderID, resourceID string, leases []domain.Lease, terms ...domain.Term) {
	e := domain.ResourceChanged{
		OrgID: "org-acme", ResourceID: resourceID, OrderID: orderID, OrderType: domain.Purchase, Terms: terms, Leases: leases,
		Profile: domain.Profile{
			ResourceName: "train-1", ResourceType: "cloud-host", ResourceExt: map[string]string{"ip": "10.0.0.1"}, Region: "cn-north-1",
			Zone: "cn-north-1a", ProjectID: "default", ConsumerID: "user-7", BusinessGroup: "ml", Tags: map[string]string{"team": "vision"}, Currency: "CNY",
		},
	}
	w.append(domain.Clock{Now: at, At: at, Actor: "key:1"}, domain.StreamEvent{Stream: domain.ResourceRef("org-acme", resourceID), Event: e})
}

// flat is a meter with one price, tiered one with tiers: pairs of a bound and a price, the last bound "".
func flat(name, price string) domain.Meter {
	p := decimal(price)
	return domain.Meter{Meter: name, Unit: "GB", UnitPrice: &p}
}

func tiered(name string, pairs ...string) domain.Meter {
	m := domain.Meter{Meter: name, Unit: "GB"}
	for i := 0; i < len(pairs); i += 2 {
		t := domain.Tier{UnitPrice: decimal(pairs[i+1])}
		if pairs[i] != "" {
			bound := decimal(pairs[i])
			t.UpTo = &bound
		}
		m.Tiers = append(m.Tiers, t)
	}
	return m
}

// meteredTerm is a term of use: its cycle, from when its rate holds, and the rate's meters.
func meteredTerm(product, cycle string, from time.Time, meters ...domain.Meter) domain.Term {
	return domain.Term{
		ProductCode: product, ProductName: "Product " + product, ChargeMode: domain.ModeMetered, Config: []domain.Component{},
		Count: decimal("1"), Quantity: decimal("0"), Unit: "hour", UnitPrice: decimal("0"), Cycle: cycle,
		Rates: []domain.Rate{{From: from, Meters: meters}},
	}
}

// used is a record of a minute's use that begins at a time.
func used(id, resourceID, meter, quantity string, from time.Time) domain.UsageReport {
	return domain.UsageReport{RecordID: id, ResourceID: resourceID, Meter: meter, Quantity: decimal(quantity), Unit: "GB", From: from, To: from.Add(time.Minute)}
}

func report(records ...domain.UsageReport) domain.ReportUsage {
	return domain.ReportUsage{OrgID: "org-acme", Records: records}
}

func settle(resourceID string) domain.SettleUsage {
	return domain.SettleUsage{OrgID: "org-acme", ResourceID: resourceID}
}

// wantRefused wants a command refused for a reason, at a place in its body.
func (w *world) wantRefused(at time.Time, c domain.Command, code domain.Code, field string) {
	w.t.Helper()
	if _, why := w.do(at, c); why == nil || why.Code != code || why.Field != field {
		w.t.Fatalf("%s is answered with %v, want %s at %q", c.Name(), why, code, field)
	}
}

// receipt is what became of a report's records.
func receipt(w *world, d domain.Decision) domain.UsageReported {
	w.t.Helper()
	r, ok := d.Events[0].Event.(domain.UsageReported)
	if !ok {
		w.t.Fatalf("a report begins with %T", d.Events[0].Event)
	}
	return r
}

// placedIn are the orders that a decision places.
func placedIn(d domain.Decision) []domain.OrderPlaced {
	var all []domain.OrderPlaced
	for _, e := range d.Events {
		if p, ok := e.Event.(domain.OrderPlaced); ok {
			all = append(all, p)
		}
	}
	return all
}

// leased appends what a lease leads to: an order of a line that was placed, paid and fulfilled, and its resource.
func (w *world) leased(at time.Time, orderID, resourceID, product, price string, days int, more ...domain.Term) domain.Term {
	w.t.Helper()
	ends := at.Add(time.Duration(days) * 24 * time.Hour)
	c := place(price)
	l := &c.Lines[0]
	c.OrderID, l.ProductCode, l.ResourceID, l.EffectiveAt, l.ExpiresAt = orderID, product, resourceID, &at, &ends
	l.ChargeMode, l.Unit, l.Quantity = domain.ModeDay, "day", decimal(fmt.Sprint(days))
	w.must(at, c)
	w.must(at, domain.PayOrder{OrderID: orderID, OrgID: "org-acme"})
	clock := domain.Clock{Now: at, At: at}
	w.append(clock, domain.StreamEvent{Stream: domain.OrderRef(orderID), Event: domain.OrderCompleted{OrderID: orderID, OrgID: "org-acme"}})
	term := domain.Term{
		ProductCode: product, ProductName: "GPU instance", ChargeMode: domain.ModeDay, Config: []domain.Component{{Component: "GPU", Value: "4"}},
		Count: decimal("1"), Quantity: l.Quantity, Unit: "day", UnitPrice: decimal(price), EffectiveAt: &at, ExpiresAt: &ends, OrderID: orderID, LineNo: 1,
	}
	var leases []domain.Lease
	if r := w.Resource("org-acme", resourceID); r != nil {
		leases = r.Leases
	}
	leases = append(leases[:len(leases):len(leases)], domain.Lease{OrderID: orderID, LineNo: 1, EffectiveAt: at, ExpiresAt: ends})
	w.changedWith(at, orderID, resourceID, leases, append([]domain.Term{term}, more...)...)
	return term
}
