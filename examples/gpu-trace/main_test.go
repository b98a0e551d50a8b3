package main

import (
	"bytes"
	"errors"
	"flag"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"orderledger/examples/internal/importcheck"
)

var update = flag.Bool("update", false, "write the golden file anew")

func TestGolden(t *testing.T) {
	var got bytes.Buffer
	args := []string{"-pods", "testdata/pods.csv", "-prices", "testdata/prices.csv"}
	if err := run(args, &got, io.Discard); err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile("testdata/golden.jsonl", got.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile("testdata/golden.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got.Bytes(), want) {
		t.Fatalf("differs from testdata/golden.jsonl (-update writes it):\n%s", got.Bytes())
	}
	if _, err := importcheck.Read(&got); err != nil {
		t.Fatal(err)
	}
}

// The whole trace, when it lies beside the repository.
func TestTrace(t *testing.T) {
	data := filepath.Join("..", "..", "..", "shared", "data")
	pods := filepath.Join(data, "gpu_pods_2023.csv")
	if _, err := os.Stat(pods); errors.Is(err, fs.ErrNotExist) {
		t.Skipf("the trace is not there: %v", err)
	}
	out := filepath.Join(t.TempDir(), "trace.jsonl")
	if err := run([]string{"-pods", pods, "-prices", filepath.Join(data, "prices_cny_hourly.csv"), "-out", out}, nil, io.Discard); err != nil {
		t.Fatal(err)
	}
	file, err := os.Open(out)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	report, err := importcheck.Read(file)
	if err != nil {
		t.Fatal(err)
	}
	if got := report.Commands["place_order"]; got != 8152 {
		t.Errorf("%d orders placed, want 8152", got)
	}
	want := map[string]int{"paid": 5193 + 192, "cancelled": 1870, "expired": 897}
	if !maps.Equal(report.Orders, want) {
		t.Errorf("orders by status %v, want %v", report.Orders, want)
	}
	organisations := map[string]int{"org-ls CNY": 4647, "org-be CNY": 3398, "org-burstable CNY": 100, "org-guaranteed CNY": 7}
	if !maps.Equal(report.Currencies, organisations) {
		t.Errorf("orders by organisation %v, want %v", report.Currencies, organisations)
	}
	if report.FreeOrders != 0 {
		t.Errorf("%d orders cost nothing", report.FreeOrders)
	}
	if last := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC); report.Last.After(last) {
		t.Errorf("last command at %s, want before %s", report.Last, last)
	}
}

func TestBadInput(t *testing.T) {
	const podHeader = "name,cpu_milli,memory_mib,num_gpu,gpu_milli,qos,pod_phase,creation_time,deletion_time,scheduled_time\n"
	const good = "a,1000,1024,0,0,LS,Running,0,60,0\n"
	for name, c := range map[string]struct{ pods, want string }{
		"column":    {"name,cpu_milli\n", "row 1: column memory_mib is missing"},
		"number":    {podHeader + good + "b,1e3,1024,0,0,LS,Running,0,60,0\n", `row 3: cpu_milli "1e3" is not a whole number`},
		"negative":  {podHeader + "b,1000,-1,0,0,LS,Running,0,60,0\n", `row 2: memory_mib "-1"`},
		"class":     {podHeader + "b,1000,1024,0,0,XX,Running,0,60,0\n", `row 2: qos "XX"`},
		"phase":     {podHeader + "b,1000,1024,0,0,LS,Gone,0,60,0\n", `row 2: pod_phase "Gone"`},
		"times":     {podHeader + "b,1000,1024,0,0,LS,Running,60,0,0\n", "row 2: deletion_time 0 is before creation_time 60"},
		"scheduled": {podHeader + "b,1000,1024,0,0,LS,Running,0,60,61\n", `row 2: scheduled_time "61" is not a whole number between`},
		"far":       {podHeader + "b,1000,1024,0,0,LS,Running,0,99999999999,0\n", "row 2: deletion_time 99999999999 is more than 210 days"},
		"twice":     {podHeader + good + good, `row 3: name "a" stands in an earlier row too`},
		"name":      {podHeader + "\"a b\",1000,1024,0,0,LS,Running,0,60,0\n", `row 2: name "a b"`},
		"fields":    {podHeader + "b,1000\n", "record on line 2: wrong number of fields"},
		"empty":     {"", "read the header: EOF"},
		"too large": {podHeader + "b,999000,1024,0,0,LS,Running,0,60,0\n", "no instance type of the price list holds pod b: 999000 milli-CPU"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			pods, out := filepath.Join(dir, "pods.csv"), filepath.Join(dir, "out.jsonl")
			if err := os.WriteFile(pods, []byte(c.pods), 0o600); err != nil {
				t.Fatal(err)
			}
			err := run([]string{"-pods", pods, "-prices", "testdata/prices.csv", "-out", out}, nil, io.Discard)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("error %v, want %q", err, c.want)
			}
			if _, err := os.Stat(out); err == nil {
				t.Error("a file was written all the same")
			}
		})
	}
}

func TestBadPrices(t *testing.T) {
	for prices, want := range map[string]string{
		"region,instance_type,cny_per_hour\nx,c6i.large,free\n": `row 2: cny_per_hour "free" is not a positive decimal`,
		"region,instance_type,cny_per_hour\nx,t2.nano,0.05\n":   "no instance type of a known family",
	} {
		if _, err := readPrices(strings.NewReader(prices)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}
