package projections_test

import (
	"slices"
	"testing"
	"time"

	"orderledger/domain"
	"orderledger/projections"
)

// What needs attention is what the lists show one by one.
func TestAttention(t *testing.T) {
	t.Parallel()
	a, _, r, _ := told(t, 100)
	until := a.at.AddDate(0, 1, 1)
	one, err := r.Attention(t.Context(), "org-a", a.at, until)
	if err != nil {
		t.Fatal(err)
	}
	unpaid, err := r.Orders(t.Context(), "org-a", projections.OrderQuery{Filter: projections.Filter{Statuses: []string{"unpaid"}}})
	if err != nil {
		t.Fatal(err)
	}
	var due, lots domain.Amount
	for _, o := range decodeOrders(t, unpaid.Items) {
		due = due.Add(o.PayableAmount)
	}
	want := []projections.DueSum{{Currency: "CNY", Amount: due.String(), Orders: int64(len(unpaid.Items)), ArrearsAmount: "7.00", Arrears: 1}}
	if !slices.Equal(one.Due, want) || one.Due[0].Orders < 2 {
		t.Errorf("due are %+v, want %+v", one.Due, want)
	}
	n := int64(0)
	soon := func(end *time.Time, left string) {
		if amount, err := domain.ParseAmount(left); err != nil {
			t.Error(err)
		} else if end != nil && end.After(a.at) && !end.After(until) && amount.Sign() > 0 {
			lots, n = lots.Add(amount), n+1
		}
	}
	vouchers, err := r.Vouchers(t.Context(), "org-a", projections.LotQuery{})
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range vouchers.Items {
		soon(v.ValidTo, v.Left.String())
	}
	gifts, err := r.Grants(t.Context(), "org-a", projections.LotQuery{})
	if err != nil {
		t.Fatal(err)
	}
	for _, g := range gifts.Items {
		soon(g.ExpiresAt, g.Left)
	}
	if len(one.Lapsing) != 1 || one.Lapsing[0] != (projections.LapsingSum{Currency: "CNY", Amount: lots.String(), Lots: n}) || n == 0 {
		t.Errorf("%+v lapse, want %d, %s", one.Lapsing, n, lots)
	}
	if one.Leases != 1 || one.AsOf != a.head() {
		t.Errorf("%d leases end, as of %d", one.Leases, one.AsOf)
	}
	none, err := r.Attention(t.Context(), "org-a", until, until.AddDate(9, 0, 0))
	if err != nil || none.Leases != 0 {
		t.Errorf("later: %+v, %v", none, err)
	}
	all, err := r.Attention(t.Context(), projections.AllOrgs, a.at, until)
	if err != nil || all.Due[0].Orders != 2*one.Due[0].Orders || all.Leases != 2 || all.Lapsing[0].Lots != 2*n {
		t.Errorf("of all organisations: %+v, %v", all, err)
	}
	if other, err := r.Attention(t.Context(), "org-c", a.at, until); err != nil || len(other.Due)+len(other.Lapsing)+int(other.Leases) != 0 {
		t.Errorf("of another: %+v, %v", other, err)
	}
}
