package files

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"

	"orderledger/domain"
)

// items has the lines of the order.
func (p *paper) items() {
	p.heading(p.say("items"))
	columns := []paperColumn{
		{p.say("no"), 9, false},
		{p.say("product"), 38, false},
		{p.say("config"), 34, false},
		{p.say("time"), 30, false},
		{p.say("quantity"), 22, true},
		{p.label("field", "unit_price"), 22, true},
		{p.label("field", "payable_amount"), 23, true},
	}
	p.tableHead(columns)
	for i := range p.o.Lines {
		l := &p.o.Lines[i]
		p.tableRow(columns, [][]part{
			{{bodyStyle, strconv.Itoa(l.LineNo)}}, p.product(l), p.configuration(l), p.time(l), p.quantity(l), p.price(l), p.due(l),
		})
	}
}

func (p *paper) product(l *domain.Line) []part {
	parts := []part{{boldStyle, cmp.Or(l.ProductName, l.ProductCode)}}
	add := func(texts ...string) {
		if text := join(" / ", texts...); text != "" {
			parts = append(parts, part{smallStyle, text})
		}
	}
	add(p.label("charge_mode", string(l.ChargeMode)), l.ResourceType, l.BillingItem)
	add(l.ResourceName, l.ResourceID)
	add(l.Region, l.Zone)
	return parts
}

// configuration has what is bought, with what there was before where that differs, and what use will cost.
func (p *paper) configuration(l *domain.Line) []part {
	before := map[string]string{}
	for _, c := range l.OldConfig {
		before[c.Component] = valueOf(c)
	}
	var parts []part
	for _, c := range l.NewConfig {
		parts = append(parts, part{labelStyle, c.Component + " " + valueOf(c)})
		if was, there := before[c.Component]; there && was != valueOf(c) {
			parts = append(parts, part{smallStyle, p.say("was", was)})
		}
		delete(before, c.Component)
	}
	for _, c := range l.OldConfig {
		if was, there := before[c.Component]; there && len(l.NewConfig) > 0 {
			parts = append(parts, part{smallStyle, p.say("gone", c.Component+" "+was)})
		}
	}
	for i := range l.Meters {
		parts = append(parts, part{labelStyle, p.meter(&l.Meters[i])})
	}
	return parts
}

// valueOf keeps the unit beside its number.
func valueOf(c domain.Component) string { return join("\u00a0", c.Value, c.Unit) }

// meter is a price of use: "storage 0.12 / GB", or by tiers.
func (p *paper) meter(m *domain.Meter) string {
	if m.UnitPrice != nil {
		return fmt.Sprintf("%s  %s / %s", m.Meter, m.UnitPrice, p.label("unit", m.Unit))
	}
	tiers := []string{m.Meter + " / " + p.label("unit", m.Unit)}
	for _, t := range m.Tiers {
		if t.UpTo == nil {
			tiers = append(tiers, p.say("beyond", t.UnitPrice.String()))
			continue
		}
		tiers = append(tiers, p.say("upto", t.UpTo.String(), t.UnitPrice.String()))
	}
	return strings.Join(tiers, "\n")
}

func (p *paper) time(l *domain.Line) []part {
	if l.EffectiveAt == nil {
		return []part{{smallStyle, p.say("open")}}
	}
	parts := []part{{smallStyle, p.minute(l.EffectiveAt)}}
	if l.ExpiresAt != nil {
		parts = append(parts, part{smallStyle, p.say("until", p.minute(l.ExpiresAt))})
	}
	return parts
}

func (p *paper) quantity(l *domain.Line) []part {
	count, quantity, unit := grouped(l.Count.String()), grouped(l.Quantity.String()), part{smallStyle, p.label("unit", l.Unit)}
	if len(count)+len(quantity) > 8 { // a part of a month has 12 decimals
		return []part{{bodyStyle, count + " ×"}, {bodyStyle, quantity}, unit}
	}
	return []part{{bodyStyle, count + " × " + quantity}, unit}
}

func (p *paper) price(l *domain.Line) []part {
	parts := []part{{bodyStyle, grouped(l.UnitPrice.String())}}
	if l.Unit != "" {
		parts = append(parts, part{smallStyle, p.say("per", p.label("unit", l.Unit))})
	}
	return parts
}

func (p *paper) due(l *domain.Line) []part {
	parts := []part{{bodyStyle, grouped(l.PayableAmount.String())}}
	if l.DiscountAmount.Sign() != 0 {
		parts = append(parts, part{smallStyle, p.say("listed", grouped(l.ListAmount.String()))},
			part{smallStyle, p.say("less", grouped(l.DiscountAmount.String()))})
	}
	return parts
}

// payment has what the order was paid with: each fund, and the vouchers by number.
func (p *paper) payment() {
	p.heading(p.say("payment"))
	if p.o.PaidAt == nil && p.o.Paid.Total().Sign() == 0 {
		p.textAt(bodyStyle, marginX, p.y, p.say("unpaid"), false)
		p.y += bodyStyle.lineHeight()
		return
	}
	columns := []paperColumn{
		{p.label("field", "fund"), 48, false},
		{p.label("field", "voucher_id"), 72, false},
		{p.label("field", "amount"), 29, true},
		{p.label("field", "refunded"), 29, true},
	}
	p.tableHead(columns)
	row := func(fund string, which []part, paid, back domain.Amount) {
		p.tableRow(columns, [][]part{{{bodyStyle, p.label("fund", fund)}}, which, {{bodyStyle, p.money(paid)}}, {{bodyStyle, p.money(back)}}})
	}
	paid, refunded := p.o.Paid, p.o.Refunded
	row("cash", nil, paid.Cash, refunded.Cash)
	row("gift", nil, paid.Gift, refunded.Gift)
	row("voucher", p.vouchers(), paid.Voucher, refunded.Voucher)
}

// vouchers are the numbers of the vouchers that paid, with how much each paid, in the order of payment.
func (p *paper) vouchers() (parts []part) {
	sums := map[string]domain.Amount{}
	var ids []string
	for _, l := range p.o.LineFunds {
		for _, v := range l.Vouchers {
			if _, there := sums[v.VoucherID]; !there {
				ids = append(ids, v.VoucherID)
			}
			sums[v.VoucherID] = sums[v.VoucherID].Add(v.Amount)
		}
	}
	for _, id := range ids {
		parts = append(parts, part{labelStyle, id + "  " + p.money(sums[id])})
	}
	return parts
}

// refunds has what came back, by refund.
func (p *paper) refunds() {
	if len(p.o.Refunds) == 0 {
		return
	}
	p.heading(p.say("refunds"))
	columns := []paperColumn{
		{p.label("field", "at"), 36, false},
		{p.label("field", "order_id") + " / " + p.label("field", "reason"), 64, false},
		{p.label("field", "refunded"), 26, true},
		{p.label("field", "consumed_amount"), 26, true},
		{p.label("field", "forfeited_amount"), 26, true},
	}
	p.tableHead(columns)
	for i := range p.o.Refunds {
		r := &p.o.Refunds[i]
		p.tableRow(columns, [][]part{
			{{bodyStyle, p.second(&r.At)}},
			{{labelStyle, r.RefundOrderID}, {smallStyle, r.Reason}},
			{{bodyStyle, p.money(r.Returned.Total())}},
			{{bodyStyle, p.money(r.Consumed)}},
			{{bodyStyle, p.money(r.Forfeited)}},
		})
	}
}

// symbols of currencies; others show their code.
var symbols = map[domain.Currency]string{"CNY": "¥", "USD": "$", "EUR": "€", "GBP": "£"}

// money is an amount with its currency.
func (p *paper) money(a domain.Amount) string {
	symbol, ok := symbols[p.o.Currency]
	if !ok {
		symbol = string(p.o.Currency) + " "
	}
	text, negative := strings.CutPrefix(grouped(a.String()), "−")
	if negative {
		symbol = "−" + symbol
	}
	return symbol + text
}

// grouped writes a decimal with commas between thousands, and a real minus.
func grouped(number string) string {
	digits, negative := strings.CutPrefix(number, "-")
	whole, fraction, _ := strings.Cut(digits, ".")
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	if fraction != "" {
		whole += "." + fraction
	}
	if negative {
		return "−" + whole
	}
	return whole
}

func join(separator string, texts ...string) string {
	var some []string
	for _, t := range texts {
		if t != "" {
			some = append(some, t)
		}
	}
	return strings.Join(some, separator)
}
