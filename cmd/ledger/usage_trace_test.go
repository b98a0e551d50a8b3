package main

import (
	"encoding/csv"
	"fmt"
	"math/big"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"orderledger/internal/testkit"
)

// The two traces as pay-as-you-go. What the ledger's bills come to is worked out here once more, from the rows of the
// CSV files, in fractions: nothing of the ledger's arithmetic, and nothing of the examples' generators, takes part.

// TestPodsAsYouGo meters every pod that ran, settles by the month, refunds those that failed, and closes the months.
func TestPodsAsYouGo(t *testing.T) {
	t.Parallel()
	pods, prices := testkit.SharedData(t, "gpu_pods_2023.csv"), testkit.SharedData(t, "prices_cny_hourly.csv")
	dir, d := importGenerated(t, "./examples/gpu-trace", "-as", "usage", "-pods", pods, "-prices", prices)
	want := podBills(csvRows(t, pods), csvRows(t, prices))
	if len(want) < 10 {
		t.Fatalf("only %d bills to compare", len(want))
	}
	for bill, sum := range want {
		checkBill(t, d, bill, sum)
	}
	awaitClosed(t, d, billOf{"org-ls-usage", "2026-08"})
	verifyClean(t, dir)
	d.stop(t)
}

// TestRequestsAsYouGo meters an hour of requests to a language model, by token, with a price in tiers.
func TestRequestsAsYouGo(t *testing.T) {
	t.Parallel()
	requests := testkit.SharedData(t, "llm_requests_2023.csv")
	dir, d := importGenerated(t, "./examples/llm-usage", "-requests", requests)
	checkBill(t, d, billOf{"org-llm", "2023-11"}, requestsBill(csvRows(t, requests)))
	verifyClean(t, dir)
	d.stop(t)
}

// importGenerated runs a generator and imports what it writes, twice: the second time nothing happens.
func importGenerated(t *testing.T, generator string, args ...string) (dir string, d *running) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "commands.jsonl")
	generate := exec.Command("go", append([]string{"run", generator, "-out", file}, args...)...)
	generate.Dir = testkit.Root(t)
	if out, err := generate.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	dir = newData(t)
	d = startDev(t, dir, "--no-demo", "--http", "127.0.0.1:0")
	first := importTally(t, must(t, "import", file, "--data", dir))
	if first.Accepted == 0 || first.Accepted != first.Read {
		t.Errorf("imported %+v, want all accepted", first)
	}
	if again := importTally(t, must(t, "import", file, "--data", dir)); again.Replayed != first.Read || again.Position != first.Position {
		t.Errorf("imported again %+v, want %d replayed and position %d", again, first.Read, first.Position)
	}
	return dir, d
}

// billOf names an organisation's bill of a month.
type billOf struct{ org, month string }

func checkBill(t *testing.T, d *running, of billOf, want *big.Rat) {
	t.Helper()
	var bill object
	query := url.Values{"org_id": {of.org}, "min_position": {position(t, d)}}
	if err := d.client(t).Get(t.Context(), "/v1/bills/"+of.month, query, &bill); err != nil {
		t.Fatal(err)
	}
	totals := bill.objects("totals")
	if len(totals) != 1 || totals[0].text("amount") != want.FloatString(2) || totals[0].text("cash") != want.FloatString(2) {
		t.Errorf("the bill of %s for %s: %v, want %s", of.org, of.month, totals, want.FloatString(2))
	}
}

// awaitClosed waits for the timers to seal a month that was closed.
func awaitClosed(t *testing.T, d *running, of billOf) {
	t.Helper()
	d.await(t, func() bool {
		var bill object
		if err := d.client(t).Get(t.Context(), "/v1/bills/"+of.month, url.Values{"org_id": {of.org}}, &bill); err != nil {
			t.Fatal(err)
		}
		return bill.text("state") == "closed"
	})
}

// podBills works out every bill: what ran in the month at its price, less what failed and was given back in it.
func podBills(pods, prices []map[string]string) map[billOf]*big.Rat {
	bills := map[billOf]*big.Rat{}
	add := func(org string, month time.Time, x *big.Rat) {
		of := billOf{org, month.Format("2006-01")}
		if bills[of] == nil {
			bills[of] = new(big.Rat)
		}
		bills[of].Add(bills[of], x)
	}
	begin := time.Date(2026, time.April, 1, 0, 0, 0, 0, time.FixedZone("Beijing", 8*3600))
	for _, pod := range pods {
		if pod["scheduled_time"] == "" {
			continue
		}
		org := "org-" + strings.ToLower(pod["qos"]) + "-usage"
		perSecond := new(big.Rat).Quo(cheapest(pod, prices), big.NewRat(3600, 1))
		if pod["qos"] == "BE" {
			perSecond.Mul(perSecond, big.NewRat(6, 10))
		}
		perSecond = rounded(perSecond, 9)
		from, to := begin.Add(seconds(pod["scheduled_time"])), begin.Add(seconds(pod["deletion_time"]))
		month := time.Date(from.Year(), from.Month(), 1, 0, 0, 0, 0, from.Location())
		back := new(big.Rat)
		for ; month.Before(to); month = month.AddDate(0, 1, 0) {
			lived := earlier(to, month.AddDate(0, 1, 0)).Sub(later(from, month))
			amount := rounded(new(big.Rat).Mul(big.NewRat(int64(lived/time.Second), 1), perSecond), 2)
			add(org, month, amount)
			back.Sub(back, amount)
		}
		if pod["pod_phase"] == "Failed" {
			add(org, month, back) // at the end of its last month, which is the next one's beginning
		}
	}
	return bills
}

// cheapest is the hourly price of the cheapest machine that a pod fits on.
func cheapest(pod map[string]string, prices []map[string]string) (best *big.Rat) {
	cpu, memory, cards := whole(pod["cpu_milli"]), whole(pod["memory_mib"]), whole(pod["num_gpu"])
	for _, p := range prices {
		family, size, _ := strings.Cut(p["instance_type"], ".")
		perCore, known := map[string]int{"c6i": 2, "m6i": 4, "r6i": 8, "g4dn": 4, "g5": 4}[family]
		cores := 2
		if n, ok := strings.CutSuffix(size, "xlarge"); ok {
			cores = 4
			if n != "" {
				cores *= whole(n)
			}
		} else if size != "large" {
			known = false
		}
		has := 0
		if family[0] == 'g' {
			has = map[string]int{"g4dn.12xlarge": 4, "g5.12xlarge": 4, "g5.24xlarge": 4, "g5.48xlarge": 8}[p["instance_type"]]
			has = max(has, 1)
		}
		if !known || cores*1000 < cpu || cores*perCore*1024 < memory || has < cards || (has == 0) != (cards == 0) {
			continue
		}
		if price, _ := new(big.Rat).SetString(p["cny_per_hour"]); best == nil || price.Cmp(best) < 0 {
			best = price
		}
	}
	return best
}

// requestsBill is what an hour's tokens cost, summed over the hours.
func requestsBill(requests []map[string]string) *big.Rat {
	type use struct{ input, output int64 }
	hours := map[string]*use{}
	for _, r := range requests {
		hour := r["TIMESTAMP"][:13]
		if hours[hour] == nil {
			hours[hour] = &use{}
		}
		hours[hour].input += int64(whole(r["ContextTokens"]))
		hours[hour].output += int64(whole(r["GeneratedTokens"]))
	}
	sum := new(big.Rat)
	for _, u := range hours {
		const bound = 10_000_000
		input := new(big.Rat).Mul(big.NewRat(min(u.input, bound), 1), big.NewRat(2, 1_000_000))
		input.Add(input, new(big.Rat).Mul(big.NewRat(max(u.input-bound, 0), 1), big.NewRat(15, 10_000_000)))
		sum.Add(sum, rounded(input, 2))
		sum.Add(sum, rounded(new(big.Rat).Mul(big.NewRat(u.output, 1), big.NewRat(8, 1_000_000)), 2))
	}
	return sum
}

// rounded rounds half away from zero; nothing here is negative.
func rounded(x *big.Rat, digits int64) *big.Rat {
	scale := new(big.Int).Exp(big.NewInt(10), big.NewInt(digits), nil)
	scaled := new(big.Rat).Mul(x, new(big.Rat).SetInt(scale))
	scaled.Add(scaled, big.NewRat(1, 2))
	return new(big.Rat).SetFrac(new(big.Int).Div(scaled.Num(), scaled.Denom()), scale)
}

func csvRows(t *testing.T, name string) (rows []map[string]string) {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	all, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, record := range all[1:] {
		row := map[string]string{}
		for i, column := range all[0] {
			row[column] = record[i]
		}
		rows = append(rows, row)
	}
	return rows
}

func whole(text string) int {
	n, err := strconv.Atoi(text)
	if err != nil {
		panic(fmt.Sprintf("%q is no whole number", text))
	}
	return n
}

func seconds(text string) time.Duration { return time.Duration(whole(text)) * time.Second }

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
