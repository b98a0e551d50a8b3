package handlers

import (
	"strings"
	"testing"

	"orderledger/domain"
)

// A rule that breaks down fails its own command, and says where.
func TestRuleThatBreaksDown(t *testing.T) {
	t.Parallel()
	_, why, err := decideSafely(nil, domain.CancelOrder{OrderID: "x", OrgID: "org"}, domain.Clock{}) // without states
	if why != nil || err == nil || !strings.Contains(err.Error(), "decide cancel_order: ") || !strings.Contains(err.Error(), "cancel_order.go") {
		t.Errorf("refused: %v, failed: %v", why, err)
	}
}
