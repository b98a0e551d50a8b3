package intake

import (
	"testing"

	"orderledger/domain"
)

func TestLanes(t *testing.T) {
	t.Parallel()
	l := newLanes()
	waits := func(p *place, before []*place, want ...*place) {
		t.Helper()
		if len(before) != len(want) {
			t.Fatalf("waits for %d, want %d", len(before), len(want))
		}
		for i := range want {
			if before[i] != want[i] {
				t.Errorf("waits for another at %d", i)
			}
		}
	}
	placing, before := l.enter([]string{"order-a", "resource-r"})
	waits(placing, before)
	other, before := l.enter([]string{"order-b"})
	waits(other, before)
	paying, before := l.enter([]string{"order-a"})
	waits(paying, before, placing)
	closing, before := l.enter([]string{"resource-r"}) // the order that is being paid named it
	waits(closing, before, paying)
	placing.leave()
	paying.leave()
	again, before := l.enter([]string{"order-a"})
	waits(again, before, closing) // which stands in the order's lane too
	closing.leave()
	again.leave()
	other.leave()
	if len(l.last) != 0 {
		t.Errorf("%d lanes are left", len(l.last))
	}
}

func TestWhatCommandsAreAbout(t *testing.T) {
	t.Parallel()
	for want, c := range map[string]domain.Command{
		"order-o":      domain.PayOrder{OrgID: "x", OrderID: "o"},
		"account-x":    domain.Withdraw{OrgID: "x"},
		"resource-x/r": domain.SetAutoRenew{OrgID: "x", ResourceID: "r"},
		"org-x":        domain.ChangeSettings{OrgID: "x"},
	} {
		if got := about(c); len(got) != 1 || got[0] != want {
			t.Errorf("%s is about %v, want %s", c.Name(), got, want)
		}
	}
}
