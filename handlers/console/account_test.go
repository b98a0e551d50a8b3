package console_test

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"orderledger/internal/auth"
)

// keyOf is the idempotency key of a form on a page.
func keyOf(t *testing.T, page seen) string {
	t.Helper()
	found := regexp.MustCompile(`name="key" value="([^"]+)"`).FindStringSubmatch(page.Body)
	if found == nil {
		t.Fatalf("%s has no form with a key", page.Request.URL)
	}
	return found[1]
}

func TestAccountShowsBalancesAtOnce(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	s.do(t, "change_settings", `{"org_id":"org-acme","credit_limit":{"CNY":"50.00"}}`)
	p := s.signIn(t, "org-acme", auth.Finance)
	form := p.get(t, "/account/top-up")
	form.has(t, "never pays an order by itself")
	sent := url.Values{"key": {keyOf(t, form)}, "amount": {"1,234.50"}, "currency": {"cny"}, "reference": {"bank-1"}}
	page := p.post(t, "/account/top-up", sent)
	page.has(t, "The top-up is booked.", "¥1,234.50", "¥1,284.50", "¥50.00", "&#43;¥1,234.50", "bank-1")

	again := p.post(t, "/account/top-up", sent) // the same form, sent twice
	again.has(t, "The top-up is booked.", "¥1,234.50")
	again.lacks(t, "¥2,469.00")

	sent.Set("key", "another")
	refused := p.post(t, "/account/top-up", sent)
	refused.has(t, "duplicate_reference", `value="1,234.50"`, `value="bank-1"`, `value="another"`)
	if refused.StatusCode != http.StatusConflict {
		t.Errorf("a reference used before: %s", refused.Status)
	}
	sent.Set("amount", `"><script>1</script>`)
	wrong := p.post(t, "/account/top-up", sent)
	wrong.has(t, "invalid_value", "&#34;&gt;&lt;script&gt;", `aria-invalid="true"`)
	wrong.lacks(t, "<script>1")
}

func TestTopUpPaysArrearsAndSaysSo(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	s.arrears(t)
	p := s.signIn(t, "org-acme", auth.Finance)
	p.get(t, "/account").has(t, "Owed for what was used", "¥30.00", "1 order")
	p.get(t, "/account/arrears").has(t, "Usage settlement", "¥30.00", "vol-1")
	form := p.get(t, "/account/top-up?currency=CNY&amount=40.00")
	form.has(t, `value="40.00"`, "Owed for what was used")
	page := p.post(t, "/account/top-up", url.Values{"key": {keyOf(t, form)}, "amount": {"40.00"}, "currency": {"CNY"}, "reference": {"bank-9"}})
	page.has(t, "arrears were paid from it", "¥10.00")
	page.lacks(t, "Owed for")
	p.get(t, "/account/arrears").has(t, "Nothing is owed.")
}

// arrears leaves org-acme with a settlement of 30.00 that found no money.
func (s *system) arrears(t *testing.T) {
	t.Helper()
	s.place(t, `{"lines":[{"product_code":"disk","product_name":"Disk","resource_type":"disk","resource_id":"vol-1","resource_name":"vol-1",
"count":"1","charge_mode":"metered","quantity":"0","unit":"GB","unit_price":"0","cycle":"hour","meters":[{"meter":"stored","unit":"GB","unit_price":"3.00"}],
"effective_at":"2025-01-01T00:00:00Z"}]}`)
	now := time.Now().UTC().Add(time.Second)
	from := now.Format(time.RFC3339)
	s.do(t, "report_usage", fmt.Sprintf(`{"org_id":"org-acme","records":[{"record_id":"r-1","resource_id":"vol-1","meter":"stored","quantity":"10","unit":"GB",
"from":%q,"to":%q}]}`, from, now.Add(time.Minute).Format(time.RFC3339)))
	s.do(t, "close_resource", `{"org_id":"org-acme","resource_id":"vol-1"}`)
}

func TestAccountRoles(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	s.topUp(t, "10.00")
	viewer := s.signIn(t, "org-acme", auth.Viewer)
	viewer.get(t, "/account").lacks(t, "/account/top-up", "/account/voucher\"")
	for _, m := range []string{"top-up", "withdraw", "gift", "voucher", "freeze", "release"} {
		if page := viewer.get(t, "/account/"+m); page.StatusCode != http.StatusForbidden {
			t.Errorf("a viewer sees %s: %s", m, page.Status)
		}
		if page := viewer.post(t, "/account/"+m, url.Values{"key": {"k"}}); page.StatusCode != http.StatusForbidden {
			t.Errorf("a viewer sends %s: %s", m, page.Status)
		}
	}
	viewer.get(t, "/account/settings").lacks(t, "<form method=\"post\" class=\"card")
	stranger := s.signIn(t, "org-other", auth.Finance)
	if page := stranger.get(t, "/account?org_id=org-acme"); page.StatusCode != http.StatusNotFound {
		t.Errorf("another organisation's account: %s", page.Status)
	}
	stranger.get(t, "/account").has(t, "There has been no money here yet.")
}

func TestWithdrawFreezeRelease(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	s.topUp(t, "10.00")
	p := s.signIn(t, "", auth.Platform)
	send := func(move string, fields url.Values) seen {
		path := "/account/" + move + "?org_id=org-acme"
		fields.Set("key", keyOf(t, p.get(t, path)))
		fields.Set("currency", "CNY")
		return p.post(t, path, fields)
	}
	send("freeze", url.Values{"amount": {"4.00"}, "reason": {"dispute"}}).has(t, "The money is frozen.", "¥6.00", "¥4.00", "org-acme")
	short := send("withdraw", url.Values{"amount": {"7.00"}, "reference": {"out-1"}})
	short.has(t, "insufficient_funds", "¥1.00")
	send("release", url.Values{"amount": {"4.00"}, "reason": {"settled"}}).has(t, "The money is released.", "¥10.00")
	send("withdraw", url.Values{"amount": {"7.00"}, "reference": {"out-1"}}).has(t, "The withdrawal is booked.", "−¥7.00", "¥3.00")
}

func TestVouchersAndGiftsSayWhatTheyPay(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	p := s.signIn(t, "org-acme", auth.Finance)
	tomorrow := time.Now().Add(24 * time.Hour)
	page := p.post(t, "/account/voucher", url.Values{
		"key": {keyOf(t, p.get(t, "/account/voucher"))}, "amount": {"50"}, "currency": {"CNY"},
		"voucher_id": {"V-1"}, "min_spend": {"100"}, "products": {"gpu-instance, disk"}, "charge_modes": {"month", "year"}, "order_types": {"purchase"},
		"valid_to": {tomorrow.Format("2006-01-02T15:04")},
	})
	page.has(t, "The voucher is issued.", "V-1", "¥50.00", "Orders of at least ¥100.00", "gpu-instance, disk", "By month, By year", "New purchase")
	p.get(t, "/account/vouchers?state=lapsed").has(t, "There is no voucher in this state.")

	s.do(t, "issue_voucher", fmt.Sprintf(`{"org_id":"org-acme","amount":"5.00","currency":"CNY","voucher_id":"later","valid_from":%q}`, tomorrow.Format(time.RFC3339)))
	p.get(t, "/account/vouchers?state=not_yet").has(t, "later", "Anything")
	p.get(t, "/account/vouchers").lacks(t, "later")

	gift := p.post(t, "/account/gift", url.Values{"key": {"g-1"}, "amount": {"7.50"}, "currency": {"CNY"}, "reason": {"<b>welcome</b>"}})
	gift.has(t, "The gift is granted.", "¥7.50", "&lt;b&gt;welcome", "No end")
	bad := p.post(t, "/account/gift", url.Values{"key": {"g-2"}, "amount": {"1"}, "currency": {"CNY"}, "expires_at": {"2001-01-01T00:00"}})
	bad.has(t, "invalid_value", "2001-01-01T00:00")
}

func TestSettingsChangeOnlyWhatWasTyped(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	s.do(t, "change_settings", `{"org_id":"org-acme","credit_limit":{"CNY":"50.00"},"approval_over":{"CNY":"1000.00"}}`)
	p := s.signIn(t, "org-acme", auth.OrgAdmin)
	form := p.get(t, "/account/settings")
	form.has(t, `value="Asia/Shanghai"`, `value="1000.00"`, "agreed with the platform", "¥50.00")
	sent := url.Values{
		"key": {keyOf(t, form)}, "time_zone": {"Asia/Shanghai"}, "pay_before_seconds": {"7"}, "pay_before_seconds_unit": {"day"},
		"refund_failed_after_seconds": {"1"}, "refund_failed_after_seconds_unit": {"hour"},
		"approval_over_key": {"CNY", ""}, "approval_over_value": {"1,000.00", ""},
	}
	p.post(t, "/account/settings", sent).has(t, "Nothing was changed.")

	sent.Set("pay_before_seconds", "36")
	sent.Set("pay_before_seconds_unit", "hour")
	sent.Set("four_eyes", "true")
	sent["credit_limit_key"], sent["credit_limit_value"] = []string{"CNY"}, []string{"9999.00"} // not theirs to change
	page := p.post(t, "/account/settings", sent)
	page.has(t, "The settings are changed.", `value="36"`, `checked`, "¥50.00")
	page.lacks(t, "9,999.00")

	sent.Set("key", "again")
	sent.Set("time_zone", "Mars/Olympus")
	wrong := p.post(t, "/account/settings", sent)
	wrong.has(t, "invalid_value", `value="Mars/Olympus"`)
	if wrong.StatusCode != http.StatusBadRequest {
		t.Errorf("an unknown zone: %s", wrong.Status)
	}
	platform := s.signIn(t, "", auth.Platform)
	changed := platform.post(t, "/account/settings?org_id=org-acme", url.Values{
		"key": {"p-1"}, "time_zone": {"Europe/Berlin"}, "pay_before_seconds": {"36"},
		"pay_before_seconds_unit": {"hour"}, "refund_failed_after_seconds": {"1"}, "refund_failed_after_seconds_unit": {"hour"},
		"overdue_days": {"3"}, "settlement_delay_seconds": {"10"}, "settlement_delay_seconds_unit": {"minute"},
		"credit_limit_key": {"CNY", "USD"}, "credit_limit_value": {"60", "10"}, "proration_key": {"*"}, "proration_value": {"hour"},
	})
	changed.has(t, "The settings are changed.", `value="Europe/Berlin"`, `value="60.00"`, `value="USD"`, `<option value="hour" selected`)
	changed.lacks(t, `value="1000.00"`)
}

// A form that was opened before somebody else changed a setting must not put the old one back.
func TestSettingsOfAnOldFormAreRefused(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	p := s.signIn(t, "", auth.Platform)
	s.do(t, "change_settings", `{"org_id":"org-acme","credit_limit":{"CNY":"50.00"}}`)
	p.get(t, "/account/settings?org_id=org-acme").has(t, `name="version" value="1"`)
	s.do(t, "change_settings", `{"org_id":"org-acme","credit_limit":{"CNY":"80.00"}}`)
	page := p.get(t, "/account/settings?org_id=org-acme")
	sent := url.Values{
		"key": {keyOf(t, page)}, "version": {"1"}, "time_zone": {"Europe/Berlin"}, "pay_before_seconds": {"7"}, "pay_before_seconds_unit": {"day"},
		"refund_failed_after_seconds": {"1"}, "refund_failed_after_seconds_unit": {"hour"}, "overdue_days": {"30"},
		"settlement_delay_seconds": {"10"}, "settlement_delay_seconds_unit": {"minute"},
		"credit_limit_key": {"CNY"}, "credit_limit_value": {"50.00"},
	}
	old := p.post(t, "/account/settings?org_id=org-acme", sent)
	if old.StatusCode != http.StatusPreconditionFailed {
		t.Errorf("an old form: %s", old.Status)
	}
	old.has(t, "version_mismatch", `value="Europe/Berlin"`)
	settings, err := s.Reader.Org(t.Context(), "org-acme")
	if err != nil || settings.CreditLimit["CNY"].String() != "80.00" || settings.TimeZone != "Asia/Shanghai" {
		t.Errorf("the settings are %v %s (%v)", settings.CreditLimit, settings.TimeZone, err)
	}
}

func TestPlatformChoosesAnAccount(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	for i := range 52 {
		s.do(t, "top_up", fmt.Sprintf(`{"org_id":"org-%02d","amount":"1.00","currency":"CNY","reference":"r-%d"}`, i, i))
	}
	s.do(t, "top_up", `{"org_id":"org-01","amount":"2.00","currency":"USD","reference":"r-usd"}`)
	s.do(t, "change_settings", `{"org_id":"zeta","overdue_days":1,"credit_limit":{"EUR":"5.00"}}`)
	p := s.signIn(t, "", auth.Platform)
	page := p.get(t, "/account/entries")
	page.has(t, "org-00", "$2.00", "org-49", "/account/entries?org_id=org-01", `rel="next"`)
	page.lacks(t, ">org-50</a>", ">zeta</a>")
	next := regexp.MustCompile(`data-next href="([^"]+)"`).FindStringSubmatch(page.Body)
	if next == nil {
		t.Fatal("there is no next page")
	}
	p.get(t, strings.ReplaceAll(next[1], "&amp;", "&")).has(t, ">org-50</a>", ">org-51</a>", ">zeta</a>", "€5.00")
	p.get(t, "/account?begins=ze").lacks(t, ">org-5")
	p.get(t, "/account?begins=nobody").has(t, "There is no such organisation.")
	if page := p.get(t, "/account?cursor=nonsense"); page.StatusCode != http.StatusBadRequest {
		t.Errorf("a wrong cursor: %s", page.Status)
	}
	p.get(t, "/account?org_id=org-01").has(t, "¥1.00", "$2.00", "/account/top-up?org_id=org-01")
}

func TestStatementFilters(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	s.topUp(t, "100.00")
	s.do(t, "grant_gift", `{"org_id":"org-acme","amount":"3.33","currency":"CNY"}`)
	id := s.place(t)
	s.do(t, "pay_order", fmt.Sprintf(`{"order_id":%q}`, id))
	p := s.signIn(t, "org-acme", auth.Viewer)
	p.get(t, "/account/entries").has(t, "&#43;¥100.00", "&#43;¥3.33", "−¥3.33", "−¥25.53", "¥74.47", "/orders/"+id)
	gifts := p.get(t, "/account/entries?fund=gift&type=charge")
	gifts.has(t, "−¥3.33", `<option value="gift" selected>`)
	gifts.lacks(t, "−¥25.53", "&#43;¥3.33")
	p.get(t, "/account/entries?order_id="+id).lacks(t, "&#43;¥100.00")
	today := time.Now().In(shanghai(t)).Format(time.DateOnly)
	p.get(t, "/account/entries?from="+today+"&to="+today).has(t, "&#43;¥100.00", `value="`+today+`"`)
	p.get(t, "/account/entries?to=2020-01-01").has(t, "No movement matches.")
	if wrong := p.get(t, "/account/entries?fund=gold"); wrong.StatusCode != http.StatusBadRequest || !strings.Contains(wrong.Body, "invalid_value") {
		t.Errorf("a fund that there is not: %s", wrong.Status)
	}
}

func shanghai(t *testing.T) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation("Asia/Shanghai")
	if err != nil {
		t.Fatal(err)
	}
	return zone
}
