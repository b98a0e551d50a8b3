package domain_test

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"orderledger/domain"
)

const week = 7 * 24 * time.Hour

func ptr[T any](v T) *T { return &v }

// step is a command, the time after noon at which it comes, and what it comes to: the events or a code.
type step struct {
	after time.Duration
	c     domain.Command
	want  string
}

func TestRules(t *testing.T) {
	t.Parallel()
	placed, paid, charged := "order.placed.v1", "order.paid.v1", "account.charged.v1"
	cases := map[string][]step{
		"an order is placed and paid": {
			{0, place("28.86"), placed}, {1, topUp("28.86", "r"), "account.topped_up.v1"}, {2, pay(), paid + " " + charged},
		},
		"a top-up never pays an order": {
			{0, place("28.86"), placed}, {1, topUp("100.00", "r"), "account.topped_up.v1"}, {2, cancel(), "order.cancelled.v1"},
		},
		"nothing to pay is paid at once":               {{0, place("0"), placed + " " + paid}, {1, pay(), "order_not_unpaid"}, {2, cancel(), "order_not_unpaid"}, {week, expire(), "order_not_unpaid"}},
		"one minor unit missing":                       {{0, place("28.86"), placed}, {1, topUp("28.85", "r"), "account.topped_up.v1"}, {2, pay(), "insufficient_funds"}},
		"an account without a history":                 {{0, place("28.86"), placed}, {1, pay(), "insufficient_funds"}},
		"pay an order that is not there":               {{0, pay(), "not_found"}},
		"cancel an order that is not there":            {{0, cancel(), "not_found"}},
		"expire an order that is not there":            {{0, expire(), "not_found"}},
		"an order of another organisation":             {{0, place("1"), placed}, {1, domain.CancelOrder{OrderID: orderID, OrgID: "org-other"}, "not_found"}, {2, domain.PayOrder{OrderID: orderID, OrgID: "org-other"}, "not_found"}, {week, domain.ExpireOrder{OrderID: orderID, OrgID: "org-other"}, "not_found"}},
		"an order id counts once":                      {{0, place("1"), placed}, {1, place("1"), "duplicate_order"}},
		"an order id counts once over organisations":   {{0, place("1"), placed}, {1, placeFor("org-other"), "duplicate_order"}},
		"paid has no way back":                         {{0, topUp("9.00", "r"), "account.topped_up.v1"}, {1, place("1"), placed}, {2, pay(), paid + " " + charged}, {3, pay(), "order_not_unpaid"}, {4, cancel(), "order_not_unpaid"}, {week, expire(), "order_not_unpaid"}, {week, place("1"), "duplicate_order"}},
		"cancelled has no way back":                    {{0, topUp("9.00", "r"), "account.topped_up.v1"}, {1, place("1"), placed}, {2, cancel(), "order.cancelled.v1"}, {3, pay(), "order_not_unpaid"}, {4, cancel(), "order_not_unpaid"}, {week, expire(), "order_not_unpaid"}},
		"expired has no way back":                      {{0, topUp("9.00", "r"), "account.topped_up.v1"}, {0, place("1"), placed}, {week, expire(), "order.expired.v1"}, {week, pay(), "order_not_unpaid"}, {week, cancel(), "order_not_unpaid"}, {week, expire(), "order_not_unpaid"}},
		"paid one microsecond before the deadline":     {{0, topUp("9.00", "r"), "account.topped_up.v1"}, {0, place("1"), placed}, {week - time.Microsecond, pay(), paid + " " + charged}},
		"too late at the deadline":                     {{0, topUp("9.00", "r"), "account.topped_up.v1"}, {0, place("1"), placed}, {week, pay(), "payment_deadline_passed"}},
		"too late one microsecond after it":            {{0, topUp("9.00", "r"), "account.topped_up.v1"}, {0, place("1"), placed}, {week + time.Microsecond, pay(), "payment_deadline_passed"}},
		"not yet due one microsecond before":           {{0, place("1"), placed}, {week - time.Microsecond, expire(), "not_yet_due"}, {week, expire(), "order.expired.v1"}},
		"cancelled after the deadline":                 {{0, place("1"), placed}, {week + time.Hour, cancel(), "order.cancelled.v1"}},
		"a deadline of the organisation's own":         {{0, domain.ChangeSettings{OrgID: "org-acme", PayBeforeSeconds: ptr(int64(60))}, "org.settings_changed.v1"}, {0, place("1"), placed}, {time.Minute - time.Microsecond, expire(), "not_yet_due"}, {time.Minute, expire(), "order.expired.v1"}},
		"a deadline stays what it was":                 {{0, place("1"), placed}, {1, domain.ChangeSettings{OrgID: "org-acme", PayBeforeSeconds: ptr(int64(60))}, "org.settings_changed.v1"}, {time.Hour, expire(), "not_yet_due"}},
		"a reference counts once":                      {{0, topUp("1.00", "r"), "account.topped_up.v1"}, {1, topUp("1.00", "r"), "duplicate_reference"}, {2, topUp("1.00", "R"), "account.topped_up.v1"}},
		"a reference is an organisation's own":         {{0, topUp("1.00", "r"), "account.topped_up.v1"}, {1, domain.TopUp{OrgID: "org-other", Amount: amount("1.00"), Currency: "CNY", Reference: "r"}, "account.topped_up.v1"}},
		"another currency does not pay":                {{0, domain.TopUp{OrgID: "org-acme", Amount: amount("100.00"), Currency: "USD", Reference: "r"}, "account.topped_up.v1"}, {1, place("1"), placed}, {2, pay(), "insufficient_funds"}},
		"funds named":                                  {{0, topUp("9.00", "r"), "account.topped_up.v1"}, {1, place("1"), placed}, {2, payWith("1", "0"), paid + " " + charged}},
		"funds named that are too little":              {{0, topUp("9.00", "r"), "account.topped_up.v1"}, {1, place("1"), placed}, {2, payWith("0.99", "0"), "funds_mismatch"}},
		"funds named that are too much":                {{0, topUp("9.00", "r"), "account.topped_up.v1"}, {1, place("1"), placed}, {2, payWith("1.01", "0"), "funds_mismatch"}},
		"a fund named that is empty":                   {{0, topUp("9.00", "r"), "account.topped_up.v1"}, {1, place("1"), placed}, {2, payWith("0.50", "0.50"), "insufficient_funds"}},
		"a fund named with too many digits":            {{0, topUp("9.00", "r"), "account.topped_up.v1"}, {1, place("1"), placed}, {2, payWith("1.001", "0"), "invalid_value"}},
		"a voucher that is not there":                  {{0, topUp("9.00", "r"), "account.topped_up.v1"}, {1, place("1"), placed}, {2, payVoucher(), "voucher_not_usable"}},
		"a balance at its bound":                       {{0, topUp("10000000000000.00", "r"), "account.topped_up.v1"}, {1, topUp("0.01", "s"), "balance_too_large"}},
		"an order at the bound":                        {{0, place("10000000000000"), placed}},
		"a line past the bound":                        {{0, place("10000000000000.01"), "invalid_value"}},
		"lines that are past the bound only together":  {{0, place("10000000000000", "0.01"), "invalid_value"}},
		"settings change one by one":                   {{0, domain.ChangeSettings{OrgID: "org-acme", TimeZone: ptr("UTC")}, "org.settings_changed.v1"}, {1, domain.ChangeSettings{OrgID: "org-acme", PayBeforeSeconds: ptr(int64(1))}, "org.settings_changed.v1"}},
		"two lines are paid as one order":              {{0, topUp("3.00", "r"), "account.topped_up.v1"}, {1, place("1", "2"), placed}, {2, pay(), paid + " " + charged}},
		"two orders of one price, money for one alone": {{0, topUp("1.00", "r"), "account.topped_up.v1"}, {1, place("1"), placed}, {1, placeID("0198c2f0-0000-7000-8000-000000000002"), placed}, {2, pay(), paid + " " + charged}, {3, domain.PayOrder{OrderID: "0198c2f0-0000-7000-8000-000000000002", OrgID: "org-acme"}, "insufficient_funds"}},
	}
	for name, steps := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			for i, s := range steps {
				before := len(w.history)
				d, why := w.do(noon.Add(s.after), s.c)
				got := namesOf(d)
				if why != nil {
					got = string(why.Code)
				}
				if got != s.want {
					t.Fatalf("step %d, %s: %q, want %q (%v)", i+1, s.c.Name(), got, s.want, why)
				}
				if why != nil && (len(w.history) != before || why.Detail == "") {
					t.Fatalf("step %d: refused with %q after %d events", i+1, why.Detail, len(w.history)-before)
				}
			}
			w.wantSameAfterReplay()
		})
	}
}

func placeFor(org string) domain.PlaceOrder { c := place("1"); c.OrgID = org; return c }
func placeID(id string) domain.PlaceOrder   { c := place("1"); c.OrderID = id; return c }

func payWith(cash, gift string) domain.PayOrder {
	c := pay()
	c.Funds = &domain.Allocation{Cash: amount(cash), Gift: amount(gift)}
	return c
}

func payVoucher() domain.PayOrder {
	c := pay()
	c.Funds = &domain.Allocation{Vouchers: []domain.VoucherPart{{VoucherID: "v", Amount: amount("1.00")}}}
	return c
}

func namesOf(d domain.Decision) string {
	var names []string
	for _, e := range d.Events {
		names = append(names, domain.TypeOf(e.Event))
	}
	return strings.Join(names, " ")
}

func TestMissingFundsAreNamed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.must(noon, place("28.86"))
	w.must(noon, topUp("8.00", "r"))
	_, why := w.do(noon, pay())
	if why == nil || why.Missing != amount("20.86") || why.Currency != "CNY" || !strings.Contains(why.Detail, "20.86 CNY") {
		t.Errorf("refused with %+v", why)
	}
}

// Gift goes before cash, and is spread over the lines so that each is paid exactly.
func TestGiftGoesBeforeCash(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.append(domain.Clock{Now: noon, At: noon}, domain.StreamEvent{Stream: domain.AccountRef("org-acme"), Event: domain.GiftGranted{
		OrgID: "org-acme", GrantID: "g", Currency: "CNY", Amount: amount("0.05"), Balance: domain.Balance{
			Currency: "CNY", Frozen: amount("0.00"),
			Funds: domain.Funds{Cash: amount("100.00"), Gift: amount("0.05"), Voucher: amount("0.00")},
		},
	}})
	w.must(noon, place("0.03", "0.03", "0.03"))
	w.must(noon, pay())
	o := w.Order(orderID)
	if o.Paid != (domain.Funds{Cash: amount("0.04"), Gift: amount("0.05"), Voucher: amount("0.00")}) {
		t.Errorf("paid %+v", o.Paid)
	}
	var gifts []string
	for _, l := range o.LineFunds {
		gifts = append(gifts, l.Gift.String())
		if l.Total() != amount("0.03") {
			t.Errorf("line %d was paid %s, want 0.03", l.LineNo, l.Total())
		}
	}
	if want := []string{"0.02", "0.02", "0.01"}; !slices.Equal(gifts, want) {
		t.Errorf("gifts %v, want %v: ties go to the lower line", gifts, want)
	}
}

// What an import brings in happened before, and goes by its own times.
func TestHistoryBroughtIn(t *testing.T) {
	t.Parallel()
	now := noon.Add(365 * 24 * time.Hour)
	w := newWorld(t)
	at := func(d time.Duration, c domain.Command) *domain.Rejection {
		_, why := w.doAt(domain.Clock{Now: now, At: noon.Add(d)}, c)
		return why
	}
	for i, s := range []step{
		{0, topUp("10.00", "r"), ""},
		{time.Hour, place("1"), ""},
		{time.Hour - time.Microsecond, pay(), "invalid_value"}, // before the order was there
		{366 * 24 * time.Hour, pay(), "invalid_value"},         // in the future
		{time.Hour + week, pay(), "payment_deadline_passed"},
		{time.Hour + week - 1000, expire(), "not_yet_due"},
		{time.Hour + week - 1000, pay(), ""}, // the deadline is long past, but not at that time
	} {
		why := at(s.after, s.c)
		if why == nil && s.want != "" || why != nil && string(why.Code) != s.want {
			t.Fatalf("step %d, %s: %v, want %q", i+1, s.c.Name(), why, s.want)
		}
	}
	o := w.Order(orderID)
	if !o.CreatedAt.Equal(noon.Add(time.Hour)) || o.BillingPeriod != "2025-11" || !o.PaidAt.Equal(noon.Add(time.Hour+week-1000)) {
		t.Errorf("the order is %+v", o)
	}
}

func TestSettingsKeepWhatIsNotNamed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.must(noon, domain.ChangeSettings{OrgID: "org-acme", TimeZone: ptr("America/New_York")})
	w.must(noon, domain.ChangeSettings{OrgID: "org-acme", PayBeforeSeconds: ptr(int64(90))})
	if got, want := w.Org("org-acme").Settings, (domain.Settings{TimeZone: "America/New_York", PayBeforeSeconds: 90}); !reflect.DeepEqual(got, want) {
		t.Errorf("settings %+v, want %+v", got, want)
	}
}

func TestSettingsOfEveryKind(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	limits := func(text string) map[domain.Currency]domain.Amount {
		return map[domain.Currency]domain.Amount{"CNY": amount(text), "JPY": amount("5")}
	}
	w.must(noon, domain.ChangeSettings{OrgID: "org-acme", CreditLimit: limits("100"), Proration: map[string]string{"*": "day"}, FourEyes: ptr(true)})
	w.must(noon, domain.ChangeSettings{
		OrgID: "org-acme", ApprovalOver: limits("20.5"), OverdueDays: ptr(int64(0)), SettlementDelaySeconds: ptr(int64(3600)),
		RefundFailedAfterSeconds: ptr(int64(60)), Proration: map[string]string{"gpu": "hour"},
	})
	got := w.Org("org-acme").Settings
	if got.CreditLimit["CNY"].String() != "100.00" || got.CreditLimit["JPY"].String() != "5" || got.ApprovalOver["CNY"].String() != "20.50" ||
		len(got.Proration) != 1 || got.Proration["gpu"] != "hour" || !got.FourEyes || *got.OverdueDays != 0 || *got.RefundFailedAfterSeconds != 60 {
		t.Errorf("settings %+v", got)
	}
	w.must(noon, domain.ChangeSettings{OrgID: "org-acme", CreditLimit: map[domain.Currency]domain.Amount{}, FourEyes: ptr(false)})
	if got := w.Org("org-acme").Settings; len(got.CreditLimit) != 0 || got.FourEyes || len(got.ApprovalOver) != 2 {
		t.Errorf("settings %+v", got)
	}
}

// The same states and command give the same decision, whatever happened in between.
func TestDecideChangesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.must(noon, topUp("9.00", "r"))
	w.must(noon, place("1", "2.5"))
	before := string(w.encoded(w.Order(orderID))) + string(w.encoded(w.Account("org-acme")))
	first, _ := domain.Decide(w, pay(), domain.Clock{Now: noon, At: noon})
	second, _ := domain.Decide(w, pay(), domain.Clock{Now: noon, At: noon})
	if a, b := fmt.Sprintf("%+v", first), fmt.Sprintf("%+v", second); a != b {
		t.Errorf("decided twice:\n%s\n%s", a, b)
	}
	w.must(noon, pay())
	if unpaid := w.history[1]; !strings.Contains(string(unpaid.payload), `"payable_amount":"3.50"`) {
		t.Errorf("the first event is %s", unpaid.payload)
	}
	o, a := w.states[domain.OrderRef(orderID)], w.states[domain.AccountRef("org-acme")]
	if after := string(w.encoded(o)) + string(w.encoded(a)); after == before {
		t.Error("a payment changed nothing")
	}
}
