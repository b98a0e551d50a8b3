package handlers_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"orderledger/domain"
	"orderledger/eventstore"
	"orderledger/handlers"
)

// timed is an API whose timers run, on two replicas.
type timed struct {
	*api
	watch *eventstore.Watch
}

func newTimed(t *testing.T) *timed {
	t.Helper()
	a := newAPI(t)
	b := openLedger(t, a.db)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{}, 2)
	for _, e := range []*handlers.Executor{a.Executor, b.Executor} {
		go func() {
			handlers.NewTimers(e, a.reader).Run(ctx)
			done <- struct{}{}
		}()
	}
	t.Cleanup(func() { cancel(); <-done; <-done })
	return &timed{a, a.Watch}
}

// await returns an organisation's events of a type, once there are so many of them.
func (a *timed) await(t *testing.T, org, name string, n int) []domain.Event {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	var found []domain.Event
	for after := int64(0); ; {
		page, err := a.log.Read(ctx, after, 1000)
		must(err)
		for i := range page {
			if after = page[i].Position; page[i].OrgID == org && page[i].Type == name {
				e, err := domain.DecodeEvent(page[i].Type, page[i].Payload)
				must(err)
				found = append(found, e)
			}
		}
		if len(found) >= n {
			return found
		}
		if _, err := a.watch.Wait(ctx, after); err != nil {
			t.Fatalf("%s: %d of %d events %s", org, len(found), n, name)
		}
	}
}

// daily is the opening of a resource that was leased by the day until a time.
func daily(org, id string, until time.Time) domain.StreamEvent {
	from, until := until.Add(-24*time.Hour), until.UTC()
	e := metered(org, id, from)
	changed := e.Event.(domain.ResourceChanged)
	changed.Terms = []domain.Term{{
		ProductCode: "vm", ProductName: "VM", ChargeMode: domain.ModeDay, Count: decimal("1"), Quantity: decimal("1"), Unit: "day",
		UnitPrice: decimal("2.40"), EffectiveAt: &from, ExpiresAt: &until, LineNo: 1, Config: []domain.Component{}, OrderID: changed.OrderID,
	}}
	changed.Leases = []domain.Lease{{OrderID: changed.OrderID, LineNo: 1, EffectiveAt: from, ExpiresAt: until}}
	e.Event = changed
	return e
}

// withTerm has the resource lease a disk too, until another time.
func withTerm(e domain.StreamEvent, until time.Time) domain.StreamEvent {
	changed := e.Event.(domain.ResourceChanged)
	disk, from, until := changed.Terms[0], until.Add(-24*time.Hour).UTC(), until.UTC()
	disk.ProductCode, disk.LineNo, disk.EffectiveAt, disk.ExpiresAt = "disk", 2, &from, &until
	changed.Terms = append(changed.Terms, disk)
	changed.Leases = append(changed.Leases, domain.Lease{OrderID: changed.OrderID, LineNo: 2, EffectiveAt: from, ExpiresAt: until})
	e.Event = changed
	return e
}

func TestTimersSettleAndCollect(t *testing.T) {
	t.Parallel()
	a := newTimed(t)
	now := time.Now().UTC().Truncate(time.Microsecond)
	since := now.Add(-3 * time.Hour)
	seed(t, a.log, "org-acme", since, metered("org-acme", "res-1", since), metered("org-acme", "资源/2", since))
	used := report("org-acme", "res-1", now.Add(-2*time.Hour), "a", "b")
	used.Records[1].From, used.Records[1].To = now.Add(-time.Hour), now.Add(-time.Hour+time.Second)
	used.Records = append(used.Records, report("org-acme", "资源/2", now.Add(-time.Hour), "c").Records...)
	a.must(t, "use", used)
	settled := a.await(t, "org-acme", domain.TypeResourceSettled, 3)
	if opened := a.await(t, "org-acme", domain.TypeArrearsOpened, 3); len(opened) != 3 || len(settled) != 3 {
		t.Errorf("%d cycles were settled into %d arrears, want 3", len(settled), len(opened))
	}
	a.must(t, "gift", domain.GrantGift{OrgID: "org-acme", Amount: amount("1.20"), Currency: "CNY", Reason: "sorry"})
	if paid := a.await(t, "org-acme", domain.TypeOrderPaid, 2); len(paid) != 2 {
		t.Errorf("%d settlements of 0.50 were paid with 1.20", len(paid))
	}
	a.must(t, "top-up", topUp("org-acme", "1.00", "bank"))
	a.await(t, "org-acme", domain.TypeOrderPaid, 3)
}

func TestTimersChargeOverdueDays(t *testing.T) {
	t.Parallel()
	a := newTimed(t)
	ended := time.Now().Add(-50 * time.Hour)
	seed(t, a.log, "org-acme", ended, daily("org-acme", "res-1", ended))
	a.await(t, "org-acme", domain.TypeOverdueCharged, 3)
	long := time.Now().Add(-20 * 24 * time.Hour)
	seed(t, a.log, "org-long", long, daily("org-long", "res-1", long))
	a.await(t, "org-long", domain.TypeOverdueCharged, 7)
	a.must(t, "end", topUp("org-acme", "0.10", "end"))
	if n := len(a.await(t, "org-acme", domain.TypeOverdueCharged, 3)) + len(a.await(t, "org-long", domain.TypeOverdueCharged, 7)); n != 10 {
		t.Errorf("%d days were charged, want 3 and 7", n)
	}
}

func TestTimersRenew(t *testing.T) {
	t.Parallel()
	a := newTimed(t)
	ends := time.Now().Add(time.Hour)
	for _, org := range []string{"org-rich", "org-poor"} {
		seed(t, a.log, org, ends.Add(-24*time.Hour), daily(org, "res-1", ends))
	}
	a.must(t, "top-up", topUp("org-rich", "5.00", "bank"))
	for _, org := range []string{"org-rich", "org-poor"} {
		a.must(t, "renew-"+org, domain.SetAutoRenew{OrgID: org, ResourceID: "res-1", Enabled: true})
		tried := a.await(t, org, domain.TypeRenewalTried, 1)
		if e := tried[0].(domain.RenewalTried); e.Paid != (org == "org-rich") {
			t.Errorf("%s: %+v", org, e)
		}
	}
}

// A second lease of another end is charged after the first one's days, and renewed though nobody paid for the first.
func TestTimersOfTwoLeases(t *testing.T) {
	t.Parallel()
	a := newTimed(t)
	long, ended := time.Now().Add(-20*24*time.Hour), time.Now().Add(-50*time.Hour)
	seed(t, a.log, "org-late", long, withTerm(daily("org-late", "res-1", long), ended))
	charged := a.await(t, "org-late", domain.TypeOverdueCharged, 10)
	if through := charged[6].(domain.OverdueCharged).Through; !through.Equal(long.Add(7 * 24 * time.Hour)) {
		t.Errorf("the first lease, which ended at %s, was charged until %s", long, through)
	}
	if through := charged[7].(domain.OverdueCharged).Through; !through.Equal(ended.Add(24 * time.Hour)) {
		t.Errorf("the second, which ended at %s, was charged from a day before %s", ended, through)
	}
	ends := time.Now().Add(time.Hour)
	seed(t, a.log, "org-poor", ends.Add(-24*time.Hour), withTerm(daily("org-poor", "res-1", ends), ends.Add(time.Hour)))
	a.must(t, "renew", domain.SetAutoRenew{OrgID: "org-poor", ResourceID: "res-1", Enabled: true})
	tried := a.await(t, "org-poor", domain.TypeRenewalTried, 2)
	first, second := tried[0].(domain.RenewalTried), tried[1].(domain.RenewalTried)
	if second.LeaseEnd.Sub(first.LeaseEnd) != time.Hour || first.OrderID == second.OrderID || first.Paid || second.Paid {
		t.Errorf("tried %+v and %+v", first, second)
	}
	a.must(t, "end", topUp("org-late", "0.10", "end"))
	if late, poor := a.await(t, "org-late", domain.TypeOverdueCharged, 10), a.await(t, "org-poor", domain.TypeRenewalTried, 2); len(late) != 10 || len(poor) != 2 {
		t.Errorf("%d days were charged, want 7 and 3; %d renewals were tried", len(late), len(poor))
	}
}

func TestTimersLapse(t *testing.T) {
	t.Parallel()
	a := newTimed(t)
	soon := time.Now().Add(300 * time.Millisecond)
	a.must(t, "gift", domain.GrantGift{OrgID: "org-acme", Amount: amount("1.00"), Currency: "CNY", ExpiresAt: &soon, Reason: "spring"})
	a.must(t, "voucher", domain.IssueVoucher{OrgID: "org-acme", Amount: amount("2.00"), Currency: "USD", ValidTo: &soon})
	a.await(t, "org-acme", domain.TypeFundsLapsed, 2)
}

func TestTimersRefundWhatFailed(t *testing.T) {
	t.Parallel()
	a := newTimed(t)
	at := int64(1)
	a.must(t, "settings", domain.ChangeSettings{OrgID: "org-acme", RefundFailedAfterSeconds: &at})
	a.must(t, "top-up", topUp("org-acme", "5.00", "bank"))
	o := order("org-acme", "3.00")
	a.must(t, "place", o)
	a.must(t, "pay", pay(o))
	failed := domain.StreamEvent{Stream: domain.OrderRef(o.OrderID), Event: domain.FulfilmentFailed{OrderID: o.OrderID, OrgID: "org-acme", Reason: "no hosts"}}
	seed(t, a.log, "org-acme", time.Now(), failed)
	back := a.await(t, "org-acme", domain.TypeAccountRefunded, 1)
	if e := back[0].(domain.AccountRefunded); e.Balance.Cash != amount("5.00") {
		t.Errorf("refunded %+v", e)
	}
}

func TestTimersSeal(t *testing.T) {
	t.Parallel()
	a := newTimed(t)
	then := time.Now().Add(-40 * 24 * time.Hour)
	month := domain.PeriodOf(then, domain.DefaultSettings().Location())
	o := order("org-acme", "3.00")
	for i, c := range []domain.Command{topUp("org-acme", "5.00", "bank"), o, pay(o)} {
		r := request(fmt.Sprint("past-", i), c)
		r.At = then
		_, err := a.Do(t.Context(), r)
		must(err)
	}
	a.must(t, "close", domain.ClosePeriod{OrgID: "org-acme", Period: month})
	sealed := a.await(t, "org-acme", domain.TypePeriodSealed, 1)
	e := sealed[0].(domain.PeriodSealed)
	if e.Period != month || e.Lines != 1 || len(e.Totals) != 1 || e.Totals[0].Cash != amount("3.00") || len(e.Digest) != 64 {
		t.Errorf("sealed %+v", e)
	}
}

// What an import told of last is left alone for an hour: the history may go on. What awaits an approval expires too.
func TestTimersLeaveImportsAlone(t *testing.T) {
	t.Parallel()
	a := newTimed(t)
	ended := time.Now().Add(-50 * time.Hour)
	importer := "import:key:test"
	seedAs(t, a.log, importer, "org-old", ended, daily("org-old", "res-1", ended))
	seed(t, a.log, "org-acme", ended, daily("org-acme", "res-1", ended))
	soon := time.Now().Add(200 * time.Millisecond).UTC().Truncate(time.Microsecond)
	o := order("org-acme", "3.00")
	seed(t, a.log, "org-acme", time.Time{}, domain.StreamEvent{Stream: domain.OrderRef(o.OrderID), Event: domain.OrderPlaced{
		Header: domain.Header{OrderID: o.OrderID, OrgID: "org-acme", OrderType: domain.Purchase, Currency: "CNY"},
		Lines:  []domain.Line{}, ListAmount: amount("3.00"), DiscountAmount: amount("0.00"), PayableAmount: amount("3.00"),
		PayBefore: &soon, AwaitingApproval: true,
	}})
	a.await(t, "org-acme", domain.TypeOverdueCharged, 3)
	a.await(t, "org-acme", domain.TypeOrderExpired, 1)
	events, err := a.log.Read(t.Context(), 0, 1000)
	must(err)
	for i := range events {
		if events[i].OrgID == "org-old" && events[i].Actor == "timer" {
			t.Errorf("a timer did %s to what is being imported", events[i].Type)
		}
		if events[i].Actor == "timer" && events[i].Key != "" && !strings.HasPrefix(events[i].Key, "ledger:") {
			t.Errorf("a timer's key is %q", events[i].Key)
		}
	}
}
