package domain_test

import (
	"strings"
	"testing"
	"time"

	"orderledger/domain"
)

// Each case changes one thing of a good order; field is where the fault is named, "" where there is none.
func TestPlaceOrderCheck(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 257)
	cases := map[string]struct {
		change func(*domain.PlaceOrder)
		field  string
	}{
		"good":                        {func(c *domain.PlaceOrder) {}, ""},
		"good with everything":        {func(c *domain.PlaceOrder) { full(c) }, ""},
		"no organisation":             {func(c *domain.PlaceOrder) { c.OrgID = "" }, "org_id"},
		"organisation with a dot":     {func(c *domain.PlaceOrder) { c.OrgID = "a.b" }, "org_id"},
		"organisation of 65":          {func(c *domain.PlaceOrder) { c.OrgID = strings.Repeat("a", 65) }, "org_id"},
		"organisation of 64":          {func(c *domain.PlaceOrder) { c.OrgID = strings.Repeat("a", 64) }, ""},
		"order id in capitals":        {func(c *domain.PlaceOrder) { c.OrderID = strings.ToUpper("0198c2f0-0000-7000-8000-00000000000a") }, "order_id"},
		"order id with braces":        {func(c *domain.PlaceOrder) { c.OrderID = "{" + orderID + "}" }, "order_id"},
		"order id without hyphens":    {func(c *domain.PlaceOrder) { c.OrderID = strings.ReplaceAll(orderID, "-", "") }, "order_id"},
		"parent that is no id":        {func(c *domain.PlaceOrder) { c.ParentOrderID = ptr("x") }, "parent_order_id"},
		"a purchase with a parent":    {func(c *domain.PlaceOrder) { c.ParentOrderID = ptr(orderID) }, "parent_order_id"},
		"no currency":                 {func(c *domain.PlaceOrder) { c.Currency = "" }, "currency"},
		"currency in small letters":   {func(c *domain.PlaceOrder) { c.Currency = "cny" }, "currency"},
		"gold":                        {func(c *domain.PlaceOrder) { c.Currency = "XAU" }, "currency"},
		"a refund":                    {func(c *domain.PlaceOrder) { c.OrderType = domain.Refund }, "order_type"},
		"no type":                     {func(c *domain.PlaceOrder) { c.OrderType = "" }, "order_type"},
		"no lines":                    {func(c *domain.PlaceOrder) { c.Lines = nil }, "lines"},
		"200 lines":                   {func(c *domain.PlaceOrder) { c.Lines = make200(200) }, ""},
		"201 lines":                   {func(c *domain.PlaceOrder) { c.Lines = make200(201) }, "lines"},
		"the unit of refunds":         {func(c *domain.PlaceOrder) { c.Lines[0].Unit = "refund" }, "lines[0].unit"},
		"the second line is wrong":    {func(c *domain.PlaceOrder) { c.Lines = make200(2); c.Lines[1].Unit = "" }, "lines[1].unit"},
		"NUL":                         {func(c *domain.PlaceOrder) { c.TradeNo = "a\x00b" }, "trade_no"},
		"a line break":                {func(c *domain.PlaceOrder) { c.BusinessGroup = "a\nb" }, "business_group"},
		"half a character":            {func(c *domain.PlaceOrder) { c.TradeNo = "\xe6\x98" }, "trade_no"},
		"emoji, both directions":      {func(c *domain.PlaceOrder) { c.TradeNo = "🚀 שלום é é" }, ""},
		"long text":                   {func(c *domain.PlaceOrder) { c.TradeNo = long }, "trade_no"},
		"65 tags":                     {func(c *domain.PlaceOrder) { c.Tags = many(65) }, "tags"},
		"64 tags":                     {func(c *domain.PlaceOrder) { c.Tags = many(64) }, ""},
		"a tag without a name":        {func(c *domain.PlaceOrder) { c.Tags = map[string]string{"": "x"} }, "tags"},
		"a personal value too long":   {func(c *domain.PlaceOrder) { c.Personal = map[string]string{"contact": long} }, "personal"},
		"no product":                  {func(c *domain.PlaceOrder) { c.Lines[0].ProductCode = "" }, "lines[0].product_code"},
		"resource id of 129":          {func(c *domain.PlaceOrder) { c.Lines[0].ResourceID = strings.Repeat("x", 129) }, "lines[0].resource_id"},
		"resource id of 128, wide":    {func(c *domain.PlaceOrder) { c.Lines[0].ResourceID = strings.Repeat("资", 128) }, ""},
		"resource id of 129, wide":    {func(c *domain.PlaceOrder) { c.Lines[0].ResourceID = strings.Repeat("资", 129) }, "lines[0].resource_id"},
		"resource id, not printable":  {func(c *domain.PlaceOrder) { c.Lines[0].ResourceID = "a\u202eb" }, "lines[0].resource_id"},
		"half of a resource id":       {func(c *domain.PlaceOrder) { c.Lines[0].ResourceID = "\xe6\x98" }, "lines[0].resource_id"},
		"count 0":                     {func(c *domain.PlaceOrder) { c.Lines[0].Count = decimal("0") }, "lines[0].count"},
		"count below 0":               {func(c *domain.PlaceOrder) { c.Lines[0].Count = decimal("-1") }, "lines[0].count"},
		"quantity 0, prepaid":         {func(c *domain.PlaceOrder) { c.Lines[0].Quantity = decimal("0") }, "lines[0].quantity"},
		"price below 0":               {func(c *domain.PlaceOrder) { c.Lines[0].UnitPrice = decimal("-0.01") }, "lines[0].unit_price"},
		"discount below 0":            {func(c *domain.PlaceOrder) { c.Lines[0].DiscountAmount = amount("-0.01") }, "lines[0].discount_amount"},
		"no charge mode":              {func(c *domain.PlaceOrder) { c.Lines[0].ChargeMode = "weekly" }, "lines[0].charge_mode"},
		"postpaid with a quantity":    {func(c *domain.PlaceOrder) { c.Lines[0].ChargeMode = domain.ModeHour }, "lines[0].quantity"},
		"a gift that costs":           {func(c *domain.PlaceOrder) { c.Lines[0].ChargeMode = domain.ModeGift }, "lines[0].unit_price"},
		"meters on a prepaid line":    {func(c *domain.PlaceOrder) { c.Lines[0].Cycle = "hour" }, "lines[0].meters"},
		"a cycle that is none":        {func(c *domain.PlaceOrder) { metered(c).Cycle = "week" }, "lines[0].cycle"},
		"a meter without a price":     {func(c *domain.PlaceOrder) { metered(c).Meters[0].UnitPrice = nil }, "lines[0].meters"},
		"a meter with price and tier": {func(c *domain.PlaceOrder) { metered(c).Meters[0].Tiers = []domain.Tier{{}} }, "lines[0].meters"},
		"a meter twice":               {func(c *domain.PlaceOrder) { l := metered(c); l.Meters = append(l.Meters, l.Meters[0]) }, "lines[0].meters.meter"},
		"tiers that fall":             {func(c *domain.PlaceOrder) { tiers(c, "10", "5", "") }, "lines[0].meters.tiers"},
		"tiers that stand still":      {func(c *domain.PlaceOrder) { tiers(c, "10", "10", "") }, "lines[0].meters.tiers"},
		"tiers open in the middle":    {func(c *domain.PlaceOrder) { tiers(c, "", "10") }, "lines[0].meters.tiers"},
		"tiers that end":              {func(c *domain.PlaceOrder) { tiers(c, "10", "20") }, "lines[0].meters.tiers"},
		"tiers that rise":             {func(c *domain.PlaceOrder) { tiers(c, "10", "20", "") }, ""},
		"it ends as it begins":        {func(c *domain.PlaceOrder) { c.Lines[0].EffectiveAt, c.Lines[0].ExpiresAt = &noon, &noon }, "lines[0].expires_at"},
		"the year 10000":              {func(c *domain.PlaceOrder) { c.Lines[0].ExpiresAt = ptr(time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)) }, "lines[0].expires_at"},
	}
	for name, c := range cases {
		order := place("1")
		c.change(&order)
		why := order.Check()
		if c.field == "" && why != nil || c.field != "" && (why == nil || why.Field != c.field || why.Code != domain.InvalidValue) {
			t.Errorf("%s: %v, want a fault at %q", name, why, c.field)
		}
	}
}

func TestOtherChecks(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		command domain.Command
		field   string
	}{
		"top-up of 0":               {topUp("0.00", "r"), "amount"},
		"top-up below 0":            {topUp("-1.00", "r"), "amount"},
		"top-up with too many":      {topUp("1.001", "r"), "amount"},
		"top-up without reference":  {topUp("1.00", ""), "reference"},
		"no settings":               {domain.ChangeSettings{OrgID: "org-acme"}, ""},
		"a zone that is none":       {domain.ChangeSettings{OrgID: "org-acme", TimeZone: ptr("Mars/Base")}, "time_zone"},
		"the host's zone":           {domain.ChangeSettings{OrgID: "org-acme", TimeZone: ptr("localtime")}, "time_zone"},
		"an unknown currency":       {domain.ChangeSettings{OrgID: "org-acme", CreditLimit: map[domain.Currency]domain.Amount{"XQX": {}}}, "credit_limit.XQX"},
		"a negative limit":          {domain.ChangeSettings{OrgID: "org-acme", CreditLimit: map[domain.Currency]domain.Amount{"CNY": amount("-1")}}, "credit_limit.CNY"},
		"a limit of a tenth fen":    {domain.ChangeSettings{OrgID: "org-acme", ApprovalOver: map[domain.Currency]domain.Amount{"CNY": amount("0.001")}}, "approval_over.CNY"},
		"a basis that is none":      {domain.ChangeSettings{OrgID: "org-acme", Proration: map[string]string{"*": "week"}}, "proration.*"},
		"too many overdue days":     {domain.ChangeSettings{OrgID: "org-acme", OverdueDays: ptr(int64(367))}, "overdue_days"},
		"a refund before a failure": {domain.ChangeSettings{OrgID: "org-acme", RefundFailedAfterSeconds: ptr(int64(-1))}, "refund_failed_after_seconds"},
		"settled next year":         {domain.ChangeSettings{OrgID: "org-acme", SettlementDelaySeconds: ptr(int64(1) << 30)}, "settlement_delay_seconds"},
		"no time to pay":            {domain.ChangeSettings{OrgID: "org-acme", PayBeforeSeconds: ptr(int64(0))}, "pay_before_seconds"},
		"years to pay":              {domain.ChangeSettings{OrgID: "org-acme", PayBeforeSeconds: ptr(int64(1) << 40)}, "pay_before_seconds"},
		"pay nothing":               {domain.PayOrder{}, "order_id"},
		"pay with cash below 0":     {payWith("-1.00", "2.00"), "funds.cash"},
		"pay with gift below 0":     {payWith("2.00", "-1.00"), "funds.gift"},
		"cancel at length":          {domain.CancelOrder{OrderID: orderID, Reason: strings.Repeat("x", 1001)}, "reason"},
		"expire for whom":           {domain.ExpireOrder{OrderID: orderID, OrgID: "a b"}, "org_id"},
	} {
		if why := c.command.Check(); why == nil || why.Field != c.field {
			t.Errorf("%s: %v, want a fault at %q", name, why, c.field)
		}
	}
}

func full(c *domain.PlaceOrder) {
	e := exampleEvents()[0].(domain.OrderPlaced)
	c.Tags, c.Personal, c.TradeNo, c.BusinessGroup = map[string]string{"a": "é"}, map[string]string{"contact": "Ana"}, e.TradeNo, e.BusinessGroup
	c.Lines = []domain.LineSpec{e.Lines[0].LineSpec, e.Lines[1].LineSpec}
}

func make200(n int) []domain.LineSpec {
	lines := make([]domain.LineSpec, n)
	for i := range lines {
		lines[i] = line("1")
	}
	return lines
}

func many(n int) map[string]string {
	m := map[string]string{}
	for i := range n {
		m[strings.Repeat("k", i+1)] = ""
	}
	return m
}

func metered(c *domain.PlaceOrder) *domain.LineSpec {
	c.Lines[0] = exampleEvents()[0].(domain.OrderPlaced).Lines[1].LineSpec
	c.Lines[0].Meters = []domain.Meter{{Meter: "m", Unit: "GB", UnitPrice: ptr(decimal("1"))}}
	return &c.Lines[0]
}

func tiers(c *domain.PlaceOrder, bounds ...string) {
	m := &metered(c).Meters[0]
	m.UnitPrice = nil
	for _, b := range bounds {
		t := domain.Tier{UnitPrice: decimal("1")}
		if b != "" {
			t.UpTo = ptr(decimal(b))
		}
		m.Tiers = append(m.Tiers, t)
	}
}
