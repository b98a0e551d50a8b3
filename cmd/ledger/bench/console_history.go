package bench

import (
	"context"
	"fmt"
	"time"

	"orderledger/domain"
	"orderledger/eventstore"
)

// historyDays is how long the history is that the console shows.
const historyDays = 400

// history makes a log of so many orders as a console finds them: spread over thirteen months, half of them one
// organisation's, most of them paid, some provided, some cancelled or expired, those of the last days unpaid.
func history(ctx context.Context, log *eventstore.Log, orders int) error {
	head, err := log.Head(ctx)
	if err != nil {
		return err
	}
	h := &historian{grower: newGrower(log, head), orders: orders, end: time.Now().UTC().Truncate(time.Microsecond)}
	h.at = h.time(0).Add(-time.Hour)
	for i := range orgs {
		for _, c := range []domain.Command{
			domain.TopUp{OrgID: org(i), Amount: money("9000000000.00"), Currency: "CNY", Reference: "bench"},
			domain.GrantGift{OrgID: org(i), Amount: money("1000.00"), Currency: "CNY", Reason: "welcome"},
			domain.IssueVoucher{OrgID: org(i), VoucherID: fmt.Sprint("voucher-", i), Amount: money("500.00"), Currency: "CNY"},
		} {
			if err := h.do(ctx, c); err != nil {
				return fmt.Errorf("%s: %w", c.Name(), err)
			}
		}
	}
	for i := range orders {
		if err := h.order(ctx, i); err != nil {
			return err
		}
	}
	h.at = h.end
	return h.flush(ctx)
}

type historian struct {
	*grower
	orders int
	end    time.Time
}

// time is when an order is placed.
func (h *historian) time(i int) time.Time {
	whole := historyDays * 24 * time.Hour
	return h.end.Add(-whole + time.Duration(float64(whole)*float64(i)/float64(h.orders))).Truncate(time.Microsecond)
}

// order places an order and gives it its end.
func (h *historian) order(ctx context.Context, i int) error {
	h.at = h.time(i)
	o := h.place(i)
	commands := []domain.Command{o}
	pay := domain.PayOrder{OrderID: o.OrderID, OrgID: o.OrgID}
	recent := h.end.Sub(h.at) < 7*24*time.Hour
	switch {
	case i%20 == 0:
		commands = append(commands, domain.CancelOrder{OrderID: o.OrderID, OrgID: o.OrgID, Reason: "not needed"})
	case i%10 == 1 && recent:
	case i%10 == 1:
		commands = append(commands, domain.ExpireOrder{OrderID: o.OrderID, OrgID: o.OrgID})
	case i%8 == 2:
		commands = append(commands, pay, domain.ReportFulfilment{
			OrderID: o.OrderID, OrgID: o.OrgID, State: "completed", ResourceID: fmt.Sprint("res-", i), EffectiveAt: o.Lines[0].EffectiveAt, ExpiresAt: o.Lines[0].ExpiresAt,
		})
	default:
		commands = append(commands, pay)
	}
	for _, c := range commands {
		placed := h.at
		if c.Name() == "expire_order" {
			h.at = h.at.Add(8 * 24 * time.Hour)
		}
		if err := h.do(ctx, c); err != nil {
			return fmt.Errorf("%s: %w", c.Name(), err)
		}
		h.at = placed
	}
	delete(h.states, domain.OrderRef(o.OrderID))
	delete(h.states, domain.ResourceRef(o.OrgID, fmt.Sprint("res-", i)))
	return nil
}

func (h *historian) place(i int) domain.PlaceOrder {
	of := org(0)
	if mixed := uint32(i) * 2654435761 >> 8; mixed%2 == 1 { // whatever else goes by i
		of = org(1 + int(mixed/2)%(orgs-1))
	}
	o := purchase(of)
	o.ProjectID, o.ConsumerID, o.TradeNo = fmt.Sprint("project-", i%6), fmt.Sprint("user-", i%200), fmt.Sprint("T-", i/3)
	o.Tags = map[string]string{"team": fmt.Sprint("team-", i%8)}
	from, to := h.at, h.at.Add(30*24*time.Hour)
	l := &o.Lines[0]
	l.ProductCode, l.ProductName = fmt.Sprint("product-", i%12), fmt.Sprint("Product ", i%12)
	l.ResourceID, l.ResourceName, l.Region = "", fmt.Sprint("train-", i%1000), fmt.Sprint("region-", i%4)
	l.EffectiveAt, l.ExpiresAt, l.UnitPrice = nil, nil, quantity(fmt.Sprintf("%d.%02d", 1+i%900, i%100))
	if i%8 == 2 {
		l.EffectiveAt, l.ExpiresAt, l.ChargeMode, l.Quantity, l.Unit = &from, &to, domain.ModeDay, quantity("30"), "day"
	}
	return o
}
