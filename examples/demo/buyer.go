package demo

import (
	"fmt"
	"math/rand/v2"
	"time"

	"orderledger/examples/internal/importfile"
)

const (
	day       = 24 * time.Hour
	payBefore = 7 * day
)

// buyer makes one organisation's history.
type buyer struct {
	organisation
	random   *rand.Rand
	prefix   string
	end      time.Time
	orders   int
	commands []importfile.Command
}

// fate is what becomes of an order.
type fate int

const (
	paidSoon fate = iota // within the hour
	paidLate             // within three days
	cancelled
	abandoned // never paid: expires when its time is up
)

var reasons = []string{"ordered by mistake", "budget not approved", "重复下单", "wrong size", "配置选错", "project postponed"}

func (b *buyer) buy() {
	for date := b.firstDay(); date.Before(b.end); date = date.AddDate(0, 0, 1) {
		for range b.ordersOn(date.Weekday()) {
			at := date.Add(9*time.Hour + time.Duration(b.random.IntN(11*60*60))*time.Second)
			if at.Before(b.end) {
				b.purchase(at, b.anyFate())
			}
		}
	}
	// Whatever the hour and the day, there is something to pay, and this month's
	// bill has a line even if the month began with the end.
	b.purchaseUnpaid(b.end.Add(-time.Duration(20+b.random.IntN(30)) * time.Minute))
	b.purchaseUnpaid(b.end.Add(-time.Duration(20+b.random.IntN(40)) * time.Hour))
	order, _ := b.purchaseOrder(b.end.Add(-time.Duration(5+b.random.IntN(40))*time.Minute), false)
	b.emit("pay", "pay_order", b.end, importfile.OnOrder{OrderID: order.OrderID, OrgID: b.id})
}

// settings come first: what runs out in the history is simply gone, and no days after it are charged.
func (b *buyer) settings() {
	b.emit("settings", "change_settings", b.firstDay(), importfile.Settings{OrgID: b.id})
}

func (b *buyer) firstDay() time.Time {
	return time.Date(b.end.Year(), b.end.Month(), b.end.Day()-historyDays, 0, 0, 0, 0, b.end.Location())
}

func (b *buyer) ordersOn(weekday time.Weekday) int {
	if weekday == time.Saturday || weekday == time.Sunday {
		return b.random.IntN(2)
	}
	return b.perDay - 1 + b.random.IntN(3)
}

func (b *buyer) anyFate() fate {
	switch p := b.random.Float64(); {
	case p < 0.05:
		return cancelled
	case p < 0.08:
		return abandoned
	case p < 0.25:
		return paidLate
	}
	return paidSoon
}

// purchase places an order and, when it is paid, follows its first resource.
func (b *buyer) purchase(at time.Time, f fate) {
	order, bought := b.purchaseOrder(at, true)
	if paidAt, paid := b.settle(order, at, f); paid {
		b.follow(bought, order.OrderID, paidAt)
	}
}

// purchaseUnpaid places an order that costs something and is never paid.
func (b *buyer) purchaseUnpaid(at time.Time) {
	order, _ := b.purchaseOrder(at, false)
	b.settle(order, at, abandoned)
}

// settle ends the order and tells when it was paid; what would come after the
// history's end does not happen.
func (b *buyer) settle(order importfile.Order, at time.Time, f fate) (time.Time, bool) {
	if order.Payable().IsZero() {
		return at, true // paid as it is placed
	}
	body := importfile.OnOrder{OrderID: order.OrderID, OrgID: b.id}
	paidAt := at.Add(time.Duration(40+b.random.IntN(3000)) * time.Second)
	switch f {
	case cancelled:
		body.Reason = pick(b.random, reasons)
		b.emit("cancel", "cancel_order", at.Add(time.Duration(3+b.random.IntN(2*24*60))*time.Minute), body)
		return time.Time{}, false
	case abandoned:
		b.emit("expire", "expire_order", at.Add(payBefore), body)
		return time.Time{}, false
	case paidLate:
		paidAt = at.Add(2*time.Hour + time.Duration(b.random.IntN(70*60))*time.Minute)
	}
	return paidAt, b.emit("pay", "pay_order", paidAt, body)
}

// emit adds a command about the newest order, unless it lies after the end.
func (b *buyer) emit(verb, name string, at time.Time, body any) bool {
	if at.After(b.end) {
		return false
	}
	b.commands = append(b.commands, importfile.Command{
		Key: fmt.Sprintf("%s/%04d/%s", b.prefix, b.orders, verb), Name: name, At: at, Body: body,
	})
	return true
}

func pick[T any](random *rand.Rand, from []T) T { return from[random.IntN(len(from))] }
