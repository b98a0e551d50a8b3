package main

import (
	"fmt"

	"orderledger/client"
)

// orderID is the same for the same number, whoever asks.
func (o *options) orderID(n int) string {
	return client.OrderID(o.name, fmt.Sprint(o.seed, "/", n))
}

// order is the service's own order of a number: an instance that is paid for by the month, and by the second that it runs.
func (o *options) order(n int) client.PlaceOrder {
	line := client.Line{
		ProductCode: o.name, ProductName: "Instance of " + o.name, ResourceType: "instance", Count: "1",
		ChargeMode: "month", Quantity: "1", Unit: "month", UnitPrice: client.Number(fmt.Sprint(20 + n%5)),
	}
	metered := line
	metered.BillingItem, metered.ChargeMode, metered.Quantity, metered.UnitPrice = "running", "metered", "0", "0"
	metered.Unit, metered.Cycle = "second", "hour"
	metered.Meters = []client.Meter{{Meter: "running", Unit: "second", UnitPrice: "0.01"}}
	return client.PlaceOrder{
		OrderID: o.orderID(n), OrgID: o.org, OrderType: "purchase", ProjectID: "default", ConsumerID: "user-1", Currency: "CNY",
		Lines: []client.Line{line, metered},
	}
}
