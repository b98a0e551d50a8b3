package importcheck

import (
	"strings"
	"testing"
)

const (
	topUp = `{"key":"t","command":"top_up","at":"2026-01-01T00:00:00Z","body":{"org_id":"o","amount":"10.01","currency":"CNY","reference":"r"}}` + "\n"
	place = `{"key":"p","command":"place_order","at":"2026-01-01T00:00:00Z","body":{"order_id":"019b76da-a800-7000-8000-000000000001","order_type":"purchase","org_id":"o","project_id":"p","consumer_id":"c","currency":"CNY","lines":[{"product_code":"x","product_name":"x","resource_type":"x","resource_id":"x","resource_name":"x","region":"r","new_config":[],"count":"1","charge_mode":"day","quantity":"1","unit":"day","unit_price":"10.005","discount_amount":"0.00","effective_at":"2026-01-01T00:00:00Z","expires_at":"2026-01-02T00:00:00Z"}]}}` + "\n"
	pay   = `{"key":"y","command":"pay_order","at":"2026-01-07T23:59:59Z","body":{"order_id":"019b76da-a800-7000-8000-000000000001","org_id":"o"}}` + "\n"
)

// A checker that lets everything pass would make the examples' tests worthless.
func TestReadRefuses(t *testing.T) {
	if r, err := Read(strings.NewReader(topUp + place + pay)); err != nil || r.Orders["paid"] != 1 {
		t.Fatalf("a good file: %+v, %v", r, err)
	}
	edit := strings.NewReplacer
	for want, file := range map[string]string{
		"o has 10.00 CNY, order 019b76da-a800-7000-8000-000000000001 needs 10.01": edit("10.01", "10.00").Replace(topUp) + place + pay,
		"o has 0.00 CNY":             place + pay,
		"is not an unpaid order":     topUp + pay,
		"its deadline is":            topUp + place + edit("07T23:59:59", "08T00:00:00").Replace(pay),
		"is before the line above":   edit("2026", "2027").Replace(topUp) + place,
		"occurs twice":               topUp + topUp,
		"bad key":                    edit(`"t"`, `"ledger:t"`).Replace(topUp),
		"unknown field":              edit("reference", "referral").Replace(topUp),
		"is not a UUID of version 7": edit("-7000-", "-4000-").Replace(place),
		"does not fit charge mode":   edit(`"unit":"day"`, `"unit":"month"`).Replace(place),
		"ends":                       edit("01-02T", "01-03T").Replace(place),
		"payable -1.00":              edit(`"0.00"`, `"11.01"`).Replace(place),
	} {
		if _, err := Read(strings.NewReader(file)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}
