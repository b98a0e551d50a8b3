package importfile

import (
	"fmt"
	"time"

	"github.com/shopspring/decimal"
)

// Fund returns the top-ups that the payments among the commands need. The
// commands must be sorted by time. An account that would fall short is topped
// up an hour before that payment, by whole multiples of the chunk its
// organisation is used to; prefix begins every key and bank reference.
func Fund(commands []Command, prefix string, chunk map[string]decimal.Decimal) []Command {
	type account struct{ org, currency string }
	balance := map[account]decimal.Decimal{}
	transfers := map[account]int{}
	orders := map[string]Order{}
	var topUps []Command
	for _, c := range commands {
		if order, ok := c.Body.(Order); ok {
			orders[order.OrderID] = order
		}
		if c.Name != "pay_order" {
			continue
		}
		order := orders[c.Body.(OnOrder).OrderID]
		payer := account{order.OrgID, order.Currency}
		left := balance[payer].Sub(order.Payable())
		if left.IsNegative() {
			size := chunk[order.OrgID]
			amount := left.Neg().Div(size).Floor().Add(decimal.NewFromInt(1)).Mul(size)
			transfers[payer]++
			topUps = append(topUps, topUp(c.At.Add(-time.Hour), prefix, order, amount, transfers[payer]))
			left = left.Add(amount)
		}
		balance[payer] = left
	}
	return topUps
}

func topUp(at time.Time, prefix string, order Order, amount decimal.Decimal, n int) Command {
	return Command{
		Key:  fmt.Sprintf("%s/top-up/%s/%s/%04d", prefix, order.OrgID, order.Currency, n),
		Name: "top_up",
		At:   at,
		Body: TopUp{
			OrgID: order.OrgID, Amount: Amount{amount}, Currency: order.Currency,
			Reference: fmt.Sprintf("bank/%s/%s/%s/%04d", prefix, order.OrgID, order.Currency, n),
		},
	}
}
