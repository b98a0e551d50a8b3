package bench

import (
	"context"
	"fmt"
	"strconv"
	"sync"

	"orderledger/domain"
	"orderledger/handlers"
)

// others is how many of the callers do something else than placing and paying purchases: one in so many.
const others = 5

// mixed measures purchases while others renew and refund theirs, against purchases alone.
func (b *bed) mixed(ctx context.Context, e *executor) error {
	var alone, beside []float64
	for round := range rounds {
		pure, _, err := inTurns(ctx, 256, b.span(), placeAndPay(fmt.Sprint("pure-", round), e.Executor))
		if err != nil {
			return err
		}
		both, _, err := inTurns(ctx, 256, b.span(), withOthers(fmt.Sprint("mixed-", round), e.Executor))
		if err != nil {
			return err
		}
		alone, beside = append(alone, pure), append(beside, both)
	}
	b.report("256 callers, 51 of them with renewals and refunds", median(beside), "commands/s", median(alone))
	return nil
}

// withOthers is the load of placeAndPay, but for every fifth caller, who also renews what it bought, pays that, and has
// the purchase refunded.
func withOthers(run string, e *handlers.Executor) func(context.Context, int, int) error {
	purchases := placeAndPay(run, e)
	var orders sync.Map
	return func(ctx context.Context, caller, turn int) error {
		if caller%others != 0 {
			return purchases(ctx, caller, turn)
		}
		_, err := e.Do(ctx, request(run+"-"+strconv.Itoa(caller)+"-"+strconv.Itoa(turn), lifeOf(&orders, caller, turn)))
		return err
	}
}

// lifeOf is a caller's command of a turn: a purchase, its payment, its renewal, that one's payment, the purchase's refund.
func lifeOf(orders *sync.Map, caller, turn int) domain.Command {
	of := func(what string) string {
		id, _ := orders.Load(what + strconv.Itoa(caller))
		return id.(string)
	}
	switch turn % 5 {
	case 0:
		o := purchase(org(caller))
		o.Lines[0].ResourceID = o.OrderID // a resource of its own
		orders.Store("bought"+strconv.Itoa(caller), o.OrderID)
		return o
	case 1:
		return domain.PayOrder{OrderID: of("bought"), OrgID: org(caller)}
	case 2:
		parent := of("bought")
		o := purchase(org(caller))
		o.OrderType, o.ParentOrderID, o.Lines[0].ResourceID = domain.Renewal, &parent, parent
		o.Lines[0].EffectiveAt, o.Lines[0].ExpiresAt = nil, nil
		orders.Store("renewed"+strconv.Itoa(caller), o.OrderID)
		return o
	case 3:
		return domain.PayOrder{OrderID: of("renewed"), OrgID: org(caller)}
	}
	return domain.RefundOrder{OrderID: of("bought"), OrgID: org(caller), Reason: "bench"}
}
