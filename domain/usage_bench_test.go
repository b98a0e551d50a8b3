package domain_test

import (
	"fmt"
	"testing"
	"time"

	"orderledger/domain"
)

// manyRecords is a report of n records over so many resources, each of an hour of its own within a day.
func manyRecords(n, resources int) (*world, domain.ReportUsage) {
	w := newWorld(inRun{})
	for i := range resources {
		w.opened(noon, fmt.Sprintf("0198c2f0-0000-7000-8000-%012d", i), fmt.Sprint("r-", i), meteredTerm("net", "hour", noon, flat("in", "0.01"), tiered("out", "10", "1.00", "", "0.50")))
	}
	c := report()
	for i := range n {
		c.Records = append(c.Records, used(fmt.Sprint("u-", i), fmt.Sprint("r-", i%resources), []string{"in", "out"}[i%2], "1.25", noon.Add(time.Duration(i%24)*time.Hour)))
	}
	return w, c
}

func BenchmarkReportUsage(b *testing.B) {
	for _, resources := range []int{1, 100, 5000} {
		b.Run(fmt.Sprint(resources, " resources"), func(b *testing.B) {
			w, c := manyRecords(5000, resources)
			clock := domain.Clock{Now: noon.Add(25 * time.Hour), At: noon.Add(25 * time.Hour)}
			b.ReportAllocs()
			for b.Loop() {
				if why := c.Check(); why != nil {
					b.Fatal(why)
				}
				c.Needs(w)
				if _, why := domain.Decide(w, c, clock); why != nil {
					b.Fatal(why)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/5000, "ns/record")
		})
	}
}

func BenchmarkSettleUsage(b *testing.B) {
	w, c := manyRecords(48, 1)
	w.must(noon, topUp("1000.00", "bank"))
	w.must(noon.Add(25*time.Hour), c)
	clock := domain.Clock{Now: noon.Add(25 * time.Hour), At: noon.Add(25 * time.Hour)}
	b.ReportAllocs()
	for b.Loop() {
		if _, why := domain.Decide(w, settle("r-0"), clock); why != nil {
			b.Fatal(why)
		}
	}
}
