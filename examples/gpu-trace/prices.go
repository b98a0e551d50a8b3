package main

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/shopspring/decimal"
)

// instance is a machine type of the price list that a pod can be bought as.
type instance struct {
	name   string
	region string
	vcpus  int
	memory int             // GiB
	gpus   int             // cards
	hourly decimal.Decimal // CNY
}

// families are the ones pods are mapped to: one current generation of each
// ratio of memory to processor, and two kinds of GPU machine. The price list
// names types only; what they consist of follows from family and size.
var families = map[string]struct {
	memoryPerVCPU int            // GiB
	gpus          map[string]int // by size; nil: none
}{
	"c6i":  {2, nil},
	"m6i":  {4, nil},
	"r6i":  {8, nil},
	"g4dn": {4, map[string]int{"xlarge": 1, "2xlarge": 1, "4xlarge": 1, "8xlarge": 1, "12xlarge": 4, "16xlarge": 1}},
	"g5":   {4, map[string]int{"xlarge": 1, "2xlarge": 1, "4xlarge": 1, "8xlarge": 1, "12xlarge": 4, "16xlarge": 1, "24xlarge": 4, "48xlarge": 8}},
}

// readPrices returns the instance types of the known families, cheapest first
// (equal prices by name). It wants the columns region, instance_type and
// cny_per_hour.
func readPrices(r io.Reader) ([]instance, error) {
	var list []instance
	err := eachRow(r, []string{"region", "instance_type", "cny_per_hour"}, func(field map[string]string) error {
		hourly, err := decimal.NewFromString(field["cny_per_hour"])
		if err != nil || hourly.Sign() <= 0 {
			return fmt.Errorf("cny_per_hour %q is not a positive decimal", field["cny_per_hour"])
		}
		if one, known := parseInstance(field["instance_type"]); known {
			one.region, one.hourly = field["region"], hourly
			list = append(list, one)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return nil, errors.New("no instance type of a known family (c6i, m6i, r6i, g4dn, g5)")
	}
	slices.SortFunc(list, func(a, b instance) int {
		if c := a.hourly.Cmp(b.hourly); c != 0 {
			return c
		}
		return strings.Compare(a.name, b.name)
	})
	return list, nil
}

// parseInstance reads "g5.12xlarge": large is 2 processors, xlarge 4, Nxlarge
// 4·N. Other families, and machines without a size (metal), are not known.
func parseInstance(name string) (instance, bool) {
	family, size, _ := strings.Cut(name, ".")
	kind, known := families[family]
	if !known {
		return instance{}, false
	}
	vcpus := 0
	switch multiple, isXlarge := strings.CutSuffix(size, "xlarge"); {
	case size == "large":
		vcpus = 2
	case size == "xlarge":
		vcpus = 4
	case isXlarge:
		n, err := strconv.Atoi(multiple)
		if err != nil {
			return instance{}, false
		}
		vcpus = 4 * n
	default:
		return instance{}, false
	}
	return instance{name: name, vcpus: vcpus, memory: vcpus * kind.memoryPerVCPU, gpus: kind.gpus[size]}, true
}

// smallest returns the cheapest type that holds the pod. A pod with a share of
// a card needs a whole one; a pod without cards gets a machine without.
func smallest(list []instance, p pod) (instance, error) {
	for _, one := range list {
		if one.vcpus*1000 >= p.cpuMilli && one.memory*1024 >= p.memoryMiB && one.gpus >= p.gpus && (one.gpus > 0) == (p.gpus > 0) {
			return one, nil
		}
	}
	return instance{}, fmt.Errorf("no instance type of the price list holds pod %s: %d milli-CPU, %d MiB, %d GPU", p.name, p.cpuMilli, p.memoryMiB, p.gpus)
}

// eachRow hands every row of a CSV file with a header to fn, as fields by
// column. Columns may stand in any order, and there may be more of them. Errors
// name the file's row; the header is row 1.
func eachRow(r io.Reader, columns []string, fn func(map[string]string) error) error {
	reader := csv.NewReader(r)
	reader.ReuseRecord = true
	header, err := reader.Read()
	if err != nil {
		return fmt.Errorf("read the header: %w", err)
	}
	at := map[string]int{}
	for i, name := range header {
		at[name] = i
	}
	for _, name := range columns {
		if _, found := at[name]; !found {
			return fmt.Errorf("row 1: column %s is missing", name)
		}
	}
	field := map[string]string{}
	for {
		record, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err // names its line
		}
		for _, name := range columns {
			field[name] = record[at[name]]
		}
		if err := fn(field); err != nil {
			row, _ := reader.FieldPos(0)
			return fmt.Errorf("row %d: %w", row, err)
		}
	}
}
