package projections_test

import (
	"fmt"
	"testing"
	"time"

	"orderledger/domain"
	"orderledger/eventstore"
	"orderledger/projections"
)

// script appends events by hand, as decisions would: for histories in which every event is chosen.
type script struct {
	t        *testing.T
	log      *eventstore.Log
	at       time.Time // of the next decision
	versions map[string]int64
	balance  map[string]domain.Balance // of each organisation, in CNY
	keys     int
}

func newScript(t *testing.T, log *eventstore.Log, at time.Time) *script {
	return &script{t, log, at, map[string]int64{}, map[string]domain.Balance{}, 0}
}

// do appends one decision; claims belong to its first event.
func (s *script) do(org string, claims []eventstore.Claim, events ...domain.StreamEvent) (first int64) {
	s.t.Helper()
	base, err := s.log.Head(s.t.Context())
	if err != nil {
		s.t.Fatal(err)
	}
	b := &eventstore.Batch{Base: base, Claims: claims}
	s.keys++
	for i, se := range events {
		name, payload, err := domain.EncodeEvent(se.Event)
		if err != nil {
			s.t.Fatal(err)
		}
		s.versions[se.Stream.String()]++
		e := eventstore.Event{
			Stream: se.Stream.String(), Version: s.versions[se.Stream.String()], Type: name, OrgID: org, Actor: "key:test", OccurredAt: s.at, Payload: payload,
		}
		if i == 0 {
			e.Key = fmt.Sprint("script-", s.keys)
		} else {
			e.Causation = eventstore.CausedBy(base.Position + 1)
		}
		b.Events = append(b.Events, e)
	}
	b.Next = eventstore.Seal(base, b.Events, s.at)
	if _, err := s.log.Append(s.t.Context(), b); err != nil {
		s.t.Fatal(err)
	}
	return base.Position + 1
}

// moved is the organisation's balance and postings after funds were taken (or, below 0, came back), with the other side.
func (s *script) moved(org string, out domain.Funds, frozen string, to domain.Place) (domain.Balance, []domain.Posting) {
	b, ok := s.balance[org]
	if !ok {
		b = domain.Balance{Currency: "CNY", Funds: domain.NoFunds("CNY"), Frozen: amount("0.00")}
	}
	b.Funds, b.Frozen = b.Funds.Sub(out), b.Frozen.Add(amount(frozen))
	s.balance[org] = b
	var postings []domain.Posting
	for _, p := range []domain.Posting{
		{Place: domain.PlaceCash, Amount: out.Cash.Neg(), Currency: "CNY"},
		{Place: domain.PlaceGift, Amount: out.Gift.Neg(), Currency: "CNY"},
		{Place: domain.PlaceVoucher, Amount: out.Voucher.Neg(), Currency: "CNY"},
		{Place: domain.PlaceFrozen, Amount: amount(frozen), Currency: "CNY"},
	} {
		if p.Amount.Sign() != 0 {
			postings = append(postings, p)
		}
	}
	if to != "" {
		postings = append(postings, domain.Posting{Place: to, Amount: out.Total(), Currency: "CNY"})
	}
	return b, postings
}

func funds(cash, gift, voucher string) domain.Funds {
	return domain.Funds{Cash: amount(cash), Gift: amount(gift), Voucher: amount(voucher)}
}

// spec is a line by hand; what it costs is its payable amount.
func spec(no int, product, resource string, mode domain.ChargeMode, payable string) domain.Line {
	return domain.Line{
		LineNo: no, ListAmount: amount(payable), PayableAmount: amount(payable), LineSpec: domain.LineSpec{
			ProductCode: product, ProductName: product, ResourceType: "cloud-host", ResourceID: resource, ResourceExt: map[string]string{},
			OldConfig: []domain.Component{}, NewConfig: []domain.Component{}, Region: "cn-north-1", Count: decimal("1"), ChargeMode: mode,
			Quantity: decimal("1"), Unit: string(mode), UnitPrice: decimal(payable), DiscountAmount: amount("0.00"),
		},
	}
}

func placed(id, org string, kind domain.OrderType, parent string, lines ...domain.Line) domain.OrderPlaced {
	e := domain.OrderPlaced{
		Header: domain.Header{OrderID: id, OrgID: org, OrderType: kind, ProjectID: "default", ConsumerID: "user-7", Currency: "CNY", Tags: map[string]string{}},
		Lines:  lines, ListAmount: amount("0.00"), DiscountAmount: amount("0.00"), PayableAmount: amount("0.00"),
	}
	for _, l := range lines {
		e.ListAmount, e.PayableAmount = e.ListAmount.Add(l.ListAmount), e.PayableAmount.Add(l.PayableAmount)
	}
	if parent != "" {
		e.ParentOrderID = &parent
	}
	return e
}

func paid(o domain.OrderPlaced, period domain.Period, completed bool, lines ...domain.LinePayment) domain.OrderPaid {
	e := domain.OrderPaid{OrderID: o.OrderID, OrgID: o.OrgID, Currency: "CNY", Paid: domain.NoFunds("CNY"), BillingPeriod: period, Completed: completed, Lines: lines}
	for i := range lines {
		e.Lines[i].LineNo = i + 1
		e.Paid = e.Paid.Add(lines[i].Funds)
	}
	return e
}

func (s *script) charged(p domain.OrderPaid) domain.StreamEvent {
	balance, postings := s.moved(p.OrgID, p.Paid, "0.00", domain.PlaceSales)
	e := domain.AccountCharged{OrgID: p.OrgID, OrderID: p.OrderID, Currency: "CNY", Funds: p.Paid, Postings: postings, Balance: balance}
	for _, l := range p.Lines {
		e.Gifts = append(e.Gifts, l.Gifts...)
		e.Vouchers = append(e.Vouchers, l.Vouchers...)
	}
	return domain.StreamEvent{Stream: domain.AccountRef(p.OrgID), Event: e}
}

func (s *script) topUp(org, value string) {
	balance, postings := s.moved(org, funds("-"+value, "0.00", "0.00"), "0.00", domain.PlaceBank)
	ref := fmt.Sprint("bank-", s.keys)
	s.do(org, []eventstore.Claim{{OrgID: org, Kind: "top_up", Value: ref}}, domain.StreamEvent{Stream: domain.AccountRef(org), Event: domain.AccountToppedUp{
		OrgID: org, Currency: "CNY", Amount: amount(value), Reference: ref, Postings: postings, Balance: balance,
	}})
}

func on(o domain.OrderPlaced, e domain.Event) domain.StreamEvent {
	return domain.StreamEvent{Stream: domain.OrderRef(o.OrderID), Event: e}
}

// story is what tell told, to be asked for.
type story struct {
	*script
	org                                            string
	bought, refund, opening, settled, owed, paidUp domain.OrderPlaced
	approved, failed                               domain.OrderPlaced
	month                                          domain.Period
}

// tell has an organisation do everything once: gift and voucher, a purchase paid by all funds, fulfilled and refunded in
// part; a resource whose use is settled, once paid, once as arrears, paid later, and once owed; lapse, freeze and
// withdrawal; approvals, a void and a failure. The month is 2025-11.
func tell(t *testing.T, log *eventstore.Log, org string) *story {
	s := &story{script: newScript(t, log, time.Date(2025, 11, 5, 4, 0, 0, 0, time.UTC)), org: org, month: "2025-11"}
	limit := map[domain.Currency]domain.Amount{"CNY": amount("50.00")}
	settings := domain.DefaultSettings()
	settings.CreditLimit = limit
	s.do(org, nil, domain.StreamEvent{Stream: domain.OrgRef(org), Event: domain.OrgSettingsChanged{OrgID: org, Settings: settings}})
	s.topUp(org, "100.00")
	s.lots()
	s.purchase()
	s.usage()
	s.rest()
	return s
}

func (s *story) lots() {
	until := s.at.Add(10 * 24 * time.Hour)
	balance, postings := s.moved(s.org, funds("0.00", "-10.00", "0.00"), "0.00", domain.PlacePromotion)
	s.do(s.org, nil, domain.StreamEvent{Stream: domain.AccountRef(s.org), Event: domain.GiftGranted{
		OrgID: s.org, GrantID: s.org + "-g1", Currency: "CNY", Amount: amount("10.00"), ExpiresAt: &until, Reason: "welcome", Postings: postings, Balance: balance,
	}})
	for _, id := range []string{"v1", "v2", "v3"} {
		v := domain.Voucher{VoucherID: s.org + "-" + id, Currency: "CNY", Amount: amount("20.00"), Left: amount("20.00"), ValidTo: &until, Products: []string{}}
		if id == "v3" {
			later, end := until, until.Add(time.Hour)
			v.ValidFrom, v.ValidTo = &later, &end
		}
		balance, postings = s.moved(s.org, funds("0.00", "0.00", "-20.00"), "0.00", domain.PlacePromotion)
		s.do(s.org, []eventstore.Claim{{OrgID: s.org, Kind: "voucher", Value: v.VoucherID}}, domain.StreamEvent{
			Stream: domain.AccountRef(s.org), Event: domain.VoucherIssued{OrgID: s.org, Voucher: v, Postings: postings, Balance: balance},
		})
	}
}

// purchase is paid by two lines of all funds, fulfilled with a resource id, and refunded in part.
func (s *story) purchase() {
	gift := func(a string) []domain.GiftPart {
		return []domain.GiftPart{{GrantID: s.org + "-g1", Amount: amount(a)}}
	}
	voucher := func(a string) []domain.VoucherPart {
		return []domain.VoucherPart{{VoucherID: s.org + "-v1", Amount: amount(a)}}
	}
	s.bought = placed(s.org+"-buy", s.org, domain.Purchase, "", spec(1, "gpu", "", domain.ModeMonth, "40.00"), spec(2, "disk", "", domain.ModeMonth, "20.00"))
	s.do(s.org, nil, on(s.bought, s.bought))
	p := paid(s.bought, s.month, false,
		domain.LinePayment{Funds: funds("24.00", "4.00", "12.00"), Gifts: gift("4.00"), Vouchers: voucher("12.00")},
		domain.LinePayment{Funds: funds("9.00", "3.00", "8.00"), Gifts: gift("3.00"), Vouchers: voucher("8.00")})
	s.do(s.org, nil, on(s.bought, p), s.charged(p))
	s.do(s.org, nil, on(s.bought, domain.FulfilmentStarted{OrderID: s.bought.OrderID, OrgID: s.org}))
	from, to := s.at, s.at.AddDate(0, 1, 0)
	s.do(s.org, nil, on(s.bought, domain.OrderCompleted{OrderID: s.bought.OrderID, OrgID: s.org, ResourceID: "res-bought", EffectiveAt: &from, ExpiresAt: &to}),
		s.resource("res-bought", s.bought, domain.Term{
			ProductCode: "gpu", ChargeMode: domain.ModeMonth, Count: decimal("1"), Quantity: decimal("1"), Unit: "month", UnitPrice: decimal("40"),
			EffectiveAt: &from, ExpiresAt: &to, OrderID: s.bought.OrderID, LineNo: 1,
		}),
		domain.StreamEvent{Stream: domain.ResourceRef(s.org, "res-bought"), Event: domain.AutoRenewSet{
			OrgID: s.org, ResourceID: "res-bought", AutoRenew: domain.AutoRenew{Enabled: true, Quantity: decimal("1"), BeforeSeconds: 86400},
		}})
	back := spec(1, "disk", "res-bought", domain.ModeMonth, "-12.00")
	back.Corrects = s.bought.OrderID + "-2"
	s.refund = placed(s.org+"-refund", s.org, domain.Refund, s.bought.OrderID, back)
	rp := paid(s.refund, s.month, true, domain.LinePayment{Funds: funds("-9.00", "-2.00", "-1.00"), Gifts: gift("-2.00"), Vouchers: voucher("-1.00")})
	balance, postings := s.moved(s.org, rp.Paid, "0.00", domain.PlaceSales)
	until := s.at.Add(10 * 24 * time.Hour)
	v := domain.Voucher{VoucherID: s.org + "-v1", Currency: "CNY", Amount: amount("20.00"), Left: amount("1.00"), ValidTo: &until, Products: []string{}}
	s.do(s.org, nil, on(s.refund, s.refund), on(s.refund, rp),
		domain.StreamEvent{Stream: domain.AccountRef(s.org), Event: domain.AccountRefunded{
			OrgID: s.org, OrderID: s.bought.OrderID, RefundOrderID: s.refund.OrderID, Currency: "CNY", Funds: funds("9.00", "2.00", "1.00"),
			Postings: postings, Balance: balance, Gifts: gift("2.00"), Vouchers: []domain.Voucher{v},
		}},
		on(s.bought, domain.OrderRefunded{
			OrderID: s.bought.OrderID, OrgID: s.org, RefundOrderID: s.refund.OrderID, Currency: "CNY", Returned: funds("9.00", "2.00", "1.00"),
			Consumed: amount("3.00"), Forfeited: amount("2.00"), Lines: []domain.LineRefund{{
				LineNo: 2, Returned: funds("9.00", "2.00", "1.00"), Consumed: amount("3.00"), Forfeited: amount("2.00"), Gifts: gift("2.00"), Vouchers: voucher("1.00"),
			}},
		}))
}

func (s *story) resource(id string, o domain.OrderPlaced, terms ...domain.Term) domain.StreamEvent {
	e := domain.ResourceChanged{OrgID: s.org, ResourceID: id, OrderID: o.OrderID, OrderType: o.OrderType, Terms: terms, Profile: domain.Profile{
		ResourceName: id, ResourceType: "cloud-host", Region: "cn-north-1", ProjectID: "default", ConsumerID: "user-7", Currency: "CNY",
	}}
	return domain.StreamEvent{Stream: domain.ResourceRef(s.org, id), Event: e}
}

// usage opens a resource and settles three hours of it: paid, arrears that were paid later, arrears that wait.
func (s *story) usage() {
	line := spec(1, "llm", "res-metered", domain.ModeMetered, "0.00")
	line.Cycle = "hour"
	s.opening = placed(s.org+"-open", s.org, domain.Purchase, "", line)
	p := paid(s.opening, s.month, false, domain.LinePayment{Funds: domain.NoFunds("CNY")})
	s.do(s.org, nil, on(s.opening, s.opening), on(s.opening, p),
		s.resource("res-metered", s.opening, domain.Term{ProductCode: "llm", ChargeMode: domain.ModeMetered, Cycle: "hour", OrderID: s.opening.OrderID, LineNo: 1}))
	for i, kind := range []string{"paid", "later", "owed"} {
		from := s.at.Add(time.Duration(i) * time.Hour)
		s.record(from, fmt.Sprint(s.org, "-r", i))
		o := placed(s.org+"-"+kind, s.org, domain.UsageSettlement, s.opening.OrderID, spec(1, "llm", "res-metered", domain.ModeMetered, "7.00"))
		through := domain.ResourceSettled{OrgID: s.org, ResourceID: "res-metered", Through: from.Add(time.Hour), OrderIDs: []string{o.OrderID}, SettledPeriods: []domain.Period{s.month}}
		done := []domain.StreamEvent{
			{Stream: domain.ResourceRef(s.org, "res-metered"), Event: through},
			{Stream: domain.OrgRef(s.org), Event: domain.UsageSettled{OrgID: s.org, ResourceID: "res-metered", Periods: []domain.Period{s.month}}},
		}
		if kind == "paid" {
			p := paid(o, s.month, true, domain.LinePayment{Funds: funds("7.00", "0.00", "0.00")})
			s.settled = o
			s.do(s.org, nil, append([]domain.StreamEvent{on(o, o), on(o, p), s.charged(p)}, done...)...)
			continue
		}
		o.Arrears = true
		open := domain.StreamEvent{Stream: domain.AccountRef(s.org), Event: domain.ArrearsOpened{OrgID: s.org, OrderID: o.OrderID, Currency: "CNY", Amount: amount("7.00")}}
		s.do(s.org, nil, append([]domain.StreamEvent{on(o, o), open}, done...)...)
		if s.owed = o; kind == "later" {
			p := paid(o, s.month, true, domain.LinePayment{Funds: funds("7.00", "0.00", "0.00")})
			s.paidUp = o
			s.do(s.org, nil, on(o, p), s.charged(p))
		}
	}
	s.record(s.at.Add(4*time.Hour), s.org+"-r4") // not settled
}

func (s *story) record(from time.Time, id string) {
	to := from.Add(time.Hour)
	s.do(s.org, []eventstore.Claim{{OrgID: s.org, Kind: "usage", Value: id}},
		domain.StreamEvent{Stream: domain.OrgRef(s.org), Event: domain.UsageReported{
			OrgID: s.org, Accepted: 1, Opened: []domain.UnsettledPeriod{{Period: s.month, Resources: 1}},
		}},
		domain.StreamEvent{Stream: domain.ResourceRef(s.org, "res-metered"), Event: domain.UsageRecorded{
			OrgID: s.org, ResourceID: "res-metered", OpenedPeriods: []domain.Period{s.month},
			Records: []domain.UsageRecord{{RecordID: id, Meter: "tokens", Quantity: decimal("7"), Unit: "1k", From: from, To: to}},
			Uses:    []domain.Use{{CycleStart: from, CycleEnd: to, Period: s.month, ProductCode: "llm", Meter: "tokens", Quantity: decimal("7"), From: from, To: to, Records: 1}},
		}})
}

func (s *story) rest() {
	balance, postings := s.moved(s.org, funds("0.00", "0.00", "20.00"), "0.00", domain.PlacePromotion)
	account := domain.AccountRef(s.org)
	s.do(s.org, nil, domain.StreamEvent{Stream: account, Event: domain.FundsLapsed{
		OrgID: s.org, Currency: "CNY", Vouchers: []domain.VoucherPart{{VoucherID: s.org + "-v2", Amount: amount("20.00")}}, Postings: postings, Balance: balance,
	}})
	balance, postings = s.moved(s.org, funds("5.00", "0.00", "0.00"), "5.00", "")
	s.do(s.org, nil, domain.StreamEvent{Stream: account, Event: domain.FundsFrozen{
		OrgID: s.org, Currency: "CNY", Amount: amount("5.00"), Reason: "dispute", Postings: postings, Balance: balance,
	}})
	balance, postings = s.moved(s.org, funds("3.00", "0.00", "0.00"), "0.00", domain.PlaceBank)
	s.do(s.org, []eventstore.Claim{{OrgID: s.org, Kind: "withdraw", Value: "out-1"}}, domain.StreamEvent{Stream: account, Event: domain.AccountWithdrawn{
		OrgID: s.org, Currency: "CNY", Amount: amount("3.00"), Reference: "out-1", Postings: postings, Balance: balance,
	}})
	s.approved = placed(s.org+"-approved", s.org, domain.Purchase, "", spec(1, "gpu", "", domain.ModeYear, "900.00"))
	deadline := s.at.Add(7 * 24 * time.Hour)
	s.approved.AwaitingApproval, s.approved.PayBefore = true, &deadline
	waiting, rejected, voided := s.approved, s.approved, s.approved
	waiting.OrderID, rejected.OrderID, voided.OrderID = s.org+"-waiting", s.org+"-rejected", s.org+"-voided"
	s.do(s.org, nil, on(waiting, waiting))
	s.do(s.org, nil, on(s.approved, s.approved))
	s.do(s.org, nil, on(s.approved, domain.OrderApproved{OrderID: s.approved.OrderID, OrgID: s.org, By: "key:k2"}))
	s.do(s.org, nil, on(rejected, rejected))
	s.do(s.org, nil, on(rejected, domain.OrderRejected{OrderID: rejected.OrderID, OrgID: s.org, By: "key:k2"}))
	s.do(s.org, nil, on(voided, voided))
	s.do(s.org, nil, on(voided, domain.OrderVoided{OrderID: voided.OrderID, OrgID: s.org, Reason: "twice"}))
	s.failed = placed(s.org+"-failed", s.org, domain.Purchase, "", spec(1, "gpu", "", domain.ModeMonth, "4.00"))
	p := paid(s.failed, s.month, false, domain.LinePayment{Funds: funds("4.00", "0.00", "0.00")})
	s.do(s.org, nil, on(s.failed, s.failed))
	s.do(s.org, nil, on(s.failed, p), s.charged(p))
	s.do(s.org, nil, on(s.failed, domain.FulfilmentFailed{OrderID: s.failed.OrderID, OrgID: s.org, Reason: "no capacity"}))
}

// close closes the month, and seals it with what the bill lines say.
func (s *story) close(r *projections.Reader) domain.PeriodSealed {
	s.t.Helper()
	// What waits is settled first: without it no month is closed.
	s.at = time.Date(2025, 12, 2, 4, 0, 0, 0, time.UTC)
	s.do(s.org, nil,
		domain.StreamEvent{Stream: domain.ResourceRef(s.org, "res-metered"), Event: domain.ResourceSettled{OrgID: s.org, ResourceID: "res-metered", Through: s.at, SettledPeriods: []domain.Period{s.month}}},
		domain.StreamEvent{Stream: domain.OrgRef(s.org), Event: domain.UsageSettled{OrgID: s.org, ResourceID: "res-metered", Periods: []domain.Period{s.month}}})
	closed := s.do(s.org, nil, domain.StreamEvent{Stream: domain.OrgRef(s.org), Event: domain.PeriodClosed{OrgID: s.org, Period: s.month, By: "key:k2"}})
	waitFor(s.t, r, closed)
	all, err := r.ClosingPeriods(s.t.Context(), 10)
	if err != nil || len(all) == 0 || all[len(all)-1] != (projections.ClosingPeriod{OrgID: s.org, Period: s.month, Position: closed}) {
		s.t.Fatalf("closing months: %+v, %v", all, err)
	}
	seal, err := r.Seal(s.t.Context(), all[len(all)-1])
	if err != nil {
		s.t.Fatal(err)
	}
	waitFor(s.t, r, s.do(s.org, nil, domain.StreamEvent{Stream: domain.OrgRef(s.org), Event: seal}))
	return seal
}
