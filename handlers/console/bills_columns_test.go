package console

import (
	"testing"

	"orderledger/domain"
)

// The 25 fields of a bill come first, in their order, and every column has a heading of its own.
func TestBillColumns(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for i, c := range billColumns {
		if i < len(domain.BillFields) && c.Code != domain.BillFields[i].Code {
			t.Errorf("column %d is %s, want %s", i+1, c.Code, domain.BillFields[i].Code)
		}
		if domain.LabelOf("field", c.Code, "zh") == c.Code || seen[c.Code] {
			t.Errorf("%s has no heading, or comes twice", c.Code)
		}
		seen[c.Code] = true
		if (c.Kind == kindWord) != (len(domain.Labels[c.Words]) > 0) {
			t.Errorf("%s has words %q", c.Code, c.Words)
		}
		_ = c.Raw(&billLine{}) // a line that lacks everything has every value all the same
	}
	if len(billColumnsShown) != 25 {
		t.Errorf("%d columns at first", len(billColumnsShown))
	}
}
