package domain

// Label is what people read in the place of a code.
type Label struct {
	Code    string `json:"code"`
	English string `json:"en"`
	Chinese string `json:"zh"`
}

// Labels has the names of all words that people meet, kind by kind, each in the order in which a menu lists them. The
// API, the console, the command line and exports all take them from here. The names of order types, charge modes and
// bill fields in Chinese are those of the bills that these fields come from.
var Labels = map[string][]Label{
	"order_type": {
		{string(Purchase), "New purchase", "新购"},
		{string(Renewal), "Renewal", "续费"},
		{string(Upgrade), "Upgrade", "升级"},
		{string(Downgrade), "Downgrade", "降级"},
		{string(Resize), "Configuration change", "变配"},
		{string(Convert), "Billing conversion", "转换计费方式"},
		{string(TermSettlement), "Term settlement", "结算"},
		{string(Supplement), "Supplement", "补单"},
		{string(Refund), "Refund", "删除"},
		{string(OverdueDaily), "Overdue day", "过期"},
		{string(UsageSettlement), "Usage settlement", "后付费"},
		{string(Recovery), "Recovery", "删除恢复"},
		{string(Compensation), "Compensation", "补偿时长"},
		{string(TransferIn), "Transfer in", "转入"},
	},
	"charge_mode": {
		{string(ModeYear), "By year", "按年"},
		{string(ModeMonth), "By month", "按月"},
		{string(ModeDay), "By day", "按天"},
		{string(ModePrepaid30d), "Prepaid, 30 days", "预支付-30天期"},
		{string(ModeHour), "By hour", "按时"},
		{string(ModeMinute), "By minute", "按分钟"},
		{string(ModeMetered), "Metered", "按量"},
		{string(ModePostpaidCycle), "Postpaid", "后付费"},
		{string(ModeSpot), "Spot", "抢占式"},
		{string(ModeGift), "Gift", "赠送"},
		{string(ModeTrial), "Trial", "试用"},
	},
	"charge_group": {
		{string(Prepay), "Prepay", "预付费"},
		{string(Postpay), "Postpay", "后付费"},
		{string(Free), "Free", "免费"},
	},
	"status": {
		{string(AwaitingApproval), "Awaiting approval", "待审批"},
		{string(Unpaid), "Unpaid", "待支付"},
		{string(Paid), "Paid", "已支付"},
		{string(Fulfilling), "Fulfilling", "开通中"},
		{string(FulfilmentFailure), "Fulfilment failed", "开通失败"},
		{string(Completed), "Completed", "已完成"},
		{string(Cancelled), "Cancelled", "已取消"},
		{string(Expired), "Expired", "已超时"},
		{string(Voided), "Voided", "已作废"},
		{string(PartiallyRefunded), "Partially refunded", "部分退款"},
		{string(Refunded), "Refunded", "已退款"},
	},
	"payment_status": {
		{"unpaid", "Unpaid", "待支付"},
		{"done", "Completed", "已完成"},
	},
	"refund_state": {
		{string(RefundNone), "Not refunded", "未退款"},
		{string(RefundPartial), "Refunded in part", "部分退款"},
		{string(RefundFull), "Refunded in full", "全额退款"},
	},
	"approval_state": {
		{"requested", "Requested", "待审批"},
		{"granted", "Granted", "已通过"},
		{"rejected", "Rejected", "已驳回"},
	},
	"fulfilment_state": {
		{"started", "Started", "开通中"},
		{"completed", "Completed", "已开通"},
		{"failed", "Failed", "开通失败"},
	},
	"fund": {
		{"cash", "Cash", "现金账户"},
		{"gift", "Gift", "赠送账户"},
		{"voucher", "Voucher", "代金券"},
		{"frozen", "Frozen", "冻结"},
	},
	"entry_type": {
		{"top_up", "Top-up", "充值"},
		{"withdrawal", "Withdrawal", "提现"},
		{"charge", "Charge", "扣款"},
		{"refund", "Refund", "退款"},
		{"gift", "Gift granted", "发放赠金"},
		{"voucher", "Voucher issued", "发放代金券"},
		{"lapse", "Lapsed", "到期失效"},
		{"freeze", "Frozen or released", "冻结/解冻"},
	},
	"resource_status": {
		{string(ResourceActive), "Active", "使用中"},
		{string(ResourceGone), "Closed", "已删除"},
	},
	"release_reason": {
		{string(ReleaseLeaseEnded), "Lease ended", "到期未续费"},
		{string(ReleaseArrears), "Arrears", "欠费未结清"},
	},
	"voucher_state": {
		{"active", "Active", "生效中"},
		{"not_yet", "Not valid yet", "未生效"},
		{"used_up", "Used up", "已用完"},
		{"lapsed", "Lapsed", "已过期"},
	},
	"period_state": {
		{"open", "Open", "未关账"},
		{"closing", "Closing", "关账中"},
		{"closed", "Closed", "已关账"},
	},
	"unit": {
		{"minute", "minute", "分钟"},
		{"hour", "hour", "小时"},
		{"day", "day", "天"},
		{"month", "month", "月"},
		{"year", "year", "年"},
		{refundUnit, "refund", "笔"},
		{"prepaid_30d", "30 days", "30天"},
	},
	"bill_field": BillFields,
	"field":      fieldLabels,
	"event":      eventLabels,
}

// BillFields are the 25 fields of a bill in their order; the codes are those of bill lines.
var BillFields = []Label{
	{"order_id", "Order number", "订单号"},
	{"consumer_id", "User", "所属用户"},
	{"order_type", "Order type", "订单类型"},
	{"order_status", "Order status", "订单状态"},
	{"order_created_at", "Order created at", "订单创建时间"},
	{"resource_id", "Resource ID", "资源ID"},
	{"resource_type", "Resource type", "资源类型"},
	{"region", "Region", "地域"},
	{"zone", "Zone", "可用区"},
	{"project_id", "Project", "项目名称"},
	{"business_group", "Business group", "业务组"},
	{"resource_ext", "Resource details", "资源标识"},
	{"old_config", "Old configuration", "老资源配置"},
	{"new_config", "New configuration", "新资源配置"},
	{"count", "Resources", "资源数量"},
	{"charge_mode", "Charge mode", "计价方式"},
	{"quantity", "Quantity", "交易量"},
	{"effective_at", "Effective at (Beijing time)", "交易生效时间（北京时间）"},
	{"expires_at", "Expires at (Beijing time)", "交易到期时间（北京时间）"},
	{"cash", "Cash", "现金账户"},
	{"gift", "Gift", "赠送账户"},
	{"voucher", "Voucher", "代金券金额"},
	{"amount", "Order amount", "订单金额"},
	{"billing_period", "Billing period", "账期"},
	{"tags", "Tags", "标签"},
}

// In is the label in a language, "en" or "zh"; others get English.
func (l Label) In(lang string) string {
	if lang == "zh" {
		return l.Chinese
	}
	return l.English
}

// Codes are the words of a kind that have labels, in the order of a menu.
func Codes(kind string) []string {
	var codes []string
	for _, l := range Labels[kind] {
		codes = append(codes, l.Code)
	}
	return codes
}

// LabelOf is the name of a word in a language ("en", "zh"); a word without one stands for itself.
func LabelOf(kind, code, lang string) string {
	for _, l := range Labels[kind] {
		if l.Code == code {
			return l.In(lang)
		}
	}
	return code
}

// PaymentStatus is the status that bills of 25 fields have, which know two: unpaid, and done once money was booked.
func PaymentStatus(s Status) string {
	switch s {
	case AwaitingApproval, Unpaid, Cancelled, Expired, Voided:
		return "unpaid"
	}
	return "done"
}
