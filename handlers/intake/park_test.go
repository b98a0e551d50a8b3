package intake

import "testing"

// A service that has many commands wait leaves room for those of others.
func TestParkingIsShared(t *testing.T) {
	t.Parallel()
	var p parking
	for sequence := range uint64(parkedOfOne) {
		if !p.add(sequence, "eager") {
			t.Fatalf("there is no room for the %dth", sequence+1)
		}
	}
	if p.add(parkedOfOne, "eager") {
		t.Error("one service has more than its part")
	}
	if !p.add(parkedOfOne, "other") {
		t.Error("another service has no room")
	}
	p.remove(0)
	p.remove(0)
	if !p.add(parkedOfOne+1, "eager") || p.add(parkedOfOne+2, "eager") {
		t.Error("one that went leaves room for one")
	}
}
