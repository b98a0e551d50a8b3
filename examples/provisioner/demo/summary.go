package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/shopspring/decimal"
)

// What the demo reads of the API's answers.
type (
	funds struct{ Cash, Gift, Voucher decimal.Decimal }

	order struct {
		OrderID  string `json:"order_id"`
		Type     string `json:"order_type"`
		Status   string
		Paid     funds
		Refunded funds
		Lines    []struct {
			ProductCode string `json:"product_code"`
		}
	}

	billLine struct {
		OrderType string `json:"order_type"`
		Quantity  decimal.Decimal
		Amount    decimal.Decimal
	}
)

func (f funds) total() decimal.Decimal { return f.Cash.Add(f.Gift).Add(f.Voucher) }

// books are what the read models show when everything is done, beside what was counted from the log.
type books struct {
	log    tally
	orders []order // purchases
	lines  []billLine
	in     decimal.Decimal
	left   decimal.Decimal
	verify string
}

// readBooks reads the read models as of the last event that was counted, and has the ledger verified.
func readBooks(ctx context.Context, l *ledger, counted tally) (*books, error) {
	b := &books{log: counted}
	at := fmt.Sprint(counted.position)
	var err error
	if b.orders, err = list[order](ctx, l, "/v1/orders", url.Values{"org_id": {org}, "order_type": {"purchase"}, "min_position": {at}}); err != nil {
		return nil, err
	}
	for period := range counted.periods {
		lines, err := list[billLine](ctx, l, "/v1/bill-lines", url.Values{"org_id": {org}, "period": {period}, "min_position": {at}})
		if err != nil {
			return nil, err
		}
		b.lines = append(b.lines, lines...)
	}
	var account struct {
		Balances []struct{ Cash decimal.Decimal }
	}
	if err := l.get(ctx, "/v1/accounts/"+org, url.Values{"min_position": {at}}, &account); err != nil {
		return nil, err
	}
	for _, balance := range account.Balances {
		b.left = b.left.Add(balance.Cash)
	}
	entries, err := list[struct {
		Type   string
		Amount decimal.Decimal
	}](ctx, l, "/v1/accounts/"+org+"/entries", url.Values{"min_position": {at}})
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		if e.Type == "top_up" {
			b.in = b.in.Add(e.Amount)
		}
	}
	b.verify, err = l.run(ctx, "verify")
	return b, err
}

// equation is a sum that has to add up.
type equation struct {
	of     string
	places int32
	total  term
	parts  []term
}

type term struct {
	name  string
	value decimal.Decimal
}

func count(name string, n int) term { return term{name, decimal.NewFromInt(int64(n))} }

func (e equation) rest() decimal.Decimal {
	rest := e.total.value
	for _, p := range e.parts {
		rest = rest.Sub(p.value)
	}
	return rest
}

func (e equation) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s =", e.total.value.StringFixed(e.places), e.total.name)
	for i, p := range e.parts {
		switch {
		case p.value.IsNegative():
			b.WriteString(" −")
		case i > 0:
			b.WriteString(" +")
		}
		fmt.Fprintf(&b, " %s %s", p.value.Abs().StringFixed(e.places), p.name)
	}
	return b.String()
}

// equations are the sums of the books, each from at least two sources.
func (b *books) equations() []equation {
	is := map[string]int{}
	var charged, returned decimal.Decimal
	for _, o := range b.orders {
		is[o.Status]++
		charged, returned = charged.Add(o.Paid.total()), returned.Add(o.Refunded.total())
	}
	fulfilled := is["completed"] + is["partially_refunded"]
	working := is["paid"] + is["fulfilling"] + is["fulfilment_failed"]
	paid := fulfilled + is["refunded"] + working
	var billed, use, settled decimal.Decimal
	for _, line := range b.lines {
		billed = billed.Add(line.Amount)
		if line.OrderType == "usage_settlement" {
			use, settled = use.Add(line.Amount), settled.Add(line.Quantity)
		}
	}
	log := b.log
	return []equation{
		{"orders", 0, count("placed", log.placed), []term{
			count("paid", paid), count("cancelled", is["cancelled"]), count("expired", is["expired"]), count("unpaid", is["unpaid"]),
		}},
		{"paid orders", 0, count("paid", log.paid), []term{count("fulfilled", fulfilled), count("refunded", is["refunded"]), count("in progress", working)}},
		{"instances", 0, count("created", fulfilled), []term{count("released", log.closed), count("running", log.completed-log.closed)}},
		{"money", 2, term{"CNY in", b.in}, []term{{"billed", billed}, {"left", b.left}}},
		{"bill", 2, term{"CNY billed", billed}, []term{{"paid for orders", charged}, {"given back", returned.Neg()}, {"for use", use}}},
		{"use", 6, term{"seconds reported", log.seconds}, []term{{"seconds settled", settled}}},
	}
}

// print tells what happened, and fails when something does not add up.
func (b *books) print(w io.Writer, services []service) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "\nSERVICE\tOVER\tFAILS\tORDERS\tFULFILLED\tREFUNDED\tNOT PAID")
	for _, s := range services {
		var n, fulfilled, refunded, unpaid int
		for _, o := range b.orders {
			if len(o.Lines) == 0 || o.Lines[0].ProductCode != s.name {
				continue
			}
			n++
			switch o.Status {
			case "completed", "partially_refunded":
				fulfilled++
			case "refunded":
				refunded++
			case "cancelled", "expired", "unpaid":
				unpaid++
			}
		}
		fmt.Fprintf(t, "%s\t%s\t%.0f %%\t%d\t%d\t%d\t%d\n", s.name, s.over, 100*s.failures, n, fulfilled, refunded, unpaid)
	}
	fmt.Fprintln(t)
	var wrong []error
	for _, e := range b.equations() {
		mark := "✓"
		if rest := e.rest(); !rest.IsZero() {
			mark = "✗ " + rest.String() + " too many on the left"
			wrong = append(wrong, fmt.Errorf("%s do not add up: %s", e.of, e))
		}
		fmt.Fprintf(t, "%s\t%s  %s\n", e.of, e, mark)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	lines := strings.Split(b.verify, "\n")
	fmt.Fprintf(w, "\nverify: %s\n", lines[len(lines)-1])
	wrong = append(wrong, b.unfinished()...)
	return errors.Join(wrong...)
}

// unfinished is what the demo should have left behind, and has not, or the other way round.
func (b *books) unfinished() (wrong []error) {
	open := []string{"unpaid", "awaiting_approval", "paid", "fulfilling", "fulfilment_failed"}
	for _, o := range b.orders {
		if slices.Contains(open, o.Status) {
			wrong = append(wrong, fmt.Errorf("order %s is still %s", o.OrderID, o.Status))
		}
	}
	if n := b.log.completed - b.log.closed; n != 0 {
		wrong = append(wrong, fmt.Errorf("%d instances still run", n))
	}
	return wrong
}
