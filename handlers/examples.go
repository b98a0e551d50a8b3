package handlers

import "encoding/json"

// examples are bodies as the document shows them, by operation. A test sends each through the reader of its command.
var examples = map[string]json.RawMessage{
	"place-order": json.RawMessage(orderExample),
	"quote-order": json.RawMessage(orderExample),
	"pay-order": json.RawMessage(`{"funds":{"cash":"20.00","gift":"5.00",
  "vouchers":[{"voucher_id":"spring-26","amount":"3.86"}]}}`),
	"cancel-order":  json.RawMessage(`{"reason":"not needed any more"}`),
	"void-order":    json.RawMessage(`{"reason":"the price was withdrawn"}`),
	"approve-order": json.RawMessage(`{"reason":"within the budget of this quarter"}`),
	"reject-order":  json.RawMessage(`{"reason":"too dear"}`),
	"refund-order":  json.RawMessage(`{"line_nos":[1],"reason":"ended early","return_vouchers":false,"preview":true}`),
	"report-fulfilment": json.RawMessage(`{"state":"completed","resource_id":"bsr-1kkpx3xp581y",
  "effective_at":"2025-11-04T23:00:00+08:00","expires_at":"2025-12-04T23:00:00+08:00"}`),
	"top-up":        json.RawMessage(`{"amount":"100.00","currency":"CNY","reference":"bank-4711"}`),
	"withdraw":      json.RawMessage(`{"amount":"40.00","currency":"CNY","reference":"bank-4712"}`),
	"grant-gift":    json.RawMessage(`{"amount":"20.00","currency":"CNY","expires_at":"2026-01-01T00:00:00+08:00","reason":"welcome"}`),
	"freeze-funds":  json.RawMessage(`{"amount":"10.00","currency":"CNY","reason":"a dispute about an order"}`),
	"release-funds": json.RawMessage(`{"amount":"10.00","currency":"CNY","reason":"the dispute is settled"}`),
	"issue-voucher": json.RawMessage(`{"voucher_id":"spring-26","amount":"50.00","currency":"CNY","valid_from":"2025-11-01T00:00:00+08:00",
  "valid_to":"2026-02-01T00:00:00+08:00","min_spend":"100.00","products":["gpu-instance"],"charge_modes":["hour","metered"],"order_types":["usage_settlement"]}`),
	"report-usage": json.RawMessage(`{"records":[{"record_id":"2025-11-04T15:00Z/llm-1/tokens","resource_id":"llm-1","meter":"tokens",
  "quantity":"125.4","unit":"1k","from":"2025-11-04T23:00:00+08:00","to":"2025-11-04T23:59:00+08:00"}]}`),
	"set-auto-renew": json.RawMessage(`{"enabled":true,"quantity":"1","before_seconds":86400}`),
	"close-resource": json.RawMessage(`{"reason":"not needed any more","return_vouchers":false}`),
	"close-period":   json.RawMessage(`{"org_id":"org-acme"}`),
	"change-settings": json.RawMessage(`{"time_zone":"Asia/Shanghai","pay_before_seconds":604800,"approval_over":{"CNY":"5000.00"},"four_eyes":true,
  "credit_limit":{"CNY":"100.00"},"proration":{"gpu-instance":"hour","*":"second"}}`),
	"send-commands":  json.RawMessage(`{"key":"top-up-1","command":"top_up","body":{"org_id":"org-acme","amount":"100.00","currency":"CNY","reference":"bank-4711"}}`),
	"create-key":     json.RawMessage(`{"org_id":"org-acme","role":"finance","name":"bookkeeping"}`),
	"create-webhook": json.RawMessage(`{"org_id":"org-acme","url":"https://example.com/ledger","types":["order.paid","resource.*"],"description":"provisioning"}`),
	"change-webhook": json.RawMessage(`{"types":["order.paid","order.refunded"],"state":"active"}`),
	"replay-webhook": json.RawMessage(`{"after":1200}`),
}

const orderExample = `{"order_type":"purchase","org_id":"org-acme","project_id":"default","consumer_id":"user-7","currency":"CNY","trade_no":"T-2025-1",
  "business_group":"ml","tags":{"team":"vision"},"parent_order_id":null,"personal":{"contact":"the person to call"},
  "lines":[{"product_code":"gpu-instance","product_name":"GPU instance","resource_type":"cloud-host","resource_id":"bsr-1kkpx3xp581y",
    "resource_name":"train-1","resource_ext":{"内网IP":"192.168.18.164"},"region":"cn-north-1","zone":"cn-north-1a",
    "old_config":[],"new_config":[{"component":"CPU","value":"64","unit":"core"},{"component":"GPU","value":"4","unit":"card"}],
    "count":"1","charge_mode":"month","quantity":"1","unit":"month","unit_price":"28.86","discount_amount":"0",
    "effective_at":"2025-11-04T23:00:00+08:00","expires_at":"2025-12-04T23:00:00+08:00"}]}`
