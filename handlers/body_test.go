package handlers

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"orderledger/domain"
)

func codeOf(err error) string {
	var p *Problem
	if errors.As(err, &p) {
		return p.Code
	}
	return ""
}

func TestParseBodyRefuses(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{
		"nothing": "", "space": " \n", "cut": `{"a":`, "comma": `{"a":1,}`, "trailing": `{} {}`, "single quotes": `{'a':1}`,
		"NaN": `{"a":NaN}`, "infinity": `{"a":-Infinity}`, "plus": `{"a":+1}`, "leading zero": `{"a":01}`, "point": `{"a":1.}`, "exponent": `{"a":1e}`,
		"hex": `{"a":0x1}`, "twice": `{"a":1,"b":2,"a":1}`, "twice, escaped": `{"a":1,"\u0061":1}`, "twice inside": `{"b":{"x":1,"x":1}}`,
		"NUL": "{\"a\":\"\x00\"}", "NUL escaped": `{"a":"\u0000"}`, "lone surrogate": `{"a":"\ud800"}`, "surrogates the wrong way": `{"a":"\udc00\ud800"}`,
		"control": "{\"a\":\"\n\"}", "UTF-8": "{\"a\":\"\xff\"}", "UTF-16": "\xfe\xff{", "BOM": "\ufeff{}", "comment": `{/**/}`, "escape": `{"a":"\x41"}`,
		"deep": strings.Repeat("[", depthMax+1) + strings.Repeat("]", depthMax+1), "word": `{"a":nul}`, "unclosed": `{"a":"b`, "bracket": `{"a":[1}`,
	} {
		if _, err := parseBody([]byte(body)); codeOf(err) != codeMalformed {
			t.Errorf("%s: %q gives %v, want malformed", name, body, err)
		}
	}
	if _, err := parseBody(bytes.Repeat([]byte(" "), bodyMax+1)); codeOf(err) != codeTooLarge {
		t.Errorf("a large body gives %v, want too_large", err)
	}
	fits := strings.Repeat("[", depthMax) + strings.Repeat("]", depthMax)
	if _, err := parseBody([]byte(fits)); err != nil {
		t.Errorf("%d levels: %v", depthMax, err)
	}
}

func TestDecodeNamesThePlace(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{
		`{"lines":[{"count":1}]}`:                                 "invalid_value: lines[0].count: ",
		`{"lines":[{},{"colour":1}]}`:                             "unknown_field: lines[1].colour: ",
		`{"lines":[{"new_config":[{"component":"c","size":1}]}]}`: "unknown_field: lines[0].new_config[0].size: ",
		`{"lines":[{"count":"1e3"}]}`:                             "invalid_value: lines[0].count: ",
		`{"lines":[{"count":"NaN"}]}`:                             "invalid_value: lines[0].count: ",
		`{"lines":{}}`:                                            "invalid_value: lines: ",
		`{"lines":[null]}`:                                        "invalid_value: lines[0]: ",
		`{"tags":{"a":1}}`:                                        "invalid_value: tags.a: ",
		`{"tags":[]}`:                                             "invalid_value: tags: ",
		`{"order_type":7}`:                                        "invalid_value: order_type: ",
		`{"Order_Type":"purchase"}`:                               "unknown_field: Order_Type: ",
		`{"Salts":{}}`:                                            "unknown_field: Salts: ",
		`{"Fresh":true}`:                                          "unknown_field: Fresh: ",
		`{"order_type":"purchase"}`:                               "invalid_value: project_id: it is required",
		`{"lines":[{"effective_at":"2025-11-04 23:00:00"}]}`:      "invalid_value: lines[0].effective_at: ",
		`{"lines":[{"effective_at":"2025-11-04T23:00:00"}]}`:      "invalid_value: lines[0].effective_at: ",
		`[]`: "invalid_value: it is an object",
	} {
		tree, err := parseBody([]byte(body))
		if err != nil {
			t.Fatalf("%s: %v", body, err)
		}
		var c domain.PlaceOrder
		if err := decodeNode(tree, 0, &c); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s gives %v, want %s", body, err, want)
		}
	}
}

// Whatever the strict reader takes, encoding/json reads to the same value.
func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"order_type":"purchase","org_id":"o","project_id":"p","consumer_id":"c","currency":"CNY","tags":{"\u00e9":"\ud83d\ude00"},"lines":[{"product_code":"a","product_name":"b","resource_type":"c","count":"1","charge_mode":"month","quantity":"1","unit":"m","unit_price":"2.5","discount_amount":"0","effective_at":"2025-11-04T23:00:00+08:00"}]}`))
	f.Add([]byte(`{"a":[1,2.5e-3,true,false,null,"x\n\/"],"b":{}}`))
	f.Add([]byte(`{"parent_order_id":null,"personal":{"a":"b"}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		tree, err := parseBody(body)
		if err != nil {
			return
		}
		if !json.Valid(body) {
			t.Fatalf("%q is not JSON", body)
		}
		canonical := tree.appendValue(nil, 0)
		again, err := parseBody(canonical)
		if err != nil || !bytes.Equal(again.appendValue(nil, 0), canonical) {
			t.Fatalf("%q is written as %q (%v)", body, canonical, err)
		}
		var got, want domain.PlaceOrder
		if decodeNode(tree, 0, &got) != nil {
			return
		}
		if err := json.Unmarshal(body, &want); err != nil {
			t.Fatalf("%q: %v", body, err)
		}
		a, b := encodeAnswer(got), encodeAnswer(want)
		if !bytes.Equal(a, b) {
			t.Fatalf("%q is read as %s, want %s", body, a, b)
		}
		_ = got.Check() // it must not panic
	})
}

// Where the ledger works quantity and price out, they may be left out; elsewhere a price left out would be a price of
// nothing.
func TestAmountsMayBeLeftOutWhereTheyAreWorkedOut(t *testing.T) {
	t.Parallel()
	body := `{"order_type":%q,"org_id":"o","project_id":"p","consumer_id":"c","currency":"CNY","lines":[{"product_code":"a","product_name":"b","resource_type":"c","count":"1","charge_mode":"month","unit":"month"%s}]}`
	for of, field := range map[domain.OrderType]string{
		domain.Purchase: "lines[0].quantity", domain.Renewal: "lines[0].quantity", domain.Convert: "lines[0].quantity",
		domain.Supplement: "lines[0].quantity", domain.Recovery: "lines[0].quantity", domain.TransferIn: "lines[0].quantity",
		domain.Upgrade: "", domain.Downgrade: "", domain.TermSettlement: "", domain.Compensation: "", domain.Resize: "",
	} {
		for more, field := range map[string]string{
			"": field, `,"quantity":"1"`: strings.Replace(field, "quantity", "unit_price", 1), `,"quantity":"1","unit_price":null`: strings.Replace(field, "quantity", "unit_price", 1),
			`,"quantity":"1","unit_price":"0"`: "",
		} {
			tree, err := parseBody(fmt.Appendf(nil, body, of, more))
			if err != nil {
				t.Fatal(err)
			}
			got := ""
			if _, err := readPlaceOrder(tree, 0); err != nil {
				got = problemOf(err).Field
			}
			if got != field {
				t.Errorf("%s with %q: a fault at %q, want %q", of, more, got, field)
			}
		}
	}
}

// Every field of a command can be sent, and those that a sender may not set can't.
func TestCommandsHaveTheseFields(t *testing.T) {
	t.Parallel()
	want := map[string]string{
		"PlaceOrder": "business_group consumer_id currency lines order_id order_type org_id parent_order_id personal project_id reason tags trade_no",
		"LineSpec": "billing_item charge_mode count cycle discount_amount effective_at expires_at meters new_config new_unit_price old_config product_code product_name " +
			"quantity region resource_ext resource_id resource_name resource_type unit unit_price zone",
		"PayOrder": "funds order_id org_id", "CancelOrder": "order_id org_id reason", "ExpireOrder": "order_id org_id",
		"VoidOrder": "order_id org_id reason", "ApproveOrder": "order_id org_id reason", "RejectOrder": "order_id org_id reason",
		"ReportFulfilment": "effective_at expires_at order_id org_id reason resource_id state",
		"RefundOrder":      "amount line_nos order_id org_id preview reason return_vouchers",
		"TopUp":            "amount currency org_id reference", "Withdraw": "amount currency org_id reference",
		"GrantGift":    "amount currency expires_at org_id reason",
		"IssueVoucher": "amount charge_modes currency min_spend order_types org_id products valid_from valid_to voucher_id",
		"FreezeFunds":  "amount currency org_id reason", "ReleaseFunds": "amount currency org_id reason",
		"ReportUsage": "org_id records", "UsageReport": "from meter order_id quantity record_id resource_id to unit",
		"SetAutoRenew": "before_seconds enabled org_id quantity resource_id", "CloseResource": "if_release_due org_id reason resource_id return_vouchers",
		"ClosePeriod": "org_id period",
		"ChangeSettings": "approval_over credit_limit four_eyes fulfil_within_seconds org_id overdue_days pay_before_seconds proration " +
			"refund_failed_after_seconds refund_unfulfilled_after_seconds release_after_seconds settlement_delay_seconds time_zone",
	}
	for _, v := range []any{
		domain.PlaceOrder{},
		domain.LineSpec{},
		domain.PayOrder{},
		domain.CancelOrder{},
		domain.ExpireOrder{},
		domain.VoidOrder{},
		domain.ApproveOrder{},
		domain.RejectOrder{},
		domain.ReportFulfilment{},
		domain.RefundOrder{},
		domain.TopUp{},
		domain.Withdraw{},
		domain.GrantGift{},
		domain.IssueVoucher{},
		domain.FreezeFunds{},
		domain.ReleaseFunds{},
		domain.ReportUsage{},
		domain.UsageReport{},
		domain.SetAutoRenew{},
		domain.CloseResource{},
		domain.ClosePeriod{},
		domain.ChangeSettings{},
	} {
		rt := reflect.TypeOf(v)
		var names []string
		for i := range rt.NumField() {
			if name, _, _ := strings.Cut(rt.Field(i).Tag.Get("json"), ","); name != "-" {
				names = append(names, name)
			}
		}
		if got := strings.Join(sortedTexts(names), " "); got != want[rt.Name()] {
			t.Errorf("%s has %s, want %s", rt.Name(), got, want[rt.Name()])
		}
	}
}

// Fingerprints are compared for ever: what stands in this file may never change.
func TestFingerprintsStay(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("testdata/fingerprints.golden")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		want, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		name, body, _ := strings.Cut(rest, " ")
		tree, err := parseBody([]byte(body))
		if err != nil {
			t.Fatalf("%s: %v", body, err)
		}
		if got := tree.fingerprint(0, name).String(); got != want {
			t.Errorf("%s %s: %s, want %s", name, body, got, want)
		}
	}
}

func TestFingerprintsTellBodiesApart(t *testing.T) {
	t.Parallel()
	of := func(name, body string) string {
		tree, err := parseBody([]byte(body))
		if err != nil {
			t.Fatalf("%s: %v", body, err)
		}
		return tree.fingerprint(0, name).String()
	}
	same := of("top_up", `{"amount":"1.00","currency":"CNY","reference":"r","personal":{"a":"b"}}`)
	for _, body := range []string{
		` { "currency" : "CNY", "personal":{"a":"other"}, "reference":"r","amount":"1.00" } `,
		`{"amount":"1.00","currency":"CNY","org_id":"org","reference":"\u0072","personal":{"a":null}}`,
	} {
		if of("top_up", body) != same {
			t.Errorf("%s has another fingerprint", body)
		}
	}
	for _, body := range []string{
		`{"amount":"1.0","currency":"CNY","reference":"r","personal":{"a":"b"}}`,
		`{"amount":"1.00","currency":"CNY","reference":"r","personal":{"b":"b"}}`,
		`{"amount":"1.00","currency":"CNY","reference":"r"}`,
		`{"amount":"1.00","currency":"CNY","reference":"r","personal":{"a":"b"},"x":{"org_id":"inside"}}`,
	} {
		if of("top_up", body) == same {
			t.Errorf("%s has the same fingerprint", body)
		}
	}
	if of("pay_order", `{}`) == of("cancel_order", `{}`) {
		t.Error("two commands have one fingerprint")
	}
}

// RFC 8785 §3.2.3 gives this order: by UTF-16 units, not by bytes.
func TestNamesSortAsUTF16(t *testing.T) {
	t.Parallel()
	names := []string{"\r", "1", "\u0080", "ö", "€", "\U0001F600", "\ufb33"}
	for i := range names {
		for j := range names {
			if got := compareNames(names[i], names[j]); (got < 0) != (i < j) || (got == 0) != (i == j) {
				t.Errorf("%q and %q compare as %d", names[i], names[j], got)
			}
		}
	}
}

func BenchmarkReadOrder(b *testing.B) {
	body, err := os.ReadFile("testdata/order.json")
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		t, err := parseBody(body)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := newRequest(t, 0, "place_order", "k", sender{}); err != nil {
			b.Fatal(err)
		}
	}
}

func sortedTexts(s []string) []string { slices.Sort(s); return s }

func TestDecodeMapsAndFlags(t *testing.T) {
	t.Parallel()
	type body struct {
		Limits map[domain.Currency]domain.Amount `json:"limits"`
		Words  map[string]string                 `json:"words"`
		Yes    bool                              `json:"yes"`
		Lines  []int                             `json:"lines"`
	}
	read := func(text string) (body, error) {
		tree, err := parseBody([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		var b body
		err = decodeNode(tree, 0, &b)
		return b, err
	}
	got, err := read(`{"limits":{"CNY":"20.00","USD":"5"},"words":{"*":"day"},"yes":true,"lines":[1,3]}`)
	if err != nil || got.Limits["CNY"].String() != "20.00" || got.Limits["USD"].String() != "5" || got.Words["*"] != "day" ||
		!got.Yes || !slices.Equal(got.Lines, []int{1, 3}) {
		t.Errorf("read %+v, %v", got, err)
	}
	for text, want := range map[string]string{
		`{"limits":{"CNY":20}}`: "invalid_value: limits.CNY: ", `{"limits":[]}`: "invalid_value: limits: ", `{"yes":"true"}`: "invalid_value: yes: ",
		`{"yes":1}`: "invalid_value: yes: ", `{"lines":["1"]}`: "invalid_value: lines[0]: ", `{"words":{"a":null}}`: "invalid_value: words.a: ",
	} {
		if _, err := read(text); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s gives %v, want %s", text, err, want)
		}
	}
}
