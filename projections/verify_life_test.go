package projections_test

import (
	"fmt"
	"strings"
	"testing"

	"orderledger/domain"
	"orderledger/internal/schema"
	"orderledger/projections"
)

// lived is a ledger in which everything happened once, and the month is closed and sealed.
func lived(t *testing.T) (*ledger, *story, *projections.Reader) {
	t.Helper()
	a, _, r, db := told(t, 500)
	a.close(r)
	return &ledger{db: db, log: a.log}, a, r
}

func TestVerifyAWholeLife(t *testing.T) {
	t.Parallel()
	l, _, _ := lived(t)
	r := l.verify(t, nil)
	wantFault(t, r, map[string]string{})
	for _, c := range r.Checks {
		if c.Checked == 0 && c.Name != "mirror" && c.Name != "saved_states" {
			t.Errorf("%s looked at nothing", c.Name)
		}
	}
}

// Each thing that the ledger holds true of money, months and use is missed when it is not so.
func TestVerifyFindsWhatCanNotBe(t *testing.T) {
	t.Parallel()
	l, _, _ := lived(t)
	v := projections.Verification{App: l.db.Pool(t, schema.App), Owner: l.db.Pool(t, schema.Owner), Projector: l.db.Pool(t, schema.Projector)}
	var restore []string
	for _, table := range []string{"events", "claims", "bill_lines"} {
		l.tamper(t, `CREATE TABLE kept_`+table+` AS SELECT * FROM `+table)
		restore = append(restore, `DELETE FROM `+table, `INSERT INTO `+table+` SELECT * FROM kept_`+table)
	}
	// in changes a text in org-a's events of a type.
	in := func(kind, from, to, more string) string {
		return fmt.Sprintf(`UPDATE events SET payload = replace(payload::text, '%s', '%s')::json WHERE type = '%s' AND org_id = 'org-a' %s`, from, to, kind, more)
	}
	of := func(order string) string { return fmt.Sprintf(`AND payload ->> 'order_id' = '%s'`, order) }
	for name, c := range map[string]struct {
		statement   string
		check, text string
	}{
		"a charge for another order":       {in(domain.TypeAccountCharged, `"order_id":"org-a-paid"`, `"order_id":"org-a-else"`, ""), "funds", "not paid just before it"},
		"a charge of another fund":         {in(domain.TypeAccountCharged, `"cash":"33.00","gift":"7.00"`, `"cash":"32.00","gift":"8.00"`, of("org-a-buy")), "funds", "for a payment of"},
		"a return for another order":       {in(domain.TypeAccountRefunded, `"refund_order_id":"org-a-refund"`, `"refund_order_id":"org-a-else"`, ""), "funds", "not paid just before it"},
		"another origin":                   {in(domain.TypeOrderRefunded, `"refund_order_id":"org-a-refund"`, `"refund_order_id":"org-a-else"`, ""), "funds", "which is not what happened"},
		"an origin that got less":          {in(domain.TypeOrderRefunded, `"cash":"9.00"`, `"cash":"8.00"`, ""), "funds", "which is not what happened"},
		"a type that is none":              {`UPDATE events SET type = 'account.adjusted.v1' WHERE type = 'account.funds_frozen.v1'`, "funds", "what it moves can't be told"},
		"a withdrawal of another amount":   {in(domain.TypeAccountWithdrawn, `"amount":"3.00","reference"`, `"amount":"4.00","reference"`, ""), "funds", "says that it moves cash -4"},
		"a frozen balance":                 {in(domain.TypeFundsFrozen, `"frozen":"5.00"`, `"frozen":"6.00"`, ""), "funds", "tells a frozen balance"},
		"credit that was never given":      {in(domain.TypeOrgSettingsChanged, `"CNY":"50.00"`, `"CNY":"-90.00"`, ""), "funds", "takes fund:cash below 90"},
		"money in an event about none":     {in(domain.TypeArrearsOpened, `"amount":`, `"postings":[{"place":"fund:cash","amount":"1","currency":"CNY"}],"amount":`, ""), "funds", "moves money, and is about none"},
		"arrears of another amount":        {in(domain.TypeArrearsOpened, `"amount":"7.00"`, `"amount":"8.00"`, of("org-a-owed")), "arrears", "was not placed so"},
		"no deadline, and not paid":        {`UPDATE events SET payload = regexp_replace(payload::text, '"pay_before":"[^"]*"', '"pay_before":null')::json WHERE type = '` + domain.TypeOrderPlaced + `' ` + of("org-a-waiting"), "orders", "it is not paid at once"},
		"arrears of nobody":                {in(domain.TypeOrderPlaced, `"arrears":true`, `"arrears":false`, of("org-a-owed")), "arrears", "was not placed so"},
		"arrears that no account has":      {in(domain.TypeArrearsOpened, `org-a-owed`, `org-a-else`, ""), "arrears", "was not placed so"},
		"an order that waits by itself":    {in(domain.TypeOrderPlaced, `"discount_amount":"0.00","payable_amount":"900.00"`, `"arrears":true,"discount_amount":"0.00","payable_amount":"900.00"`, of("org-a-waiting")), "arrears", "its account does not say so"},
		"arrears dropped":                  {`UPDATE events SET type = 'account.arrears_dropped.v1' WHERE type = 'account.arrears_opened.v1' AND payload ->> 'order_id' = 'org-a-owed'`, "arrears", "its account does not say so"},
		"consumed more than paid":          {in(domain.TypeOrderRefunded, `"consumed_amount":"3.00"`, `"consumed_amount":"6.01"`, ""), "orders", "came back, was consumed or forfeited"},
		"lines of a refund":                {in(domain.TypeOrderRefunded, `"forfeited_amount":"2.00","lines"`, `"forfeited_amount":"1.00","lines"`, ""), "orders", "returns"},
		"a line's price":                   {in(domain.TypeOrderPlaced, `"payable_amount":"20.00"`, `"payable_amount":"21.00"`, of("org-a-buy")), "orders", "is to be paid"},
		"an order's price":                 {in(domain.TypeOrderPlaced, `"payable_amount":"60.00"`, `"payable_amount":"61.00"`, of("org-a-buy")), "orders", "the order says"},
		"a line's payment":                 {in(domain.TypeOrderPaid, `"cash":"24.00","gift":"4.00"`, `"cash":"23.00","gift":"5.00"`, of("org-a-buy")), "orders", "of gifts 4"},
		"a line paid too much":             {in(domain.TypeOrderPaid, `"cash":"24.00"`, `"cash":"25.00"`, of("org-a-buy")), "orders", "was to be paid"},
		"a gift's part":                    {in(domain.TypeAccountCharged, `"amount":"4.00"`, `"amount":"5.00"`, of("org-a-buy")), "gifts_and_vouchers", "of gifts 8"},
		"a voucher that comes back":        {in(domain.TypeAccountRefunded, `"left":"1.00"`, `"left":"2.00"`, ""), "gifts_and_vouchers", "vouchers 2"},
		"a voucher that is another":        {in(domain.TypeFundsLapsed, `org-a-v2`, `org-a-v9`, ""), "gifts_and_vouchers", "which there is not"},
		"more on a voucher than it had":    {in(domain.TypeVoucherIssued, `"left":"20.00"`, `"left":"30.00"`, ""), "gifts_and_vouchers", "not whole"},
		"a month's sum":                    {in(domain.TypePeriodSealed, `"amount":"66.00"`, `"amount":"67.00"`, ""), "months", "not what was posted"},
		"a month's lines":                  {in(domain.TypePeriodSealed, `"lines":`, `"lines":1`, ""), "months", "not what was posted"},
		"a month's digest":                 {in(domain.TypePeriodSealed, `"digest":"`, `"digest":"0`, ""), "months", "another digest"},
		"a month closed for a second time": {in(domain.TypePeriodSealed, `"position":`, `"position":1`, ""), "months", "it was closed at"},
		"a bill line":                      {`UPDATE bill_lines SET doc = replace(doc::text, '"gpu"', '"cpu"')::json WHERE order_id = 'org-a-buy'`, "months", "another digest"},
		"use that was not reported":        {in(domain.TypeUsageSettled, `2025-11`, `2025-10`, ""), "months", "was not reported"},
		"use that is not counted":          {in(domain.TypeUsageReported, `"resources":1`, `"resources":2`, ""), "usage", "the organisation counts"},
		"use of another month":             {in(domain.TypeResourceSettled, `"settled_periods":["2025-11"]`, `"settled_periods":[]`, ""), "usage", "settles []"},
		"a record without a claim":         {`DELETE FROM claims WHERE kind = 'usage' AND value = 'org-a-r1'`, "claims", "usage org-a-r1 is not claimed"},
		"a claim without a record":         {`INSERT INTO claims SELECT org_id, kind, 'r9', position FROM claims WHERE value = 'org-a-r1'`, "claims", "it makes none"},
		"a record that counts twice":       {in(domain.TypeUsageRecorded, `org-a-r2`, `org-a-r1`, ""), "claims", ""},
		"a voucher without a claim":        {`DELETE FROM claims WHERE kind = 'voucher'`, "claims", "voucher org-a-v1 is not claimed"},
	} {
		l.tamper(t, c.statement)
		report, err := v.RunOnLog(t.Context())
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for _, got := range report.Checks {
			if got.Name == c.check && (got.OK || !strings.Contains(got.Detail, c.text)) {
				t.Errorf("%s: %s: ok %t, %q, want %q", name, got.Name, got.OK, got.Detail, c.text)
			}
		}
		l.tamper(t, restore...)
	}
	if report, err := v.RunOnLog(t.Context()); err != nil || !report.Clean {
		t.Errorf("restored, but %+v, %v", report, err)
	}
}

// Rows of read models that are not what the log folds to are found, each by its model.
func TestVerifyFindsWrongRows(t *testing.T) {
	t.Parallel()
	l, _, _ := lived(t)
	l.tamper(t,
		`UPDATE resources SET lease_end = 'infinity' WHERE org_id = 'org-b' AND resource_id = 'res-bought'`,
		`UPDATE gifts SET left_amount = 3 WHERE org_id = 'org-a'`, `UPDATE periods SET digest = 'x'`)
	wantFault(t, l.verify(t, nil), map[string]string{
		"read_model_resources": "res-bought", "read_model_vouchers": "gifts: served (org-a,org-a-g1,CNY,10.00,3,", "read_model_orgs": "2025-11",
	})
	l.tamper(t,
		`DELETE FROM vouchers WHERE voucher_id = 'org-a-v1'`, `UPDATE orgs SET closed_through = NULL`,
		`UPDATE orders SET refund_state = 'none' WHERE order_id = 'org-a-buy'`, `UPDATE bill_lines SET corrects_line = NULL`)
	wantFault(t, l.verify(t, nil), map[string]string{
		"read_model_resources": "res-bought", "read_model_vouchers": "served none", "read_model_orgs": "org-a", "read_model_orders": "org-a-buy",
		"read_model_bill_lines": "org-a-refund",
	})
}

// What comes after a month was closed can't be posted to it, whatever the rules let through.
func TestVerifyFindsALateBillLine(t *testing.T) {
	t.Parallel()
	l, a, _ := lived(t)
	o := placed("org-a-late", "org-a", domain.Purchase, "", spec(1, "gpu", "", domain.ModeMonth, "1.00"))
	p := paid(o, a.month, false, domain.LinePayment{Funds: funds("1.00", "0.00", "0.00")})
	a.do("org-a", nil, on(o, o), on(o, p), a.charged(p))
	wantFault(t, l.verify(t, nil), map[string]string{"months": "posts to the month 2025-11, and 2025-11 was closed before"})
	// A payment that no account is charged for is one whatever comes next.
	o = placed("org-a-free", "org-a", domain.Purchase, "", spec(1, "gpu", "", domain.ModeMonth, "1.00"))
	p = paid(o, a.month.Next(), false, domain.LinePayment{Funds: funds("1.00", "0.00", "0.00")})
	at := a.do("org-a", nil, on(o, o), on(o, p)) + 1
	wantFault(t, l.verify(t, nil), map[string]string{"months": "", "funds": fmt.Sprintf("event %d pays an order", at)})
}
