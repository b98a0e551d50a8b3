package demo

import (
	"fmt"
	"time"

	"github.com/shopspring/decimal"

	"orderledger/examples/internal/importfile"
)

// purchaseOrder places an order for one resource, at times with one or two
// more, and returns the first. Only where free is allowed is it a trial or gift.
func (b *buyer) purchaseOrder(at time.Time, free bool) (importfile.Order, resource) {
	r := resource{
		currency: "CNY",
		project:  pick(b.random, b.projects),
		consumer: pick(b.random, b.consumers),
		group:    pick(b.random, b.groups),
		tags:     map[string]string{"team": pick(b.random, b.teams), "env": pick(b.random, []string{"prod", "prod", "test"})},
	}
	region := pick(b.random, []string{"cn-north-1", "cn-north-1", "cn-east-2"})
	if b.random.Float64() < b.overseas {
		region, r.currency = "ap-southeast-1", "USD"
	}
	b.choose(&r, at, region, free)
	lines := []importfile.OrderLine{r.line}
	if r.line.UnitPrice.IsPositive() && b.random.IntN(9) == 0 {
		for range 1 + b.random.IntN(2) {
			more := r
			b.choose(&more, at, region, true)
			lines = append(lines, more.line)
		}
	}
	return b.place(at, "purchase", "", r, lines), r
}

// choose fills in product, size, term and order line.
func (b *buyer) choose(r *resource, at time.Time, region string, free bool) {
	o := b.anyOffer()
	r.product, r.size, r.mode = o.product, b.random.IntN(o.largest+1), b.anyMode(o.modes)
	for !free && (r.mode == "trial" || r.mode == "gift") {
		r.mode = b.anyMode(o.modes)
	}
	units := map[string]string{"year": "year", "month": "month"}
	unit, count := units[r.mode], 1
	r.quantity = 1
	switch r.mode {
	case "month":
		r.quantity = pick(b.random, []int{1, 1, 1, 2, 3})
	case "day":
		r.quantity, unit = 1+b.random.IntN(14), "day"
		count = 1 + b.random.IntN(3)
	case "prepaid_30d":
		r.quantity, unit = pick(b.random, []int{1, 1, 2}), "prepaid_30d"
	case "trial", "gift":
		r.quantity, unit = pick(b.random, []int{7, 14, 30}), "day"
	}
	r.line = importfile.OrderLine{
		ProductCode: r.product.code, ProductName: r.product.name, ResourceType: r.product.resourceType,
		ResourceID:   r.product.idPrefix + "-" + b.randomID(),
		ResourceName: fmt.Sprintf("%s-%02d", pick(b.random, o.names), 1+b.random.IntN(40)),
		Region:       region, Zone: region + pick(b.random, []string{"a", "b"}),
		NewConfig: r.product.sizes[r.size].config,
		Count:     decimal.NewFromInt(int64(count)), ChargeMode: r.mode,
		Quantity: decimal.NewFromInt(int64(r.quantity)), Unit: unit,
		UnitPrice:   r.product.sizes[r.size].unitPrice(r.mode, r.currency),
		EffectiveAt: at, ExpiresAt: termEnd(at, r.mode, r.quantity),
	}
	if r.product.hasAddress {
		r.line.ResourceExt = map[string]string{"内网IP": fmt.Sprintf("10.%d.%d.%d", b.random.IntN(8), b.random.IntN(256), 2+b.random.IntN(250))}
	}
	r.line.DiscountAmount = b.discountOn(r.line)
}

// place adds the order to the history and returns it.
func (b *buyer) place(at time.Time, orderType, parent string, r resource, lines []importfile.OrderLine) importfile.Order {
	b.orders++
	order := importfile.Order{
		OrderID:   importfile.OrderID(at, fmt.Sprintf("%s/%04d", b.prefix, b.orders)),
		OrderType: orderType, ParentOrderID: parent,
		OrgID: b.id, ProjectID: r.project, ConsumerID: r.consumer, BusinessGroup: r.group,
		Currency: r.currency, Tags: r.tags, Lines: lines,
	}
	if b.random.IntN(6) == 0 {
		order.TradeNo = fmt.Sprintf("T-%s-%04d", at.Format("20060102"), b.orders)
	}
	if b.random.IntN(12) == 0 {
		order.Personal = map[string]string{"contact": r.consumer + "@" + b.domain}
	}
	b.emit("place", "place_order", at, order)
	return order
}

func (b *buyer) anyOffer() offer {
	total := 0
	for _, o := range b.offers {
		total += o.weight
	}
	n := b.random.IntN(total)
	for _, o := range b.offers {
		if n -= o.weight; n < 0 {
			return o
		}
	}
	panic("weights do not add up")
}

func (b *buyer) anyMode(modes []weighted) string {
	total := 0
	for _, m := range modes {
		total += m.weight
	}
	n := b.random.IntN(total)
	for _, m := range modes {
		if n -= m.weight; n < 0 {
			return m.mode
		}
	}
	panic("weights do not add up")
}

func (b *buyer) randomID() string {
	const letters = "abcdefghijklmnopqrstuvwxyz0123456789"
	id := make([]byte, 12)
	for i := range id {
		id[i] = letters[b.random.IntN(len(letters))]
	}
	return string(id)
}
