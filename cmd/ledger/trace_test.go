package main

import (
	"encoding/csv"
	"encoding/json"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"orderledger/internal/client"
	"orderledger/internal/testkit"
	"orderledger/projections"
)

// TestTraceOfAGPUCluster imports the whole trace twice and checks the ledger that it makes.
func TestTraceOfAGPUCluster(t *testing.T) {
	t.Parallel()
	pods, prices := testkit.SharedData(t, "gpu_pods_2023.csv"), testkit.SharedData(t, "prices_cny_hourly.csv")
	file := filepath.Join(t.TempDir(), "trace.jsonl")
	make := exec.Command("go", "run", "./examples/gpu-trace", "-pods", pods, "-prices", prices, "-out", file)
	make.Dir = testkit.Root(t)
	if out, err := make.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	dir := newData(t)
	d := startDev(t, dir, "--no-demo", "--http", "127.0.0.1:0")
	want := client.Tally{Read: 16_327, Accepted: 16_327}
	if got := importTally(t, must(t, "import", file, "--data", dir)); got.Read != want.Read || got.Accepted != want.Accepted {
		t.Errorf("imported %+v, want %+v", got, want)
	}
	if got := importTally(t, must(t, "import", file, "--data", dir)); got.Replayed != want.Read {
		t.Errorf("imported again %+v, want %d replayed", got, want.Read)
	}

	statuses := map[string]string{"Running": "paid", "Succeeded": "paid", "Failed": "cancelled", "Pending": "expired"}
	expected := map[string]int64{}
	for phase, n := range countColumn(t, pods, "pod_phase") {
		expected[statuses[phase]] += n
	}
	if got := statusCounts(t, d); !maps.Equal(got, expected) {
		t.Errorf("orders by status: %v, want %v", got, expected)
	}
	verifyClean(t, dir)
	d.stop(t)
}

// importTally reads an import's last line on standard output.
func importTally(t *testing.T, stdout string) (tally client.Tally) {
	t.Helper()
	lines := strings.Split(strings.TrimSpace(stdout), "\n")
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &tally); err != nil {
		t.Fatalf("%v: %s", err, stdout)
	}
	return tally
}

// statusCounts counts the orders of every status that there are any of, once the read models are where the log is.
func statusCounts(t *testing.T, d *running) map[string]int64 {
	t.Helper()
	db := testkit.DB{URL: d.file(t, databaseURLFile)}
	reader := projections.NewReader(db.Pool(t, "ledger_reader"), nil)
	if err := reader.WaitFor(t.Context(), readState(t, d.dir).Head.Position, projections.Orders); err != nil {
		t.Fatal(err)
	}
	counts, _, err := reader.StatusCounts(t.Context(), projections.AllOrgs)
	if err != nil {
		t.Fatal(err)
	}
	return counts
}

// countColumn counts the values in a column of a CSV file.
func countColumn(t *testing.T, name, column string) map[string]int64 {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	at := slices.Index(rows[0], column)
	if at < 0 {
		t.Fatalf("%s has no column %s", name, column)
	}
	counts := map[string]int64{}
	for _, row := range rows[1:] {
		counts[row[at]]++
	}
	return counts
}
