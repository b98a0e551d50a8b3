package handlers_test

import (
	"strconv"
	"strings"
	"testing"

	"orderledger/domain"
)

// wrong is a command whose rule has a fault: what it needs can't be said, or has no end.
type wrong struct {
	domain.CancelOrder
	endless bool
	asked   *int
}

func (c wrong) Needs(domain.States) []domain.Ref {
	if !c.endless {
		panic("no such thing")
	}
	*c.asked++
	return []domain.Ref{domain.OrderRef(strconv.Itoa(*c.asked))}
}

// A command that breaks down as it is asked what it needs, or that never stops asking for more, fails alone; those that
// came with it and after it are carried out.
func TestCommandsThatNeedWhatCannotBe(t *testing.T) {
	t.Parallel()
	l := newLedger(t)
	for name, c := range map[string]wrong{"no such thing": {}, "more states after": {endless: true, asked: new(int)}} {
		c.OrderID, c.OrgID = order("org-acme", "1").OrderID, "org-acme"
		beside, err := l.Start(t.Context(), request("beside "+name, order("org-acme", "1")))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := l.do(t, name, c); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := beside(t.Context()); err != nil {
			t.Errorf("beside %s: %v", name, err)
		}
		l.must(t, "after "+name, order("org-acme", "1"))
	}
}
