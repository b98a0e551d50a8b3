package main

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/shopspring/decimal"

	"orderledger/examples/internal/importfile"
)

const meter = "running"

var (
	secondsPerHour = decimal.NewFromInt(3600)
	// What is left of the price where pods may be reclaimed.
	spotShare      = decimal.NewFromInt(1).Sub(bestEffortDiscount)
	secondDecimals = int32(9)
	usageChunk     = decimal.NewFromInt(1000)
)

// month is what happens to an organisation's bill at a month's end.
type month struct {
	org     string
	start   time.Time
	records []importfile.Record
	total   decimal.Decimal
	settled []importfile.Command
	refunds []importfile.Command
}

// usageHistory gathers the commands: openings as they happen, all else by month.
type usageHistory struct {
	openings []importfile.Command
	months   map[string]*month
}

// usageCommands turns the pods that ran into pay-as-you-go resources: opened when they were scheduled, metered until
// they were deleted, settled by the month, and refunded where they failed.
func usageCommands(pods []pod, prices []instance) ([]importfile.Command, error) {
	h := &usageHistory{months: map[string]*month{}}
	for _, p := range pods {
		machine, err := smallest(prices, p)
		if err != nil {
			return nil, err
		}
		if p.ran && p.deleted > p.scheduled {
			h.run(p, opening(p, machine))
		}
	}
	all := h.openings
	for _, name := range slices.Sorted(maps.Keys(h.months)) {
		all = append(all, h.months[name].commands()...)
	}
	importfile.Sort(all)
	return all, nil
}

// opening is the order of 0 that a pod's use is settled against.
func opening(p pod, machine instance) importfile.Order {
	order := purchase(p, machine)
	order.OrgID += "-usage"
	order.OrderID = importfile.OrderID(traceStart.Add(p.scheduled), "usage/"+p.name)
	price := machine.hourly.Div(secondsPerHour)
	line := &order.Lines[0]
	line.ChargeMode = "hour"
	if p.qos == "BE" {
		line.ChargeMode, price = "spot", price.Mul(spotShare)
	}
	price = price.Round(secondDecimals)
	line.Quantity, line.Unit, line.UnitPrice = decimal.Zero, "second", decimal.Zero
	line.DiscountAmount = importfile.Amount{}
	line.Cycle = "month"
	line.Meters = []importfile.Meter{{Meter: meter, Unit: "second", UnitPrice: &price}}
	line.EffectiveAt, line.ExpiresAt = traceStart.Add(p.scheduled), time.Time{}
	return order
}

// run meters a pod in each month that it ran in.
func (h *usageHistory) run(p pod, order importfile.Order) {
	from, end := traceStart.Add(p.scheduled), traceStart.Add(p.deleted)
	h.openings = append(h.openings, importfile.Command{Key: key("open", p), Name: "place_order", At: from, Body: order})
	last := monthOf(end.Add(-1))
	events := 0 // of the resource, when a month is settled: its opening, and a report and a settlement each month
	for from.Before(end) {
		events += 2
		start := monthOf(from)
		next := importfile.AddMonths(start, 1)
		to := next
		if end.Before(to) {
			to = end
		}
		h.use(p, order, use{start, last, from, to, events})
		from = next
	}
}

// use is what a pod ran in a month, of which last is its last.
type use struct {
	month, last, from, to time.Time
	events                int
}

// use meters a part of a month. Its settlement is refunded at the end of the last month, if the pod failed.
func (h *usageHistory) use(p pod, order importfile.Order, u use) {
	m := h.at(order.OrgID, u.month)
	seconds := decimal.NewFromInt(int64(u.to.Sub(u.from) / time.Second))
	amount := seconds.Mul(*order.Lines[0].Meters[0].UnitPrice).Round(2)
	label := u.month.Format("2006-01")
	m.total = m.total.Add(amount)
	m.records = append(m.records, importfile.Record{
		RecordID: p.name + "/" + label, ResourceID: p.name, Meter: meter, Quantity: seconds, Unit: "second", From: u.from, To: u.to,
	})
	m.settled = append(m.settled, importfile.Command{
		Key: key("settle/"+label, p), Name: "settle_usage", Body: importfile.OnResource{OrgID: order.OrgID, ResourceID: p.name},
	})
	if p.phase != "Failed" || amount.IsZero() {
		return
	}
	m = h.at(order.OrgID, u.last)
	m.refunds = append(m.refunds, importfile.Command{
		Key: key("refund/"+label, p), Name: "refund_order", Body: importfile.RefundOrder{
			OrderID: importfile.SettlementID(order.OrgID, p.name, u.events), OrgID: order.OrgID,
			Amount: importfile.Amount{Decimal: amount}, Reason: "the pod failed",
		},
	})
}

func (h *usageHistory) at(org string, start time.Time) *month {
	name := org + start.Format("/2006-01")
	if h.months[name] == nil {
		h.months[name] = &month{org: org, start: start}
	}
	return h.months[name]
}

// commands are the month's end: money, the records, their settlement, the month's closing, and refunds.
func (m *month) commands() []importfile.Command {
	end, label := importfile.AddMonths(m.start, 1), m.start.Format("2006-01")
	name := keyPrefix + "/" + m.org + "/" + label
	all := []importfile.Command{{Key: name + "/top-up", Name: "top_up", At: end, Body: importfile.TopUp{
		OrgID: m.org, Amount: importfile.Amount{Decimal: m.total.Div(usageChunk).Ceil().Mul(usageChunk)}, Currency: "CNY", Reference: "bank/" + name,
	}}}
	for chunk := range slices.Chunk(m.records, importfile.RecordsPerLine) {
		all = append(all, importfile.Command{
			Key: fmt.Sprintf("%s/report/%d", name, len(all)), Name: "report_usage", At: end, Body: importfile.Usage{OrgID: m.org, Records: chunk},
		})
	}
	for i := range m.settled {
		m.settled[i].At = end.Add(time.Minute)
	}
	for i := range m.refunds {
		m.refunds[i].At = end.Add(3 * time.Minute)
	}
	all = append(all, m.settled...)
	all = append(all, importfile.Command{
		Key: name + "/close", Name: "close_period", At: end.Add(2 * time.Minute), Body: importfile.ClosePeriod{OrgID: m.org, Period: label},
	})
	return append(all, m.refunds...)
}

func monthOf(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), 1, 0, 0, 0, 0, t.Location())
}
