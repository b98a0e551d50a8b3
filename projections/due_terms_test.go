package projections_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"orderledger/domain"
	"orderledger/eventstore"
	"orderledger/internal/schema"
	"orderledger/internal/testkit"
	"orderledger/projections"
)

// Of resources with leases of several ends, timers are told what the rules of the domain say: for every number of days,
// whatever was charged and tried before, and from rows that are made anew too.
func TestDueByTheRules(t *testing.T) {
	t.Parallel()
	db := testkit.Database(t)
	log := eventstore.NewLog(db.Pool(t, schema.App))
	w := newWorker(t, db, 7)
	run(t, w)
	r := newReader(t, db, w)
	now := time.Now().UTC().Truncate(time.Second)
	s := newScript(t, log, now)
	random := rand.New(rand.NewPCG(1, 2))
	hours := func(most int) time.Time { return now.Add(time.Duration(random.IntN(most)-most*3/4) * time.Hour) }
	days := map[string]int64{"org-none": 0, "org-one": 1, "org-three": 3, "org-silent": domain.DefaultOverdueDays}
	for _, org := range slices.Sorted(maps.Keys(days)) {
		if n := days[org]; org != "org-silent" {
			settings := domain.DefaultSettings()
			settings.OverdueDays = &n
			s.do(org, nil, domain.StreamEvent{Stream: domain.OrgRef(org), Event: domain.OrgSettingsChanged{OrgID: org, Settings: settings}})
		}
		for i := range 20 {
			s.overdue(org, fmt.Sprint("res-", i), random.IntN(4), random, hours)
		}
	}
	for round := range 2 {
		waitFor(t, r, s.head())
		dueAsRuled(t, r, now, days, round)
		got, err := rebuilding(t, db).Rebuild(t.Context(), projections.Resources)
		if err != nil || !got.Compared || got.Difference != "" {
			t.Fatalf("%+v, %v", got, err)
		}
	}
}

// overdue opens a resource with so many leases, of which some days were charged and some ends tried.
func (s *script) overdue(org, id string, leases int, random *rand.Rand, hours func(int) time.Time) {
	ref := domain.ResourceRef(org, id)
	changed := domain.ResourceChanged{OrgID: org, ResourceID: id, OrderType: domain.Purchase, Terms: []domain.Term{}, Leases: []domain.Lease{}, Profile: domain.Profile{Currency: "CNY"}}
	for i := range leases {
		end := hours(400)
		changed.Terms = append(changed.Terms, domain.Term{ProductCode: fmt.Sprint("p-", i), ChargeMode: domain.ModeDay, ExpiresAt: &end})
	}
	policy := domain.AutoRenew{Enabled: random.IntN(3) > 0, Quantity: decimal("1"), BeforeSeconds: 3600}
	events := []domain.StreamEvent{{Stream: ref, Event: changed}, {Stream: ref, Event: domain.AutoRenewSet{OrgID: org, ResourceID: id, AutoRenew: policy}}}
	for i := range changed.Terms {
		if random.IntN(2) == 0 {
			events = append(events, domain.StreamEvent{Stream: ref, Event: domain.RenewalTried{OrgID: org, ResourceID: id, LeaseEnd: *changed.Terms[i].ExpiresAt, Missing: amount("1.00"), Currency: "CNY"}})
		}
	}
	if random.IntN(3) > 0 {
		events = append(events, domain.StreamEvent{Stream: ref, Event: domain.OverdueCharged{OrgID: org, ResourceID: id, Through: hours(400)}})
	}
	if leases > 0 && random.IntN(3) == 0 {
		events = append(events, domain.StreamEvent{Stream: ref, Event: domain.ReleaseDue{OrgID: org, ResourceID: id, Reason: domain.ReleaseLeaseEnded, Since: hours(400)}})
	}
	s.do(org, nil, events...)
}

// dueAsRuled wants what is due listed as each resource has it.
func dueAsRuled(t *testing.T, r *projections.Reader, now time.Time, days map[string]int64, round int) {
	t.Helper()
	var overdue, renewed, released, withdrawn []string
	later := 0
	page, err := r.Resources(t.Context(), projections.AllOrgs, projections.ResourceQuery{Limit: 200})
	if err != nil {
		t.Fatal(err)
	}
	for _, item := range page.Items {
		var res domain.Resource
		if err := json.Unmarshal(item, &res); err != nil {
			t.Fatal(err)
		}
		if at, ok := res.NextOverdueDay(days[res.OrgID]); ok && !at.After(now) {
			overdue = append(overdue, fmt.Sprintln(at.Format(time.RFC3339), res.OrgID, res.ResourceID))
			if o, _ := res.OverdueDays(); !at.Equal(o.At) {
				later++
			}
		}
		if at, _, ok := res.RenewalDueAt(); ok && !at.After(now) {
			renewed = append(renewed, fmt.Sprintln(at.Format(time.RFC3339), res.OrgID, res.ResourceID))
		}
		if leased, _ := res.ReleaseFallsDue(); leased != nil && !leased.AddDate(0, 0, int(days[res.OrgID])).After(now) {
			released = append(released, fmt.Sprintln(leased.Format(time.RFC3339), res.OrgID, res.ResourceID))
		}
		if res.ReleaseIsOver() {
			withdrawn = append(withdrawn, fmt.Sprintln(res.OpenedAt.Format(time.RFC3339), res.OrgID, res.ResourceID))
		}
	}
	if len(page.Items) != 20*len(days) || len(overdue) < 10 || later == 0 || len(renewed) < 10 {
		t.Errorf("of %d resources %d are overdue, %d of them by a later lease, and %d are to be renewed", len(page.Items), len(overdue), later, len(renewed))
	}
	if len(released) < 5 || len(withdrawn) < 5 {
		t.Errorf("%d resources are to be released, %d not any more", len(released), len(withdrawn))
	}
	slices.Sort(released)
	slices.Sort(withdrawn)
	slices.Sort(overdue)
	slices.Sort(renewed)
	for _, n := range []int{1, 3, 100} {
		for name, c := range map[string]struct {
			list listing
			want []string
		}{"overdue": {r.DueOverdue, overdue}, "to be renewed": {r.DueRenewals, renewed}, "to be released": {r.DueReleases, released}, "not any more": {r.DueWithdrawals, withdrawn}} {
			if got := dueTimes(t, c.list, now, n); !slices.Equal(got, c.want) {
				t.Errorf("round %d, by %d, %s:\n%v\nwant\n%v", round, n, name, got, c.want)
			}
		}
	}
}

// dueTimes lists what is due with its times, by pages of n.
func dueTimes(t *testing.T, list listing, now time.Time, n int) (all []string) {
	t.Helper()
	for after := (projections.Due{}); ; {
		page, err := list(t.Context(), now, after, n)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range page.Items {
			all = append(all, fmt.Sprintln(d.At.UTC().Format(time.RFC3339), d.OrgID, d.ID))
		}
		if !page.More {
			return all
		}
		after = page.Last
	}
}
