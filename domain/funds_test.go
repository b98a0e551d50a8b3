package domain_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"orderledger/domain"
)

// Money in and out of an account, each case from an empty one: the last command's outcome and the balance after it, as
// cash, gift, voucher and frozen.
func TestFunds(t *testing.T) {
	t.Parallel()
	out := func(value, reference string) domain.Withdraw {
		return domain.Withdraw{OrgID: org, Amount: amount(value), Currency: "CNY", Reference: reference}
	}
	freeze := func(value string) domain.FreezeFunds {
		return domain.FreezeFunds{OrgID: org, Amount: amount(value), Currency: "CNY", Reason: "a dispute"}
	}
	release := func(value string) domain.ReleaseFunds { return domain.ReleaseFunds(freeze(value)) }
	lapse := domain.LapseFunds{OrgID: org}
	past, soon := noon.Add(-time.Hour), noon.Add(time.Hour)
	credit := domain.ChangeSettings{OrgID: org, CreditLimit: map[domain.Currency]domain.Amount{"CNY": amount("50")}}
	cases := map[string]struct {
		steps []domain.Command
		want  string
	}{
		"a gift":                              {[]domain.Command{gift("5", nil)}, "account.gift_granted.v1 0.00 5.00 0.00 0.00"},
		"a gift that is over":                 {[]domain.Command{gift("5", &past)}, "invalid_value"},
		"a gift that is over now":             {[]domain.Command{gift("5", &noon)}, "invalid_value"},
		"a gift past the bound":               {[]domain.Command{gift("10000000000000", nil), gift("0.01", nil)}, "balance_too_large 0.00 10000000000000.00 0.00 0.00"},
		"a voucher":                           {[]domain.Command{voucher("v", "5")}, "account.voucher_issued.v1 0.00 0.00 5.00 0.00"},
		"a voucher id counts once":            {[]domain.Command{voucher("v", "5"), voucher("v", "6")}, "duplicate_voucher 0.00 0.00 5.00 0.00"},
		"vouchers without ids":                {[]domain.Command{voucher("", "5"), voucher("", "6")}, "account.voucher_issued.v1 0.00 0.00 11.00 0.00"},
		"a voucher that is over":              {[]domain.Command{voucher("v", "5", until(noon))}, "invalid_value"},
		"a voucher that ends as it begins":    {[]domain.Command{voucher("v", "5", from(soon), until(soon))}, "invalid_value"},
		"a voucher of nothing":                {[]domain.Command{voucher("v", "0")}, "invalid_value"},
		"a voucher for no such mode":          {[]domain.Command{voucher("v", "5", modes("week"))}, "invalid_value"},
		"a voucher for no such type":          {[]domain.Command{voucher("v", "5", types("gift"))}, "invalid_value"},
		"a voucher past the bound":            {[]domain.Command{voucher("v", "10000000000000"), voucher("w", "0.01")}, "balance_too_large 0.00 0.00 10000000000000.00 0.00"},
		"all cash goes out":                   {[]domain.Command{topUp("9", "r"), out("9", "o")}, "account.withdrawn.v1 0.00 0.00 0.00 0.00"},
		"more than there is":                  {[]domain.Command{topUp("9", "r"), out("9.01", "o")}, "insufficient_funds 9.00 0.00 0.00 0.00"},
		"a reference goes out once":           {[]domain.Command{topUp("9", "r"), out("1", "o"), out("1", "o")}, "duplicate_reference 8.00 0.00 0.00 0.00"},
		"a reference may go in and out":       {[]domain.Command{topUp("9", "r"), out("1", "r")}, "account.withdrawn.v1 8.00 0.00 0.00 0.00"},
		"no gift goes out":                    {[]domain.Command{gift("9", nil), out("1", "o")}, "insufficient_funds 0.00 9.00 0.00 0.00"},
		"no voucher goes out":                 {[]domain.Command{voucher("v", "9"), out("1", "o")}, "insufficient_funds 0.00 0.00 9.00 0.00"},
		"no credit goes out":                  {[]domain.Command{credit, topUp("1", "r"), out("1.01", "o")}, "insufficient_funds 1.00 0.00 0.00 0.00"},
		"nothing frozen goes out":             {[]domain.Command{topUp("9", "r"), freeze("5"), out("4.01", "o")}, "insufficient_funds 4.00 0.00 0.00 5.00"},
		"cash is frozen":                      {[]domain.Command{topUp("9", "r"), freeze("9")}, "account.funds_frozen.v1 0.00 0.00 0.00 9.00"},
		"credit is not":                       {[]domain.Command{credit, freeze("1")}, "insufficient_funds"},
		"gift is not":                         {[]domain.Command{gift("9", nil), freeze("1")}, "insufficient_funds 0.00 9.00 0.00 0.00"},
		"nothing frozen pays":                 {[]domain.Command{topUp("9", "r"), freeze("8.01"), place("1"), pay()}, "insufficient_funds 0.99 0.00 0.00 8.01"},
		"a part is released":                  {[]domain.Command{topUp("9", "r"), freeze("8"), release("3")}, "account.funds_frozen.v1 4.00 0.00 0.00 5.00"},
		"more than is frozen":                 {[]domain.Command{topUp("9", "r"), freeze("8"), release("8.01")}, "insufficient_funds 1.00 0.00 0.00 8.00"},
		"nothing to lapse":                    {[]domain.Command{gift("5", nil), gift("5", &soon), voucher("v", "5", until(soon)), lapse}, "nothing_due 0.00 10.00 5.00 0.00"},
		"nothing to lapse where nothing is":   {[]domain.Command{lapse}, "nothing_due"},
		"a withdrawal needs a reference":      {[]domain.Command{topUp("9", "r"), out("9", "")}, "invalid_value 9.00 0.00 0.00 0.00"},
		"freezing needs a reason":             {[]domain.Command{topUp("9", "r"), domain.FreezeFunds{OrgID: org, Amount: amount("1"), Currency: "CNY"}}, "invalid_value 9.00 0.00 0.00 0.00"},
		"what is withdrawn is more than zero": {[]domain.Command{topUp("9", "r"), out("-1", "o")}, "invalid_value 9.00 0.00 0.00 0.00"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			got := ""
			for _, s := range c.steps {
				d, why := w.do(noon, s)
				if got = namesOf(d); why != nil {
					got = string(why.Code)
				}
			}
			if a := w.Account(org); a != nil {
				b := a.Balance("CNY")
				got += fmt.Sprintf(" %s %s %s %s", b.Cash, b.Gift, b.Voucher, b.Frozen)
			}
			if got != c.want {
				t.Errorf("%s, want %s", got, c.want)
			}
			wantLots(t, w.Account(org))
			w.wantSameAfterReplay()
		})
	}
}

// What is over lapses, in each currency by an event of its own; what is not stays, and nothing lapses twice.
func TestLapse(t *testing.T) {
	t.Parallel()
	soon, late := noon.Add(time.Hour), noon.Add(2*time.Hour)
	w := newWorld(t)
	for _, c := range []domain.Command{
		topUp("7", "r"), gift("1", &soon), gift("2", &late), gift("4", nil), voucher("a", "10", until(soon)), voucher("b", "20", until(late)),
		voucher("y", "300", in("JPY"), until(soon)), voucher("used", "5", until(soon)),
	} {
		w.must(noon, c)
	}
	p := pay()
	p.Funds = &domain.Allocation{Vouchers: []domain.VoucherPart{{VoucherID: "used", Amount: amount("5")}}}
	w.must(noon, place("5"))
	w.must(noon, p)
	d := w.must(soon, domain.LapseFunds{OrgID: org})
	if got := namesOf(d); got != "account.funds_lapsed.v1 account.funds_lapsed.v1" {
		t.Errorf("lapsed with %s", got)
	}
	a := w.Account(org)
	if got := a.Balance("CNY").Funds; got != (domain.Funds{Cash: amount("7.00"), Gift: amount("6.00"), Voucher: amount("20.00")}) {
		t.Errorf("what is left is %+v", got)
	}
	if got := a.Balance("JPY").Voucher; got != amount("0") || len(a.Gifts) != 2 || len(a.Vouchers) != 1 {
		t.Errorf("%s JPY, %d gifts and %d vouchers are left", got, len(a.Gifts), len(a.Vouchers))
	}
	if _, why := w.do(soon, domain.LapseFunds{OrgID: org}); why == nil || why.Code != domain.NothingDue {
		t.Errorf("lapsed again: %v", why)
	}
	wantLots(t, a)
	wantZeroSums(t, w)
	w.wantSameAfterReplay()
}

// wantZeroSums wants the postings of each event to sum to zero in each currency.
func wantZeroSums(t fataler, w *world) {
	t.Helper()
	for _, e := range w.history {
		var p struct {
			Postings []struct{ Place, Amount, Currency string } `json:"postings"`
		}
		if err := json.Unmarshal(e.payload, &p); err != nil {
			t.Fatal(err)
		}
		sums := map[string]int64{}
		for _, x := range p.Postings {
			sums[x.Currency] += units(x.Amount)
		}
		for c, sum := range sums {
			if sum != 0 {
				t.Fatalf("the postings of %s sum to %d minor units of %s", e.payload, sum, c)
			}
		}
	}
}

func TestBoundsOfGiftsAndVouchers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for range 200 {
		w.must(noon, gift("1", nil))
	}
	for i := range 500 {
		w.must(noon, voucher(fmt.Sprint("v", i), "1"))
	}
	for _, c := range []domain.Command{gift("1", nil), voucher("", "1")} {
		if _, why := w.do(noon, c); why == nil || why.Code != domain.LimitReached {
			t.Errorf("%s past the bound: %v", c.Name(), why)
		}
	}
	w.must(noon, place("1"))
	w.must(noon, pay()) // uses a voucher up
	w.must(noon, voucher("", "1"))
	if _, why := w.do(noon, voucher("v0", "1")); why == nil {
		t.Error("there is room for one voucher, and a second was issued")
	}
}

// An order is paid by 20 vouchers at most, so that its payment stays within an event.
func TestVouchersOfAnOrder(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.must(noon, topUp("100", "r"))
	for i := range 30 {
		w.must(noon, voucher(fmt.Sprintf("v%02d", i), "1"))
	}
	w.must(noon, place("25"))
	p := pay()
	p.Funds = &domain.Allocation{Cash: amount("4"), Vouchers: make([]domain.VoucherPart, 21)}
	for i := range p.Funds.Vouchers {
		p.Funds.Vouchers[i] = domain.VoucherPart{VoucherID: fmt.Sprintf("v%02d", i), Amount: amount("1")}
	}
	if _, why := w.do(noon, p); why == nil || why.Code != domain.InvalidValue {
		t.Errorf("paid with 21 vouchers: %v", why)
	}
	w.must(noon, pay())
	if o := w.Order(orderID); o.Paid.Voucher != amount("20.00") || o.Paid.Cash != amount("5.00") {
		t.Errorf("paid %+v", o.Paid)
	}
}

// The largest payment, and the refund of it, are events that the log takes.
func TestTheLargestPaymentFitsAnEvent(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	end := noon.Add(time.Hour)
	for i := range 200 {
		w.must(noon, gift("1000", ptr(end.Add(time.Duration(i)*time.Microsecond))))
	}
	names := make([]string, 32)
	for i := range names {
		names[i] = fmt.Sprintf("%0256d", i)
	}
	names[0] = "gpu-instance"
	for i := range 20 {
		w.must(noon, voucher(fmt.Sprintf("%064d", i), "9000", products(names...), until(end)))
	}
	prices := make([]string, 200)
	for i := range prices {
		prices[i] = "1900.00"
	}
	w.must(noon, place(prices...))
	w.must(noon, pay())
	if o := w.Order(orderID); o.Paid.Cash.Sign() != 0 || len(o.LineFunds[0].Vouchers) != 20 {
		t.Fatalf("paid %+v, line 1 with %d vouchers", o.Paid, len(o.LineFunds[0].Vouchers))
	}
	w.must(noon, refund(sum("379999.99"), vouchersToo))
	for _, e := range w.history {
		if len(e.payload) > 768<<10 {
			t.Errorf("%s has %d bytes", e.name, len(e.payload))
		}
	}
}
