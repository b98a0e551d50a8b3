package domain_test

import (
	"bytes"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"orderledger/domain"
)

var update = flag.Bool("update", false, "write the golden files that are missing; those that are there are frozen")

// Each event version's stored form is frozen for ever: the chain has hashes of its bytes.
func TestGoldenEvents(t *testing.T) {
	t.Parallel()
	examples := map[string]domain.Event{}
	for _, e := range append(exampleEvents(), laterEvents()...) {
		examples[domain.TypeOf(e)] = e
	}
	for _, name := range domain.EventTypes() {
		e, ok := examples[name]
		if !ok {
			t.Errorf("%s has no example", name)
			continue
		}
		_, payload, err := domain.EncodeEvent(e)
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join("testdata", "events", name+".json")
		frozen, err := os.ReadFile(path)
		if os.IsNotExist(err) && *update {
			frozen, err = payload, os.WriteFile(path, payload, 0o644)
		}
		if err != nil {
			t.Errorf("%s: %v (-update writes what is missing)", name, err)
			continue
		}
		if !bytes.Equal(frozen, payload) {
			t.Errorf("%s is stored as\n%s\nfrozen is\n%s", name, payload, frozen)
		}
		read, err := domain.DecodeEvent(name, frozen)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if _, again, _ := domain.EncodeEvent(read); !bytes.Equal(again, frozen) {
			t.Errorf("%s read and written is\n%s\nfrozen is\n%s", name, again, frozen)
		}
	}
	files, _ := filepath.Glob(filepath.Join("testdata", "events", "*.json"))
	for _, f := range files {
		if name := strings.TrimSuffix(filepath.Base(f), ".json"); examples[name] == nil {
			t.Errorf("%s is stored in ledgers, and can no longer be read", name)
		}
	}
}

// exampleEvents has one event of each version, with every field set.
func exampleEvents() []domain.Event {
	from, to := noon.Add(1234567*time.Microsecond), noon.Add(30*24*time.Hour)
	parent := "0198c2f0-0000-7000-8000-000000000002"
	tier := decimal("100.5")
	spec := domain.LineSpec{
		ProductCode: "gpu-instance", ProductName: "GPU <instance> & \"more\" 显卡", BillingItem: "compute", ResourceType: "cloud-host", ResourceID: "bsr-1",
		ResourceName: "train-1", ResourceExt: map[string]string{"内网IP": "192.168.18.164", "a": "b"}, Region: "cn-north-1", Zone: "cn-north-1a",
		OldConfig: []domain.Component{{Component: "CPU", Value: "32", Unit: "core"}}, NewConfig: []domain.Component{{Component: "image", Value: "debian"}},
		Count: decimal("2"), ChargeMode: domain.ModeMonth, Quantity: decimal("1.50"), Unit: "month", UnitPrice: decimal("28.860000000001"),
		DiscountAmount: amount("0.58"), EffectiveAt: &from, ExpiresAt: &to,
	}
	metered := domain.LineSpec{
		ProductCode: "net", ProductName: "Traffic", ResourceType: "ip", ResourceExt: map[string]string{}, OldConfig: []domain.Component{}, NewConfig: []domain.Component{},
		Count: decimal("1"), ChargeMode: domain.ModeMetered, Quantity: decimal("0"), Unit: "hour", UnitPrice: decimal("0"), DiscountAmount: amount("0.00"), Cycle: "hour",
		Meters: []domain.Meter{{Meter: "bytes", Unit: "GB", Tiers: []domain.Tier{{UpTo: &tier, UnitPrice: decimal("0.8")}, {UnitPrice: decimal("0.5")}}}, {Meter: "ip", Unit: "hour", UnitPrice: &tier}},
	}
	balance := domain.Balance{Currency: "CNY", Funds: domain.Funds{Cash: amount("13.99"), Gift: amount("1.00"), Voucher: amount("0.00")}, Frozen: amount("0.00")}
	funds := domain.Funds{Cash: amount("80.00"), Gift: amount("6.00"), Voucher: amount("0.00")}
	return []domain.Event{
		domain.OrderPlaced{
			Header: domain.Header{
				OrderID: orderID, OrgID: "org-acme", OrderType: domain.Purchase, ProjectID: "default", ConsumerID: "user-7", Currency: "CNY",
				TradeNo: "T-2025-1", BusinessGroup: "ml", Tags: map[string]string{"team": "vision", "cost": "é\u2028"}, ParentOrderID: &parent,
				Personal: map[string]string{"contact": domain.Digest("salt", "Ana")},
			},
			Lines:      []domain.Line{{LineNo: 1, LineSpec: spec, ListAmount: amount("86.58"), PayableAmount: amount("86.00")}, {LineNo: 2, LineSpec: metered, ListAmount: amount("0.00"), PayableAmount: amount("0.00")}},
			ListAmount: amount("86.58"), DiscountAmount: amount("0.58"), PayableAmount: amount("86.00"), PayBefore: &to,
		},
		domain.OrderPaid{
			OrderID: orderID, OrgID: "org-acme", Currency: "CNY", Paid: funds, BillingPeriod: "2025-11",
			Lines: []domain.LinePayment{{LineNo: 1, Funds: funds}, {LineNo: 2, Funds: domain.NoFunds("CNY")}},
		},
		domain.OrderCancelled{OrderID: orderID, OrgID: "org-acme", Reason: "no longer needed"},
		domain.OrderExpired{OrderID: orderID, OrgID: "org-acme", PayBefore: from},
		domain.AccountToppedUp{
			OrgID: "org-acme", Currency: "CNY", Amount: amount("13.99"), Reference: "bank-serial", Balance: balance,
			Postings: []domain.Posting{{Place: domain.PlaceBank, Amount: amount("-13.99"), Currency: "CNY"}, {Place: domain.PlaceCash, Amount: amount("13.99"), Currency: "CNY"}},
		},
		domain.AccountCharged{
			OrgID: "org-acme", OrderID: orderID, Currency: "CNY", Funds: funds, Balance: balance,
			Postings: []domain.Posting{{Place: domain.PlaceCash, Amount: amount("-80.00"), Currency: "CNY"}, {Place: domain.PlaceGift, Amount: amount("-6.00"), Currency: "CNY"}, {Place: domain.PlaceSales, Amount: amount("86.00"), Currency: "CNY"}},
		},
		domain.OrgSettingsChanged{OrgID: "org-acme", Settings: domain.Settings{TimeZone: "America/New_York", PayBeforeSeconds: 3600}},
	}
}

// laterEvents has one event of each version that came after the first ones, with every field set.
func laterEvents() []domain.Event {
	at, until := noon.Add(1234567*time.Microsecond), noon.Add(30*24*time.Hour)
	funds := domain.Funds{Cash: amount("80.00"), Gift: amount("6.00"), Voucher: amount("4.00")}
	balance := domain.Balance{Currency: "CNY", Funds: funds, Frozen: amount("1.00")}
	minSpend := amount("10.00")
	gifts := []domain.GiftPart{{GrantID: "grant-1", Amount: amount("6.00"), ExpiresAt: &until}}
	parts := []domain.VoucherPart{{VoucherID: "v-1", Amount: amount("4.00")}}
	voucher := domain.Voucher{
		VoucherID: "v-1", Currency: "CNY", Amount: amount("9.00"), Left: amount("4.00"), ValidFrom: &at, ValidTo: &until, MinSpend: &minSpend,
		Products: []string{"gpu-instance"}, ChargeModes: []domain.ChargeMode{domain.ModeMonth}, OrderTypes: []domain.OrderType{domain.Purchase},
	}
	postings := []domain.Posting{{Place: domain.PlaceCash, Amount: amount("80.00"), Currency: "CNY"}, {Place: domain.PlaceSales, Amount: amount("-80.00"), Currency: "CNY"}}
	price := decimal("0.05")
	meters := []domain.Meter{{Meter: "tokens", Unit: "1k", UnitPrice: &price}}
	refunds := []domain.LineRefund{{LineNo: 1, Returned: funds, Consumed: amount("1.00"), Forfeited: amount("2.00"), Gifts: gifts, Vouchers: parts, Cuts: []domain.LeaseCut{{Amount: amount("1.00"), From: at, To: until}}}}
	return []domain.Event{
		domain.OrderApproved{OrderID: orderID, OrgID: "org-acme", By: "key:k2", Reason: "in the budget"},
		domain.OrderRejected{OrderID: orderID, OrgID: "org-acme", By: "key:k2", Reason: "not in the budget"},
		domain.OrderVoided{OrderID: orderID, OrgID: "org-acme", Reason: "duplicate"},
		domain.FulfilmentStarted{OrderID: orderID, OrgID: "org-acme"},
		domain.OrderCompleted{OrderID: orderID, OrgID: "org-acme", ResourceID: "bsr-1", EffectiveAt: &at, ExpiresAt: &until, Lines: []domain.LineWindow{{LineNo: 1, EffectiveAt: at, ExpiresAt: &until}}},
		domain.FulfilmentFailed{OrderID: orderID, OrgID: "org-acme", Reason: "no capacity"},
		domain.OrderRefunded{
			OrderID: orderID, OrgID: "org-acme", RefundOrderID: otherID, Currency: "CNY", Returned: funds, Consumed: amount("1.00"),
			Forfeited: amount("2.00"), Lines: refunds, Reason: "not needed",
		},
		domain.FulfilmentOverdue{OrderID: orderID, OrgID: "org-acme", Since: at, Deadline: until},
		domain.AccountWithdrawn{OrgID: "org-acme", Currency: "CNY", Amount: amount("5.00"), Reference: "out-1", Postings: postings, Balance: balance},
		domain.AccountRefunded{
			OrgID: "org-acme", OrderID: orderID, RefundOrderID: otherID, Currency: "CNY", Funds: funds, Postings: postings, Balance: balance,
			Gifts: gifts, Vouchers: []domain.Voucher{voucher},
		},
		domain.GiftGranted{OrgID: "org-acme", GrantID: "grant-1", Currency: "CNY", Amount: amount("6.00"), ExpiresAt: &until, Reason: "welcome", Postings: postings, Balance: balance},
		domain.VoucherIssued{OrgID: "org-acme", Voucher: voucher, Postings: postings, Balance: balance},
		domain.FundsLapsed{OrgID: "org-acme", Currency: "CNY", Gifts: gifts, Vouchers: parts, Postings: postings, Balance: balance},
		domain.FundsFrozen{OrgID: "org-acme", Currency: "CNY", Amount: amount("-1.00"), Reason: "released", Postings: postings, Balance: balance},
		domain.ArrearsOpened{OrgID: "org-acme", OrderID: orderID, Currency: "CNY", Amount: amount("3.00")},
		domain.ArrearsDropped{OrgID: "org-acme", OrderID: orderID},
		domain.UsageReported{OrgID: "org-acme", Accepted: 3, Duplicate: 2, Late: 1, Opened: []domain.UnsettledPeriod{{Period: "2025-11", Resources: 2}}},
		domain.UsageSettled{OrgID: "org-acme", ResourceID: "bsr-1", Periods: []domain.Period{"2025-11"}},
		domain.PeriodClosed{OrgID: "org-acme", Period: "2025-11", By: "key:k2"},
		domain.PeriodSealed{
			OrgID: "org-acme", Period: "2025-11", Position: 7, Lines: 2, Totals: []domain.PeriodTotal{{Currency: "CNY", Amount: amount("90.00"), Funds: funds, Lines: 2}},
			Digest: domain.Digest("", "lines"),
		},
		domain.ResourceChanged{
			OrgID: "org-acme", ResourceID: "bsr-1", OrderID: orderID, OrderType: domain.Purchase,
			Profile: domain.Profile{
				ResourceName: "train-1", ResourceType: "cloud-host", ResourceExt: map[string]string{"ip": "10.0.0.1"}, Region: "cn-north-1", Zone: "cn-north-1a",
				ProjectID: "default", ConsumerID: "user-7", BusinessGroup: "ml", Tags: map[string]string{"team": "vision"}, Currency: "CNY",
			},
			Terms: []domain.Term{{
				ProductCode: "gpu-instance", ProductName: "GPU instance", BillingItem: "compute", ChargeMode: domain.ModeMetered,
				Config: []domain.Component{{Component: "GPU", Value: "4", Unit: "card"}}, Count: decimal("1"), Quantity: decimal("1"), Unit: "month",
				UnitPrice: decimal("28.86"), EffectiveAt: &at, ExpiresAt: &until, Cycle: "hour", Rates: []domain.Rate{{From: at, Meters: meters}},
				OrderID: orderID, LineNo: 1, OpenedBy: orderID,
			}},
			Leases: []domain.Lease{{OrderID: orderID, LineNo: 1, EffectiveAt: at, ExpiresAt: until}},
		},
		domain.AutoRenewSet{OrgID: "org-acme", ResourceID: "bsr-1", AutoRenew: domain.AutoRenew{Enabled: true, Quantity: decimal("1"), BeforeSeconds: 3600, AttemptedFor: &at}},
		domain.RenewalTried{OrgID: "org-acme", ResourceID: "bsr-1", OrderID: otherID, LeaseEnd: until, Paid: false, Missing: amount("3.00"), Currency: "CNY"},
		domain.UsageRecorded{
			OrgID: "org-acme", ResourceID: "bsr-1",
			Records: []domain.UsageRecord{{RecordID: "r-1", Meter: "tokens", Quantity: decimal("2.5"), Unit: "1k", From: at, To: until, Late: true}},
			Uses: []domain.Use{{
				CycleStart: at, CycleEnd: until, Period: "2025-11", ProductCode: "gpu-instance", BillingItem: "compute", Meter: "tokens", RateFrom: at,
				Quantity: decimal("2.5"), From: at, To: until, Records: 1,
			}},
			OpenedPeriods: []domain.Period{"2025-11"},
		},
		domain.ResourceSettled{OrgID: "org-acme", ResourceID: "bsr-1", Through: until, All: true, OrderIDs: []string{otherID}, SettledPeriods: []domain.Period{"2025-11"}},
		domain.OverdueCharged{OrgID: "org-acme", ResourceID: "bsr-1", OrderID: otherID, Through: until},
		domain.ResourceClosed{OrgID: "org-acme", ResourceID: "bsr-1", Reason: "done", SettlementOrders: []string{otherID}, RefundOrders: []string{otherID}},
		domain.ReleaseDue{OrgID: "org-acme", ResourceID: "bsr-1", Reason: domain.ReleaseLeaseEnded, OrderID: orderID, Since: at, DueAt: until},
		domain.ReleaseWithdrawn{OrgID: "org-acme", ResourceID: "bsr-1", Reason: domain.ReleaseArrears, OrderID: otherID, Since: at},
	}
}

const otherID = "0198c2f0-0000-7000-8000-000000000003"

func TestUnknownEvents(t *testing.T) {
	t.Parallel()
	_, err := domain.DecodeEvent("order.placed.v99", []byte(`{}`))
	var u *domain.UnknownEventError
	if !errors.As(err, &u) || u.Type != "order.placed.v99" {
		t.Errorf("an event of a newer build: %v", err)
	}
	if _, err := domain.DecodeEvent(domain.TypeOrderPaid, []byte(`{"paid":{"cash":1}}`)); err == nil {
		t.Error("an amount that is a number was read")
	}
}

// What can be read can be written, and means the same.
func FuzzDecodeEvent(f *testing.F) {
	for _, e := range append(exampleEvents(), laterEvents()...) {
		name, payload, err := domain.EncodeEvent(e)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(name, payload)
	}
	f.Fuzz(func(t *testing.T, name string, payload []byte) {
		e, err := domain.DecodeEvent(name, payload)
		if err != nil {
			return
		}
		_, first, err := domain.EncodeEvent(e)
		if err != nil {
			if strings.Contains(err.Error(), "year outside of range") { // a zone's offset can lead there
				return
			}
			t.Fatalf("%s was read and can't be written: %v", name, err)
		}
		again, err := domain.DecodeEvent(name, first)
		if err != nil {
			t.Fatalf("%s can't be read again: %v\n%s", name, err, first)
		}
		if _, second, _ := domain.EncodeEvent(again); !bytes.Equal(first, second) {
			t.Fatalf("%s has two forms:\n%s\n%s", name, first, second)
		}
		domain.Evolve(domain.Evolve(nil, e, domain.Meta{Version: 1}), e, domain.Meta{Version: 2})
	})
}
