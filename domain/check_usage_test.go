package domain_test

import (
	"fmt"
	"math/big"
	"slices"
	"time"

	"orderledger/domain"
)

// usageBooks follows each record of use from its report to the order that settles it.
type usageBooks struct {
	w *world
	// records are those accepted, by organisation and id.
	records map[[2]string]bool
	// open is, by resource stream, the use that was accepted less what orders settled.
	open map[domain.Ref]*big.Rat
}

func newUsageBooks(w *world) usageBooks {
	return usageBooks{w, map[[2]string]bool{}, map[domain.Ref]*big.Rat{}}
}

func (b usageBooks) follow(events []stored) {
	var touched []domain.Ref
	for _, e := range events {
		if e.stream.Kind == domain.KindResource {
			touched = append(touched, e.stream)
		}
		if e.name != domain.TypeUsageRecorded && e.name != domain.TypeOrderPlaced {
			continue
		}
		event, err := domain.DecodeEvent(e.name, e.payload)
		if err != nil {
			b.w.t.Fatal(err)
		}
		switch p := event.(type) {
		case domain.UsageRecorded:
			for _, r := range p.Records {
				if id := [2]string{p.OrgID, r.RecordID}; b.records[id] {
					b.w.t.Fatalf("usage: record %s counts twice", r.RecordID)
				} else {
					b.records[id] = true
				}
				b.add(e.stream, rat(r.Quantity.String()))
			}
		case domain.OrderPlaced:
			if p.OrderType == domain.UsageSettlement {
				for _, l := range p.Lines {
					ref := domain.ResourceRef(p.OrgID, l.ResourceID)
					b.add(ref, new(big.Rat).Neg(rat(l.Quantity.String())))
					touched = append(touched, ref)
				}
			}
		}
	}
	for _, ref := range touched {
		b.checkOpen(ref)
	}
}

func (b usageBooks) add(ref domain.Ref, quantity *big.Rat) {
	if b.open[ref] == nil {
		b.open[ref] = new(big.Rat)
	}
	b.open[ref].Add(b.open[ref], quantity)
}

// checkOpen wants what is not settled to stand in the resource's uses: nothing is lost, nothing billed twice.
func (b usageBooks) checkOpen(ref domain.Ref) {
	org, id := ref.ResourceOf()
	sum := new(big.Rat)
	if r := b.w.Resource(org, id); r != nil {
		for _, u := range r.Uses {
			sum.Add(sum, rat(u.Quantity.String()))
		}
	}
	if open := b.open[ref]; open != nil && open.Cmp(sum) != 0 || open == nil && sum.Sign() != 0 {
		b.w.t.Fatalf("usage: of %s %v is not settled, its state has %s", ref, b.open[ref], sum)
	}
}

// checkUnsettled counts the resources with unsettled use, by month, and holds the organisation's count against it.
func (b usageBooks) checkUnsettled(orgID string) {
	want := map[domain.Period]int64{}
	for _, ref := range b.w.streams {
		if r, ok := b.w.states[ref].(*domain.Resource); ok && r.OrgID == orgID {
			for _, p := range r.UnsettledPeriods {
				want[p]++
			}
		}
	}
	got := map[domain.Period]int64{}
	if o := b.w.Org(orgID); o != nil {
		for _, u := range o.Unsettled {
			got[u.Period] = u.Resources
		}
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		b.w.t.Fatalf("unsettled: the organisation counts %v, its resources have %v", got, want)
	}
}

// checkResource wants a resource's uses in order, its months to be those of its uses, and its leases to be paid for.
func checkResource(w *world, r *domain.Resource) {
	var months []domain.Period
	for i, u := range r.Uses {
		if !u.CycleStart.Before(u.CycleEnd) || r.SettledThrough != nil && !u.CycleEnd.After(*r.SettledThrough) || u.Records < 1 {
			w.t.Fatalf("use: %+v, settled through %v", u, r.SettledThrough)
		}
		if i > 0 && u.CycleStart.Before(r.Uses[i-1].CycleStart) {
			w.t.Fatalf("use: %+v comes after %+v", u, r.Uses[i-1])
		}
		if !slices.Contains(months, u.Period) {
			months = append(months, u.Period)
		}
	}
	slices.Sort(months)
	if held := slices.Sorted(slices.Values(r.UnsettledPeriods)); !slices.Equal(held, months) {
		w.t.Fatalf("use: resource %s has use of %v, and holds back %v", r.ResourceID, months, r.UnsettledPeriods)
	}
	if r.Status == domain.ResourceGone && (len(r.Uses) > 0 || len(r.Leases) > 0) {
		w.t.Fatalf("use: a closed resource has %d uses and %d leases", len(r.Uses), len(r.Leases))
	}
	for _, l := range r.Leases {
		if o := w.Order(l.OrderID); o == nil || o.PaidAt == nil || !l.EffectiveAt.Before(l.ExpiresAt) {
			w.t.Fatalf("lease: %+v of order %+v", l, o)
		}
	}
	terms := map[string]bool{}
	for _, t := range r.Terms {
		key := t.ProductCode + "\x00" + t.BillingItem
		if terms[key] {
			w.t.Fatalf("terms: two of %s %s", t.ProductCode, t.BillingItem)
		}
		terms[key] = true
		if t.EffectiveAt != nil && t.ExpiresAt != nil && t.ExpiresAt.Before(*t.EffectiveAt) {
			w.t.Fatalf("terms: from %s to %s", t.EffectiveAt.Format(time.RFC3339), t.ExpiresAt.Format(time.RFC3339))
		}
	}
}
