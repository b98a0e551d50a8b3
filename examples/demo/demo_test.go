package demo

import (
	"bytes"
	"slices"
	"testing"
	"time"

	"orderledger/examples/internal/importcheck"
)

// Ends that could trip calendar arithmetic, beside an ordinary one.
var ends = []string{
	"2026-11-20T18:00:00+08:00",
	"2026-12-01T00:00:00+08:00", // the month begins with the end
	"2028-02-29T23:00:00+08:00",
	"2026-08-31T03:00:00Z",
	"2027-01-02T12:00:00+08:00", // a Saturday
}

func TestEveryEndIsAGoodImport(t *testing.T) {
	for _, text := range ends {
		t.Run(text, func(t *testing.T) {
			t.Parallel()
			end := parse(t, text)
			var file bytes.Buffer
			if err := Write(&file, end); err != nil {
				t.Fatal(err)
			}
			size := file.Len()
			report, err := importcheck.Read(&file)
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("%d bytes, %+v", size, *report)
			lines := 0
			for _, n := range report.Commands {
				lines += n
			}
			if lines < 4000 || lines > 6000 || size > 4_000_000 {
				t.Errorf("%d commands in %d bytes, want 4,000 to 6,000 in at most 4 MB", lines, size)
			}
			checkVariety(t, report)
			checkTimes(t, report, end)
		})
	}
}

func checkVariety(t *testing.T, r *importcheck.Report) {
	t.Helper()
	atLeast := func(what string, counts map[string]int, n int, keys ...string) {
		for _, key := range keys {
			if counts[key] < n {
				t.Errorf("%s: %d of %s, want at least %d", what, counts[key], key, n)
			}
		}
	}
	atLeast("commands", r.Commands, 30, "top_up", "place_order", "pay_order", "cancel_order", "expire_order")
	atLeast("order types", r.Types, 30, "purchase", "renewal", "upgrade")
	atLeast("charge modes", r.ChargeModes, 5, "year", "month", "day", "prepaid_30d", "trial", "gift")
	atLeast("products", r.Products, 50, "gpu-instance", "cloud-host", "vector-db", "object-storage-pack", "model-service")
	atLeast("orders", r.Currencies, 200, "org-lumen-ai CNY", "org-harvest-retail CNY", "org-pixelforge CNY", "org-pixelforge USD", "org-lakeside-university CNY")
	atLeast("statuses", r.Orders, 8, "unpaid") // two from each organisation at least
	if r.FreeOrders < 10 || r.MultiLine < 100 {
		t.Errorf("%d free orders and %d with several lines, want 10 and 100", r.FreeOrders, r.MultiLine)
	}
}

func checkTimes(t *testing.T, r *importcheck.Report, end time.Time) {
	t.Helper()
	if !r.Last.Equal(end) {
		t.Errorf("last command at %s, want %s", r.Last, end)
	}
	if days := end.Sub(r.First).Hours() / 24; days < 180 || days > 184 {
		t.Errorf("the history spans %.1f days, want about 182", days)
	}
	if month := r.Last.Format("2006-01"); r.Months[month] < len(organisations) {
		t.Errorf("%d payments in %s, want one of every organisation", r.Months[month], month)
	}
}

func TestSameEndSameBytes(t *testing.T) {
	t.Parallel()
	var first, again, next bytes.Buffer
	end := parse(t, ends[0])
	for file, end := range map[*bytes.Buffer]time.Time{&first: end, &again: end.UTC(), &next: end.Add(time.Hour)} {
		if err := Write(file, end); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(first.Bytes(), again.Bytes()) {
		t.Error("two runs with one end differ")
	}
	// Two histories may be brought into one ledger.
	both := slices.Concat(bytes.SplitAfter(first.Bytes(), []byte("\n")), bytes.SplitAfter(next.Bytes(), []byte("\n")))
	seen := map[string]bool{}
	for _, line := range both {
		key, _, _ := bytes.Cut(line, []byte(`","command"`))
		if len(key) > 0 && seen[string(key)] {
			t.Fatalf("%s stands in the histories of both ends", key)
		}
		seen[string(key)] = true
	}
}

func TestEndMustBeAWholeHour(t *testing.T) {
	t.Parallel()
	for _, end := range []time.Time{{}, parse(t, "2026-11-20T18:30:00+08:00"), parse(t, "2026-11-20T18:00:00.5+08:00")} {
		if err := Write(new(bytes.Buffer), end); err == nil {
			t.Errorf("end %s was taken", end)
		}
	}
}

func parse(t *testing.T, text string) time.Time {
	t.Helper()
	end, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	return end
}
