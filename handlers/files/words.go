package files

import (
	"strings"

	"orderledger/domain"
)

// paperWords are what a document says beside the names of fields, as domain.Labels has them.
var paperWords = map[string]domain.Label{
	"order":      {Code: "order", English: "Order", Chinese: "订单"},
	"items":      {Code: "items", English: "Items", Chinese: "订单明细"},
	"no":         {Code: "no", English: "#", Chinese: "#"},
	"product":    {Code: "product", English: "Product and resource", Chinese: "产品与资源"},
	"config":     {Code: "config", English: "Configuration", Chinese: "配置"},
	"time":       {Code: "time", English: "Time of use", Chinese: "使用时间"},
	"until":      {Code: "until", English: "to {0}", Chinese: "至 {0}"},
	"open":       {Code: "open", English: "not begun", Chinese: "未开始"},
	"quantity":   {Code: "quantity", English: "Quantity", Chinese: "数量"},
	"was":        {Code: "was", English: "before: {0}", Chinese: "原：{0}"},
	"gone":       {Code: "gone", English: "no longer: {0}", Chinese: "已移除：{0}"},
	"per":        {Code: "per", English: "per {0}", Chinese: "每 {0}"},
	"upto":       {Code: "upto", English: "up to {0}: {1}", Chinese: "至 {0}：{1}"},
	"beyond":     {Code: "beyond", English: "beyond: {0}", Chinese: "超出部分：{0}"},
	"listed":     {Code: "listed", English: "price {0}", Chinese: "原价 {0}"},
	"less":       {Code: "less", English: "less {0}", Chinese: "优惠 {0}"},
	"payment":    {Code: "payment", English: "Payment", Chinese: "支付明细"},
	"refunds":    {Code: "refunds", English: "Refunds", Chinese: "退款明细"},
	"unpaid":     {Code: "unpaid", English: "Nothing has been paid.", Chinese: "尚未支付。"},
	"approval":   {Code: "approval", English: "Approval", Chinese: "审批"},
	"arrears":    {Code: "arrears", English: "Arrears: paid by the next top-up, no deadline", Chinese: "欠费：下次充值时扣款，无支付期限"},
	"open_due":   {Code: "open_due", English: "Still to pay", Chinese: "待付金额"},
	"page":       {Code: "page", English: "Page {0} of {1}", Chinese: "第 {0} 页，共 {1} 页"},
	"state":      {Code: "state", English: "Order {0} as of ledger position {1}, version {2}", Chinese: "订单 {0}，账本位置 {1}，版本 {2}"},
	"notice":     {Code: "notice", English: "Times are those of {0}. This states an order and how it was paid; it is not a tax invoice.", Chinese: "时间按 {0} 显示。本单据仅说明订单及其支付情况，不作为发票使用。"},
	"personless": {Code: "personless", English: "Personal details of the order are left out.", Chinese: "订单中的个人信息不在本单据中列出。"},
}

// say is a word or sentence in the document's language, with {0}, {1} … replaced.
func (p *paper) say(key string, args ...string) string {
	text := paperWords[key].In(p.lang)
	for i, a := range args {
		text = strings.ReplaceAll(text, "{"+string(rune('0'+i))+"}", a)
	}
	return text
}

// label is the name of a field, or of a word.
func (p *paper) label(kind, code string) string { return domain.LabelOf(kind, code, p.lang) }
