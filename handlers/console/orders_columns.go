package console

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"orderledger/domain"
	"orderledger/handlers"
)

// An order in a list: what its lines differ in stands in one cell, separated.
type orderRow = handlers.OrderAnswer

// orderColumns are those that a list of orders can show, in the order in which they stand: what is due stands early, as it
// must be seen on a small screen, too.
var orderColumns = []column[orderRow]{
	{"order_id", kindID, "", func(o *orderRow) string { return o.OrderID }},
	{"org_id", kindText, "", func(o *orderRow) string { return o.OrgID }},
	{"created_at", kindTime, "", func(o *orderRow) string { return rawTime(&o.CreatedAt) }},
	{"status", kindWord, "status", func(o *orderRow) string { return string(o.Status) }},
	{"payable_amount", kindAmount, "", func(o *orderRow) string { return o.PayableAmount.String() }},
	{"order_type", kindWord, "order_type", func(o *orderRow) string { return string(o.OrderType) }},
	{"product_name", kindText, "", ofLines(func(l *domain.Line) string { return l.ProductName })},
	{"product_code", kindText, "", ofLines(func(l *domain.Line) string { return l.ProductCode })},
	{"resource_name", kindText, "", ofLines(func(l *domain.Line) string { return l.ResourceName })},
	{"resource_id", kindID, "", ofLines(func(l *domain.Line) string { return l.ResourceID })},
	{"resource_type", kindText, "", ofLines(func(l *domain.Line) string { return l.ResourceType })},
	{"list_amount", kindAmount, "", func(o *orderRow) string { return o.ListAmount.String() }},
	{"discount_amount", kindAmount, "", func(o *orderRow) string { return o.DiscountAmount.String() }},
	{"cash", kindAmount, "", func(o *orderRow) string { return o.Paid.Cash.String() }},
	{"gift", kindAmount, "", func(o *orderRow) string { return o.Paid.Gift.String() }},
	{"voucher", kindAmount, "", func(o *orderRow) string { return o.Paid.Voucher.String() }},
	{"refunded", kindAmount, "", func(o *orderRow) string { return o.Refunded.Total().String() }},
	{"currency", kindText, "", func(o *orderRow) string { return string(o.Currency) }},
	{"refund_state", kindWord, "refund_state", func(o *orderRow) string { return string(o.RefundState) }},
	{"charge_mode", kindWord, "charge_mode", ofLines(func(l *domain.Line) string { return string(l.ChargeMode) })},
	{"charge_group", kindWord, "charge_group", ofLines(func(l *domain.Line) string { return string(l.ChargeMode.Group()) })},
	{"region", kindText, "", ofLines(func(l *domain.Line) string { return l.Region })},
	{"zone", kindText, "", ofLines(func(l *domain.Line) string { return l.Zone })},
	{"project_id", kindText, "", func(o *orderRow) string { return o.ProjectID }},
	{"consumer_id", kindText, "", func(o *orderRow) string { return o.ConsumerID }},
	{"business_group", kindText, "", func(o *orderRow) string { return o.BusinessGroup }},
	{"new_config", kindText, "", ofLines(func(l *domain.Line) string { return configText(l.NewConfig) })},
	{"lines", kindNumber, "", func(o *orderRow) string { return strconv.Itoa(len(o.Lines)) }},
	{"effective_at", kindTime, "", firstEffective},
	{"expires_at", kindTime, "", lastExpiry},
	{"pay_before", kindTime, "", func(o *orderRow) string { return rawTime(o.PayBefore) }},
	{"paid_at", kindTime, "", func(o *orderRow) string { return rawTime(o.PaidAt) }},
	{"closed_at", kindTime, "", func(o *orderRow) string { return rawTime(o.ClosedAt) }},
	{"billing_period", kindMonth, "", func(o *orderRow) string { return string(o.BillingPeriod) }},
	{"trade_no", kindID, "", func(o *orderRow) string { return o.TradeNo }},
	{"parent_order_id", kindID, "", func(o *orderRow) string {
		if o.ParentOrderID == nil {
			return ""
		}
		return *o.ParentOrderID
	}},
	{"tags", kindText, "", func(o *orderRow) string { return pairs(o.Tags) }},
}

// orderColumnsShown are those that a list shows unless others are chosen.
var orderColumnsShown = []string{
	"order_id", "created_at", "status", "payable_amount", "order_type", "product_name", "resource_name", "resource_id", "list_amount",
	"cash", "gift", "voucher", "charge_mode", "region", "project_id",
}

// ofLines is what a value of the order's lines is for the whole order: each once.
func ofLines(value func(*domain.Line) string) func(*orderRow) string {
	return func(o *orderRow) string {
		var all []string
		for i := range o.Lines {
			if v := value(&o.Lines[i]); v != "" && !slices.Contains(all, v) {
				all = append(all, v)
			}
		}
		return strings.Join(all, between)
	}
}

// firstEffective is when the first of the order's lines begins.
func firstEffective(o *orderRow) string {
	var first *time.Time
	for i := range o.Lines {
		if at := o.Lines[i].EffectiveAt; at != nil && (first == nil || at.Before(*first)) {
			first = at
		}
	}
	return rawTime(first)
}

// lastExpiry is when the last of the order's lines ends.
func lastExpiry(o *orderRow) string {
	var last *time.Time
	for i := range o.Lines {
		if at := o.Lines[i].ExpiresAt; at != nil && (last == nil || at.After(*last)) {
			last = at
		}
	}
	return rawTime(last)
}

// configText is a configuration in one line.
func configText(parts []domain.Component) string {
	texts := make([]string, len(parts))
	for i, p := range parts {
		texts[i] = strings.TrimSpace(p.Component + " " + p.Value + " " + p.Unit)
	}
	return strings.Join(texts, ", ")
}
