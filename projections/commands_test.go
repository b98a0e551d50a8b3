package projections_test

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"orderledger/domain"
	"orderledger/handlers"
	"orderledger/projections"
)

// liver drives one organisation through random commands of every kind, over the months of a history.
type liver struct {
	*ledger
	r         *rand.Rand
	org       string
	at        time.Time
	n         int
	orders    []string // placed, of any status
	resources []string // leased
	metered   []string
	mu        *sync.Mutex
	accepted  map[string]int // by command, of all
}

// live sends about n random commands for each of some organisations, and returns how many were accepted by kind.
func (l *ledger) live(t *testing.T, seed uint64, orgs, n int) map[string]int {
	t.Helper()
	var g errgroup.Group
	var mu sync.Mutex
	accepted := map[string]int{}
	for o := range orgs {
		g.Go(func() error {
			v := &liver{ledger: l, r: rand.New(rand.NewPCG(seed, uint64(o))), org: fmt.Sprint("life-", o), mu: &mu, accepted: accepted}
			v.at = time.Date(2025, 9, 3, 0, 0, 0, 0, time.UTC)
			for range n {
				v.at = v.at.Add(time.Duration(v.r.IntN(int(240*24*time.Hour) / n))).Truncate(time.Microsecond)
				if err := v.step(t); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
	return accepted
}

// do sends a command, and says whether it was accepted; one that the rules refuse changes nothing.
func (v *liver) do(t *testing.T, c domain.Command) (bool, error) {
	v.n++
	if why := c.Check(); why != nil {
		return false, fmt.Errorf("%s: %w", c.Name(), why)
	}
	key := fmt.Sprint(v.org, "-", v.n)
	_, err := v.Do(t.Context(), handlers.Request{
		Command: c, Key: key, Actor: fmt.Sprint("key:", v.n%3), At: v.at, Fingerprint: sha256.Sum256([]byte(key)),
	})
	var refused *domain.Rejection
	if errors.As(err, &refused) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("%s: %w", c.Name(), err)
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.accepted[c.Name()]++
	if p, ok := c.(domain.PlaceOrder); ok {
		v.accepted[string(p.OrderType)]++
	}
	return true, nil
}

func (v *liver) step(t *testing.T) error {
	commands := v.commands()
	for _, c := range commands[v.r.IntN(len(commands))]() {
		accepted, err := v.do(t, c)
		if err != nil {
			return err
		}
		if p, ok := c.(domain.PlaceOrder); ok && accepted {
			v.orders = append(v.orders, p.OrderID)
			for _, l := range p.Lines {
				if l.Cycle != "" {
					v.metered = append(v.metered, l.ResourceID)
				}
			}
		}
		if f, ok := c.(domain.ReportFulfilment); ok && accepted && f.ResourceID != "" {
			v.resources = append(v.resources, f.ResourceID)
		}
	}
	return nil
}

// order and resource are some that there are, the latest more often.
func (v *liver) order() string { return some(v.r, v.orders) }

func some(r *rand.Rand, all []string) string {
	if len(all) == 0 {
		return "0198c2f0-0000-7000-8000-000000000000"
	}
	return all[len(all)-1-r.IntN(min(len(all), 1+r.IntN(len(all))))]
}

func (v *liver) resource() string { return some(v.r, v.resources) }

func (v *liver) money(most int) domain.Amount {
	return amount(fmt.Sprintf("%d.%02d", 1+v.r.IntN(most), v.r.IntN(100)))
}

// commands are what a step may do.
func (v *liver) commands() []func() []domain.Command {
	one := func(c func() domain.Command) func() []domain.Command {
		return func() []domain.Command { return []domain.Command{c()} }
	}
	id, soon := fmt.Sprint(v.org, "-", v.n), v.at.Add(time.Duration(1+v.r.IntN(40))*24*time.Hour)
	return []func() []domain.Command{
		v.buy, v.buy, v.buy, v.giveUp, v.follow, v.follow, v.follow, v.open, v.use, v.use, v.use,
		one(func() domain.Command { return topUp(v.org, v.money(150).String(), "CNY", id) }),
		one(func() domain.Command {
			return domain.Withdraw{OrgID: v.org, Amount: v.money(9), Currency: "CNY", Reference: id}
		}),
		one(func() domain.Command {
			return domain.GrantGift{OrgID: v.org, Amount: v.money(40), Currency: "CNY", ExpiresAt: &soon, Reason: "g"}
		}),
		one(func() domain.Command {
			return domain.IssueVoucher{OrgID: v.org, VoucherID: "v" + id, Amount: v.money(40), Currency: "CNY", ValidTo: &soon}
		}),
		one(func() domain.Command {
			return domain.FreezeFunds{OrgID: v.org, Amount: v.money(3), Currency: "CNY", Reason: "f"}
		}),
		one(func() domain.Command {
			return domain.ReleaseFunds{OrgID: v.org, Amount: v.money(2), Currency: "CNY", Reason: "f"}
		}),
		one(func() domain.Command { return domain.LapseFunds{OrgID: v.org} }),
		func() []domain.Command {
			return []domain.Command{domain.GrantGift{OrgID: v.org, Amount: v.money(40), Currency: "CNY", Reason: "c"}, domain.CollectArrears{OrgID: v.org}}
		},
		one(func() domain.Command {
			return domain.RefundOrder{OrgID: v.org, OrderID: v.order(), Reason: "r", ReturnVouchers: v.r.IntN(2) == 0}
		}),
		one(func() domain.Command {
			a := v.money(5)
			return domain.RefundOrder{OrgID: v.org, OrderID: v.order(), Amount: &a, Reason: "r"}
		}),
		one(func() domain.Command { return domain.VoidOrder{OrgID: v.org, OrderID: v.order(), Reason: "v"} }),
		func() []domain.Command {
			id, before := v.resource(), int64(40*24*3600)
			return []domain.Command{
				domain.SetAutoRenew{OrgID: v.org, ResourceID: id, Enabled: v.r.IntN(4) > 0, BeforeSeconds: &before}, domain.RenewResource{OrgID: v.org, ResourceID: id},
			}
		},
		one(func() domain.Command { return domain.ChargeOverdue{OrgID: v.org, ResourceID: v.resource()} }),
		one(func() domain.Command {
			return domain.ReviewRelease{OrgID: v.org, ResourceID: some(v.r, append(v.metered, v.resources...))}
		}),
		one(func() domain.Command { return domain.MarkOverdue{OrgID: v.org, OrderID: v.order()} }),
		one(func() domain.Command {
			return domain.CloseResource{OrgID: v.org, ResourceID: some(v.r, append(v.metered, v.resources...)), Reason: "c"}
		}),
		v.closeMonth,
		one(func() domain.Command {
			limit := map[domain.Currency]domain.Amount{"CNY": v.money(60)}
			return domain.ChangeSettings{OrgID: v.org, CreditLimit: limit, ApprovalOver: map[domain.Currency]domain.Amount{"CNY": amount("70.00")}}
		}),
	}
}

// buy places a prepaid order of one or two lines, pays it and has it fulfilled, or not.
func (v *liver) buy() []domain.Command {
	o := order(v.org, v.money(60).String())
	from := v.at
	to := from.Add(30 * 24 * time.Hour)
	o.Lines[0].ResourceID = ""
	o.Lines[0].ChargeMode, o.Lines[0].Unit, o.Lines[0].EffectiveAt, o.Lines[0].ExpiresAt = domain.ModePrepaid30d, "prepaid_30d", &from, &to
	if v.r.IntN(2) == 0 {
		second := o.Lines[0]
		second.ProductCode, second.UnitPrice = "disk", decimal(v.money(20).String())
		o.Lines = append(o.Lines, second)
	}
	state := []string{"started", "completed", "completed", "failed"}[v.r.IntN(4)]
	done := domain.ReportFulfilment{OrgID: v.org, OrderID: o.OrderID, State: state}
	if state == "completed" {
		done.ResourceID = "res-" + o.OrderID
	}
	return []domain.Command{o, domain.PayOrder{OrderID: o.OrderID, OrgID: v.org}, done}
}

// giveUp places an order that comes to nothing, or is approved first.
func (v *liver) giveUp() []domain.Command {
	o := order(v.org, v.money(100).String())
	ends := []domain.Command{
		domain.CancelOrder{OrgID: v.org, OrderID: o.OrderID},
		domain.VoidOrder{OrgID: v.org, OrderID: o.OrderID, Reason: "v"},
		domain.ApproveOrder{OrgID: v.org, OrderID: o.OrderID},
		domain.ApproveOrder{OrgID: v.org, OrderID: o.OrderID},
	}
	return []domain.Command{o, ends[v.r.IntN(len(ends))], domain.PayOrder{OrderID: o.OrderID, OrgID: v.org}}
}

// follow changes the lease of what an order bought, at a price of any sign.
func (v *liver) follow() []domain.Command {
	parent := strings.TrimPrefix(v.resource(), "res-")
	o := order(v.org, v.money(60).String())
	o.OrderType, o.ParentOrderID = []domain.OrderType{domain.Renewal, domain.Upgrade, domain.Downgrade, domain.TermSettlement}[v.r.IntN(4)], &parent
	l := &o.Lines[0]
	l.ResourceID, l.ChargeMode, l.Unit = "res-"+parent, domain.ModePrepaid30d, "prepaid_30d"
	switch o.OrderType {
	case domain.Upgrade, domain.Downgrade:
		price := decimal(map[domain.OrderType]string{domain.Upgrade: "90", domain.Downgrade: "0.50"}[o.OrderType])
		l.Quantity, l.UnitPrice, l.NewUnitPrice = decimal("0"), decimal("0"), &price
	case domain.TermSettlement:
		end := v.at.Add(time.Duration(v.r.IntN(40)) * 24 * time.Hour)
		l.Quantity, l.UnitPrice, l.ExpiresAt = decimal("0"), decimal("0"), &end
	}
	return []domain.Command{o, domain.PayOrder{OrderID: o.OrderID, OrgID: v.org}, domain.ReportFulfilment{OrgID: v.org, OrderID: o.OrderID, State: "completed"}}
}

// open opens a metered resource.
func (v *liver) open() []domain.Command {
	o := order(v.org, "0")
	price := decimal("0.37")
	l := &o.Lines[0]
	l.ProductCode, l.ResourceID, l.ChargeMode, l.Quantity, l.Unit = "llm", "res-"+o.OrderID, domain.ModeMetered, decimal("0"), "hour"
	l.Cycle, l.Meters = []string{"hour", "day", "month"}[v.r.IntN(3)], []domain.Meter{{Meter: "tokens", Unit: "1k", UnitPrice: &price}}
	return []domain.Command{o}
}

// use reports use of a resource, perhaps of a while ago, and settles what is over.
func (v *liver) use() []domain.Command {
	id := some(v.r, v.metered)
	report := domain.ReportUsage{OrgID: v.org}
	for i := range 1 + v.r.IntN(4) {
		from := v.at.Add(-time.Duration(v.r.IntN(72)) * time.Hour)
		report.Records = append(report.Records, domain.UsageReport{
			RecordID: fmt.Sprint(v.n+v.r.IntN(3), "-", i), ResourceID: id, Meter: "tokens", Quantity: decimal(fmt.Sprint(v.r.IntN(300))), Unit: "1k", From: from, To: from.Add(time.Minute),
		})
	}
	return []domain.Command{report, domain.SettleUsage{OrgID: v.org, ResourceID: some(v.r, v.metered)}, domain.SettleUsage{OrgID: v.org, ResourceID: id}}
}

// closeMonth settles what there is and closes the month before.
func (v *liver) closeMonth() []domain.Command {
	zone, _ := domain.Zone(domain.DefaultTimeZone)
	var all []domain.Command
	for _, id := range v.metered {
		all = append(all, domain.SettleUsage{OrgID: v.org, ResourceID: id})
	}
	return append(all, domain.ClosePeriod{OrgID: v.org, Period: domain.PeriodOf(v.at.Add(-31*24*time.Hour), zone)})
}

// sealAll seals what was closed, as timers do.
func (l *ledger) sealAll(t *testing.T, r *projections.Reader) (n int) {
	t.Helper()
	closing, err := r.ClosingPeriods(t.Context(), 1000)
	if err != nil {
		t.Fatal(err)
	}
	for i, p := range closing {
		seal, err := r.Seal(t.Context(), p)
		if err != nil {
			t.Fatal(err)
		}
		l.must(t, fmt.Sprint("seal-", i), domain.SealPeriod{OrgID: p.OrgID, Period: p.Period, Position: p.Position, Lines: seal.Lines, Totals: seal.Totals, Digest: seal.Digest})
	}
	return len(closing)
}

// Random lives of real commands: the rows equal the fold, made anew they are the same, and everything that can be checked holds.
func TestRandomLives(t *testing.T) {
	t.Parallel()
	l := newLedger(t)
	w := newWorker(t, l.db, 61)
	run(t, w)
	r := newReader(t, l.db, w)
	accepted := l.live(t, 40, 3, 260)
	waitFor(t, r, l.head(t))
	if n := l.sealAll(t, r); n == 0 {
		t.Error("no month was closed")
	}
	waitFor(t, r, l.head(t))
	for _, name := range []string{
		"place_order", "pay_order", "report_fulfilment", "refund_order", "top_up", "withdraw", "grant_gift", "issue_voucher", "freeze_funds", "release_funds",
		"lapse_funds", "collect_arrears", "report_usage", "settle_usage", "set_auto_renew", "renew_resource", "charge_overdue", "close_resource", "close_period", "mark_overdue", "review_release",
		"approve_order", "void_order", "cancel_order", "renewal", "upgrade", "downgrade", "term_settlement",
	} {
		if accepted[name] == 0 {
			t.Errorf("no %s was accepted: %v", name, accepted)
		}
	}
	equalsStates(t, r, l)
	wantFault(t, l.verify(t, nil), map[string]string{})
}

// equalsStates holds the documents that are served against the fold of each stream, by the rules alone.
func equalsStates(t *testing.T, r *projections.Reader, l *ledger) {
	t.Helper()
	seen := map[string]int{}
	for stream, state := range foldStreams(t, l) {
		ref, _ := domain.ParseRef(stream)
		want, err := domain.EncodeState(state)
		if err != nil {
			t.Fatal(err)
		}
		var doc json.RawMessage
		switch s := state.(type) {
		case *domain.Order:
			doc, _, err = r.Order(t.Context(), s.OrgID, s.OrderID)
		case *domain.Resource:
			doc, _, err = r.Resource(t.Context(), s.OrgID, s.ResourceID)
		case *domain.Account:
			equalsAccount(t, r, s)
			doc = want
		case *domain.Org:
			var o projections.Org
			if o, err = r.Org(t.Context(), s.OrgID); o.ClosedThrough != s.ClosedThrough || len(o.Unsettled) != len(s.Unsettled) || o.Version != s.Version {
				t.Errorf("organisation %+v, want %s", o, want)
			}
			doc = want
		}
		if err != nil || string(doc) != string(want) {
			t.Errorf("%s is\n%s\nwant\n%s (%v)", stream, doc, want, err)
		}
		seen[ref.Kind]++
	}
	if len(seen) != 4 {
		t.Errorf("streams of the kinds %v", seen)
	}
}

func foldStreams(t *testing.T, l *ledger) map[string]domain.State {
	t.Helper()
	states := map[string]domain.State{}
	for after := int64(0); ; {
		page, err := l.log.Read(t.Context(), after, 1000)
		if err != nil {
			t.Fatal(err)
		}
		if len(page) == 0 {
			return states
		}
		for _, e := range page {
			event, err := domain.DecodeEvent(e.Type, e.Payload)
			if err != nil {
				t.Fatal(err)
			}
			states[e.Stream] = domain.Evolve(states[e.Stream], event, domain.Meta{Position: e.Position, Version: e.Version, OccurredAt: e.OccurredAt, RecordedAt: e.RecordedAt, Actor: e.Actor})
			after = e.Position
		}
	}
}

// equalsAccount holds balances, vouchers, gifts and arrears against the account.
func equalsAccount(t *testing.T, r *projections.Reader, a *domain.Account) {
	t.Helper()
	got, err := r.Account(t.Context(), a.OrgID)
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range got.Balances {
		if want := a.Balance(b.Currency); b.Cash != want.Cash.String() || b.Gift != want.Gift.String() || b.Voucher != want.Voucher.String() || b.Frozen != want.Frozen.String() {
			t.Errorf("%s has %+v, want %+v", a.OrgID, b, want)
		}
	}
	left := map[string]string{}
	q := projections.LotQuery{Limit: projections.LimitMax}
	vouchers, err1 := r.Vouchers(t.Context(), a.OrgID, q)
	gifts, err2 := r.Grants(t.Context(), a.OrgID, q)
	arrears, err3 := r.Arrears(t.Context(), a.OrgID, projections.LimitMax, "")
	if err := errors.Join(err1, err2, err3); err != nil {
		t.Fatal(err)
	}
	for _, v := range vouchers.Items {
		if v.Left.Sign() > 0 {
			left[v.VoucherID] = v.Left.String()
		}
	}
	for _, g := range gifts.Items {
		if amount(g.Left).Sign() > 0 {
			left[g.GrantID] = g.Left
		}
	}
	for _, v := range a.Vouchers {
		if left[v.VoucherID] != v.Left.String() {
			t.Errorf("voucher %s of %s: %s, want %s", v.VoucherID, a.OrgID, left[v.VoucherID], v.Left)
		}
		delete(left, v.VoucherID)
	}
	for _, g := range a.Gifts {
		if left[g.GrantID] != g.Left.String() {
			t.Errorf("gift %s of %s: %s, want %s", g.GrantID, a.OrgID, left[g.GrantID], g.Left)
		}
		delete(left, g.GrantID)
	}
	if len(left) > 0 || len(arrears.Items) != a.Arrears.Len() {
		t.Errorf("%s has %v beside, and %d arrears, want %d", a.OrgID, left, len(arrears.Items), a.Arrears.Len())
	}
}
