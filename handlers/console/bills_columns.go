package console

import (
	"strconv"

	"orderledger/domain"
	"orderledger/projections"
)

type billLine = projections.BillLine

// billColumns are what a list of bill lines can show: the 25 fields of a bill in their order, then what else a line has.
var billColumns = []column[billLine]{
	{"order_id", kindID, "", func(l *billLine) string { return l.OrderID }},
	{"consumer_id", kindText, "", func(l *billLine) string { return l.ConsumerID }},
	{"order_type", kindWord, "order_type", func(l *billLine) string { return string(l.OrderType) }},
	{"order_status", kindWord, "status", func(l *billLine) string { return string(l.OrderStatus) }},
	{"order_created_at", kindTime, "", func(l *billLine) string { return rawTime(&l.OrderCreatedAt) }},
	{"resource_id", kindID, "", func(l *billLine) string { return l.ResourceID }},
	{"resource_type", kindText, "", func(l *billLine) string { return l.ResourceType }},
	{"region", kindText, "", func(l *billLine) string { return l.Region }},
	{"zone", kindText, "", func(l *billLine) string { return l.Zone }},
	{"project_id", kindText, "", func(l *billLine) string { return l.ProjectID }},
	{"business_group", kindText, "", func(l *billLine) string { return l.BusinessGroup }},
	{"resource_ext", kindText, "", func(l *billLine) string { return pairs(l.ResourceExt) }},
	{"old_config", kindText, "", func(l *billLine) string { return configText(l.OldConfig) }},
	{"new_config", kindText, "", func(l *billLine) string { return configText(l.NewConfig) }},
	{"count", kindNumber, "", func(l *billLine) string { return l.Count.String() }},
	{"charge_mode", kindWord, "charge_mode", func(l *billLine) string { return string(l.ChargeMode) }},
	{"quantity", kindNumber, "", func(l *billLine) string { return l.Quantity.String() }},
	{"effective_at", kindTime, "", func(l *billLine) string { return rawTime(l.EffectiveAt) }},
	{"expires_at", kindTime, "", func(l *billLine) string { return rawTime(l.ExpiresAt) }},
	{"cash", kindAmount, "", func(l *billLine) string { return l.Cash.String() }},
	{"gift", kindAmount, "", func(l *billLine) string { return l.Gift.String() }},
	{"voucher", kindAmount, "", func(l *billLine) string { return l.Voucher.String() }},
	{"amount", kindAmount, "", func(l *billLine) string { return l.Amount.String() }},
	{"billing_period", kindMonth, "", func(l *billLine) string { return string(l.BillingPeriod) }},
	{"tags", kindText, "", func(l *billLine) string { return pairs(l.Tags) }},

	{"currency", kindText, "", func(l *billLine) string { return string(l.Currency) }},
	{"product_name", kindText, "", func(l *billLine) string { return l.ProductName }},
	{"product_code", kindText, "", func(l *billLine) string { return l.ProductCode }},
	{"billing_item", kindText, "", func(l *billLine) string { return l.BillingItem }},
	{"resource_name", kindText, "", func(l *billLine) string { return l.ResourceName }},
	{"unit", kindText, "", func(l *billLine) string { return l.Unit }},
	{"unit_price", kindNumber, "", func(l *billLine) string { return l.UnitPrice.String() }},
	{"duration_minutes", kindNumber, "", func(l *billLine) string { return rawNumber(l.DurationMinutes) }},
	{"list_amount", kindAmount, "", func(l *billLine) string { return l.ListAmount.String() }},
	{"discount_amount", kindAmount, "", func(l *billLine) string { return l.DiscountAmount.String() }},
	{"created_period", kindMonth, "", func(l *billLine) string { return string(l.CreatedPeriod) }},
	{"corrects", kindID, "", func(l *billLine) string { return rawText(l.Corrects) }},
	{"bill_line_id", kindID, "", func(l *billLine) string { return l.BillLineID }},
	{"line_no", kindNumber, "", func(l *billLine) string { return strconv.Itoa(l.LineNo) }},
	{"org_id", kindText, "", func(l *billLine) string { return l.OrgID }},
	{"position", kindNumber, "", func(l *billLine) string { return strconv.FormatInt(l.Position, 10) }},
}

// billColumnsShown are those shown until others are chosen: the 25 fields of a bill.
var billColumnsShown = domain.Codes("bill_field")

func rawText(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

func rawNumber(n *int64) string {
	if n == nil {
		return ""
	}
	return strconv.FormatInt(*n, 10)
}
