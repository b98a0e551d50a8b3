package demo

import (
	"github.com/shopspring/decimal"

	"orderledger/examples/internal/importfile"
)

// product is a ladder of sizes; an upgrade goes one step up.
type product struct {
	code, name, resourceType string
	idPrefix                 string
	hasAddress               bool // machines have a private address
	sizes                    []size
}

type size struct {
	config []importfile.Component
	month  decimal.Decimal // CNY
}

var (
	gpuInstance = product{"gpu-instance", "GPU instance", "gpu-host", "gpu", true, []size{
		machine("2860.50", "8", "64", "1"), machine("5699.00", "16", "128", "2"),
		machine("11288.00", "32", "256", "4"), machine("22350.00", "64", "512", "8"),
	}}
	cloudHost = product{"cloud-host", "Cloud host", "cloud-host", "ins", true, []size{
		machine("86.40", "2", "4", ""), machine("168.80", "4", "8", ""),
		machine("331.60", "8", "16", ""), machine("655.20", "16", "32", ""),
	}}
	vectorDB = product{"vector-db", "Vector database", "vector-db", "vdb", false, []size{
		single("518.40", "CU", "1", "CU"), single("1036.80", "CU", "2", "CU"),
		single("2073.60", "CU", "4", "CU"), single("4147.20", "CU", "8", "CU"),
	}}
	storagePack = product{"object-storage-pack", "Object storage pack", "resource-pack", "osp", false, []size{
		single("45.00", "Capacity", "500", "GiB"), single("88.99", "Capacity", "1024", "GiB"),
		single("435.00", "Capacity", "5120", "GiB"), single("859.90", "Capacity", "10240", "GiB"),
	}}
	modelService = product{"model-service", "Model service pack", "resource-pack", "msp", false, []size{
		single("39.90", "Tokens", "10", "million"), single("188.00", "Tokens", "50", "million"),
		single("359.00", "Tokens", "100", "million"), single("1688.00", "Tokens", "500", "million"),
	}}
)

func machine(month, cpu, memory, gpus string) size {
	config := []importfile.Component{{Component: "CPU", Value: cpu, Unit: "core"}, {Component: "Memory", Value: memory, Unit: "GiB"}}
	if gpus != "" {
		config = append(config, importfile.Component{Component: "GPU", Value: gpus, Unit: "card"})
	}
	return size{config, decimal.RequireFromString(month)}
}

func single(month, component, value, unit string) size {
	return size{[]importfile.Component{{Component: component, Value: value, Unit: unit}}, decimal.RequireFromString(month)}
}

var (
	yuanPerDollar  = decimal.RequireFromString("7.2")
	monthsPerYear  = decimal.NewFromInt(10) // two months are free
	fullDays       = decimal.NewFromInt(25) // what a month costs, bought by the day
	daysPerMonth   = decimal.NewFromInt(30)
	priceDecimals  = int32(6)
	dollarDecimals = int32(2)
)

// monthly is the price of a month in the currency.
func (s size) monthly(currency string) decimal.Decimal {
	if currency == "USD" {
		return s.month.Div(yuanPerDollar).Round(dollarDecimals)
	}
	return s.month
}

// unitPrice is the price of one unit of the charge mode.
func (s size) unitPrice(mode, currency string) decimal.Decimal {
	month := s.monthly(currency)
	switch mode {
	case "year":
		return month.Mul(monthsPerYear)
	case "month", "prepaid_30d":
		return month
	case "day":
		return month.Div(fullDays).Round(priceDecimals)
	}
	return decimal.Zero // trial, gift
}
