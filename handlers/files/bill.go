package files

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"orderledger/domain"
	"orderledger/projections"
)

// beijing is the zone of the times on a bill of 25 fields, whatever the organisation's.
var beijing = func() *time.Location {
	zone, _ := domain.Zone(domain.DefaultTimeZone) // it is built in
	return zone
}()

// billKinds are those of the fields of a bill that are not texts.
var billKinds = map[string]Kind{
	"order_id": ID, "resource_id": ID, "order_created_at": BillTime, "effective_at": BillTime, "expires_at": BillTime, "billing_period": BillMonth,
	"order_type": Word, "charge_mode": Word, "order_status": Word,
	"count": Number, "quantity": Number, "cash": Amount, "gift": Amount, "voucher": Amount, "amount": Amount,
}

// BillColumns are the 25 columns of a bill, named in a language, "en" or "zh".
func BillColumns(lang string) []Column {
	columns := make([]Column, len(domain.BillFields))
	for i, f := range domain.BillFields {
		kind := billKinds[f.Code]
		if kind == "" {
			kind = Text
		}
		columns[i] = Column{f.Code, f.In(lang), kind, f.Code}
		if f.Code == "order_status" {
			columns[i].Words = "payment_status"
		}
	}
	return columns
}

// BillRow has a bill line's raw values for BillColumns.
func BillRow(l *projections.BillLine) []string {
	return []string{
		l.OrderID, l.ConsumerID, string(l.OrderType), domain.PaymentStatus(l.OrderStatus), rawTime(&l.OrderCreatedAt),
		l.ResourceID, l.ResourceType, l.Region, l.Zone, l.ProjectID, l.BusinessGroup, resourceMark(l),
		configuration(l.OldConfig), configuration(l.NewConfig), l.Count.String(), string(l.ChargeMode), l.Quantity.String(),
		rawTime(l.EffectiveAt), rawTime(l.ExpiresAt), l.Cash.String(), l.Gift.String(), l.Voucher.String(), l.Amount.String(),
		string(l.BillingPeriod), marks(l.Tags),
	}
}

// BillCells are a bill line's cells as people read them, in BillColumns' order.
func BillCells(l *projections.BillLine, lang string) []string {
	columns, cells := BillColumns(lang), BillRow(l)
	for i := range columns {
		cells[i] = columns[i].text(cells[i], lang, beijing)
	}
	return cells
}

func rawTime(t *time.Time) string {
	if t == nil || t.IsZero() {
		return ""
	}
	return t.Format(time.RFC3339Nano)
}

// configuration writes parts as bills do: the wide colon, and the unit right after the value.
func configuration(parts []domain.Component) string {
	var b strings.Builder
	for _, p := range parts {
		fmt.Fprintf(&b, "%s：%s%s;", p.Component, p.Value, p.Unit)
	}
	return b.String()
}

// resourceMark has the resource's name, which bills write in Chinese, and what else is known of it.
func resourceMark(l *projections.BillLine) string {
	if l.ResourceName == "" {
		return marks(l.ResourceExt)
	}
	return "名称:" + l.ResourceName + ";" + marks(l.ResourceExt)
}

// marks writes name:value; for each pair, by name.
func marks(pairs map[string]string) string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(pairs)) {
		fmt.Fprintf(&b, "%s:%s;", name, pairs[name])
	}
	return b.String()
}
