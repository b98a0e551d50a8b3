package main

import (
	"crypto/sha256"
	"fmt"
	"strconv"
	"time"

	"github.com/shopspring/decimal"

	"orderledger/examples/internal/importfile"
)

// traceStart is the instant that second 0 of the trace is taken for.
var traceStart = time.Date(2026, time.April, 1, 0, 0, 0, 0, importfile.Shanghai)

const (
	keyPrefix = "gpu-trace"
	day       = 24 * time.Hour
	payBefore = 7 * day
	// A failed pod's order is cancelled when the pod is gone, but while it can be.
	lastCancel = 6 * day
	// Longer lives are bought by the month.
	longestByDay = 30 * day
)

var (
	hoursPerDay   = decimal.NewFromInt(24)
	hoursPerMonth = decimal.NewFromInt(720)
	// Best-effort pods may be evicted at any time, and cost less.
	bestEffortDiscount = decimal.RequireFromString("0.4")
	topUpChunk         = decimal.NewFromInt(100_000)
)

// commands turns pods into a sorted history: each order with its outcome, and
// the top-ups that its payments need.
func commands(pods []pod, prices []instance) ([]importfile.Command, error) {
	var history []importfile.Command
	for _, p := range pods {
		machine, err := smallest(prices, p)
		if err != nil {
			return nil, err
		}
		order := purchase(p, machine)
		history = append(history,
			importfile.Command{Key: key("place", p), Name: "place_order", At: traceStart.Add(p.created), Body: order},
			outcome(p, order))
	}
	importfile.Sort(history)
	chunks := map[string]decimal.Decimal{}
	for _, org := range organisations {
		chunks[org] = topUpChunk
	}
	// Top-ups first: the sort is stable, so money comes before what it pays.
	history = append(importfile.Fund(history, keyPrefix, chunks), history...)
	importfile.Sort(history)
	return history, nil
}

func purchase(p pod, machine instance) importfile.Order {
	created := traceStart.Add(p.created)
	digest := sha256.Sum256([]byte(p.name))
	return importfile.Order{
		OrderID:       importfile.OrderID(created, p.name),
		OrderType:     "purchase",
		OrgID:         organisations[p.qos],
		ProjectID:     project(p),
		ConsumerID:    fmt.Sprintf("user-%02d", digest[0]%24),
		Currency:      "CNY",
		BusinessGroup: "cluster",
		Tags:          map[string]string{"qos": p.qos, "gpus": strconv.Itoa(p.gpus)},
		Lines:         []importfile.OrderLine{orderLine(p, machine, digest[1])},
	}
}

func orderLine(p pod, machine instance, spread byte) importfile.OrderLine {
	created := traceStart.Add(p.created)
	line := importfile.OrderLine{
		ProductCode: "cloud-host", ProductName: "Cloud host", ResourceType: "cloud-host",
		ResourceID: p.name, ResourceName: p.name,
		ResourceExt: map[string]string{"instance_type": machine.name},
		Region:      machine.region, Zone: machine.region + string("abc"[spread%3]),
		NewConfig:   configuration(p),
		Count:       decimal.NewFromInt(1),
		EffectiveAt: created,
	}
	if p.gpus > 0 {
		line.ProductCode, line.ProductName = "gpu-instance", "GPU instance"
	}
	if life := p.deleted - p.created; life <= longestByDay {
		days := max(1, int64((life+day-1)/day))
		line.ChargeMode, line.Unit, line.Quantity = "day", "day", decimal.NewFromInt(days)
		line.UnitPrice = machine.hourly.Mul(hoursPerDay)
		line.ExpiresAt = created.Add(time.Duration(days) * day)
	} else {
		months := 1
		for importfile.AddMonths(created, months).Before(traceStart.Add(p.deleted)) {
			months++
		}
		line.ChargeMode, line.Unit, line.Quantity = "month", "month", decimal.NewFromInt(int64(months))
		line.UnitPrice = machine.hourly.Mul(hoursPerMonth)
		line.ExpiresAt = importfile.AddMonths(created, months)
	}
	if p.qos == "BE" {
		line.DiscountAmount.Decimal = line.ListAmount().Mul(bestEffortDiscount).Round(2)
	}
	return line
}

// outcome is the one command that ends the order, by the pod's phase.
func outcome(p pod, order importfile.Order) importfile.Command {
	created := traceStart.Add(p.created)
	body := importfile.OnOrder{OrderID: order.OrderID, OrgID: order.OrgID}
	switch p.phase {
	case "Pending":
		return importfile.Command{Key: key("expire", p), Name: "expire_order", At: created.Add(payBefore), Body: body}
	case "Failed":
		life := p.deleted - p.created
		body.Reason = fmt.Sprintf("pod failed after %d s", int64(life.Seconds()))
		return importfile.Command{Key: key("cancel", p), Name: "cancel_order", At: created.Add(min(life, lastCancel)), Body: body}
	}
	delay := 5 + time.Duration(sha256.Sum256([]byte(p.name))[2])%55
	return importfile.Command{Key: key("pay", p), Name: "pay_order", At: created.Add(delay * time.Second), Body: body}
}

func configuration(p pod) []importfile.Component {
	parts := []importfile.Component{
		{Component: "CPU", Value: decimal.New(int64(p.cpuMilli), -3).String(), Unit: "core"},
		// 1/1024 has ten decimals, so the division is exact.
		{Component: "Memory", Value: decimal.NewFromInt(int64(p.memoryMiB)).Div(decimal.NewFromInt(1024)).String(), Unit: "GiB"},
	}
	if p.gpus > 0 {
		parts = append(parts, importfile.Component{Component: "GPU", Value: strconv.Itoa(p.gpus), Unit: "card"})
	}
	if p.gpus == 1 && p.gpuMilli < 1000 {
		parts = append(parts, importfile.Component{Component: "GPU share", Value: decimal.New(int64(p.gpuMilli), -3).String(), Unit: "card"})
	}
	return parts
}

func project(p pod) string {
	switch {
	case p.gpus == 0:
		return "cpu-only"
	case p.gpus > 1:
		return "multi-gpu"
	case p.gpuMilli < 1000:
		return "shared-gpu"
	}
	return "whole-gpu"
}

func key(verb string, p pod) string { return keyPrefix + "/" + verb + "/" + p.name }
