package client

import (
	"context"
	"time"
)

// Order is an order as the ledger has it.
type Order struct {
	OrderID       string            `json:"order_id"`
	OrgID         string            `json:"org_id"`
	OrderType     string            `json:"order_type"`
	Status        string            `json:"status"`
	ProjectID     string            `json:"project_id"`
	ConsumerID    string            `json:"consumer_id"`
	Currency      string            `json:"currency"`
	TradeNo       string            `json:"trade_no"`
	BusinessGroup string            `json:"business_group"`
	Tags          map[string]string `json:"tags"`
	ParentOrderID string            `json:"parent_order_id"`
	Lines         []OrderLine       `json:"lines"`
	ListAmount    Number            `json:"list_amount"`
	PayableAmount Number            `json:"payable_amount"`
	Paid          Funds             `json:"paid"`
	CreatedAt     time.Time         `json:"created_at"`
	PayBefore     *time.Time        `json:"pay_before"`
	PaidAt        *time.Time        `json:"paid_at"`
	// Version counts the order's events, Position is that of the last.
	Version  int64 `json:"version"`
	Position int64 `json:"position"`
	// AsOf is the position up to which all is known.
	AsOf int64 `json:"as_of_position"`
}

// OrderLine is a line of an order that was placed.
type OrderLine struct {
	Line
	LineNo        int    `json:"line_no"`
	ListAmount    Number `json:"list_amount"`
	PayableAmount Number `json:"payable_amount"`
	// Corrects is the bill line that this one takes back or sets right.
	Corrects string `json:"corrects,omitempty"`
	Prorated bool   `json:"prorated,omitempty"`
}

// Funds are an amount by what it was paid from.
type Funds struct {
	Cash    Number `json:"cash"`
	Gift    Number `json:"gift"`
	Voucher Number `json:"voucher"`
}

// Total is the sum.
func (f Funds) Total() Number {
	return NumberOf(f.Cash.Decimal().Add(f.Gift.Decimal()).Add(f.Voucher.Decimal()))
}

// The statuses of an order.
const (
	StatusAwaitingApproval  = "awaiting_approval"
	StatusUnpaid            = "unpaid"
	StatusPaid              = "paid"
	StatusFulfilling        = "fulfilling"
	StatusFulfilmentFailed  = "fulfilment_failed"
	StatusCompleted         = "completed"
	StatusCancelled         = "cancelled"
	StatusExpired           = "expired"
	StatusVoided            = "voided"
	StatusPartiallyRefunded = "partially_refunded"
	StatusRefunded          = "refunded"
)

// decided says whether the order is paid, or never will be.
func (o *Order) decided() bool {
	return o.Status != "" && o.Status != StatusUnpaid && o.Status != StatusAwaitingApproval
}

// Order reads an order, with everything that this client's own commands did. Over NATS it is made from the order's last
// events: what fulfilment filled into lines is not there, and a refund is not told from a refund in part.
func (c *Client) Order(ctx context.Context, orderID string) (o Order, err error) {
	err = c.persist(ctx, GiveUpAfter, func(ctx context.Context) (err error) {
		o, err = c.via.order(ctx, orderID, c.seen.Load())
		return err
	})
	return o, err
}

// WaitPaid returns an order as soon as it is paid, for however long that takes: only ctx ends it earlier. An order that never
// will be paid is a *[NotPaid]. The order's Status may have gone on by the time it is returned. An order that does not
// exist is refused (not_found) over HTTP; over NATS it is waited for.
func (c *Client) WaitPaid(ctx context.Context, orderID string) (Order, error) {
	ctx, stop := c.while(ctx)
	defer stop()
	var p pauses
	for {
		o, err := c.via.decided(ctx, orderID, c.seen.Load())
		switch {
		case err == nil:
			switch o.Status {
			case StatusCancelled, StatusExpired, StatusVoided:
				return o, &NotPaid{o}
			}
			return o, nil
		case ctx.Err() != nil:
			return Order{}, context.Cause(ctx)
		case IsRefused(err):
			return Order{}, err
		}
		if err := p.wait(ctx, 0); err != nil {
			return Order{}, err
		}
	}
}
