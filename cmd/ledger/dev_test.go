package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"orderledger/examples/demo"
	"orderledger/examples/ucloud"
	"orderledger/internal/client"
)

func TestDevStartsStopsAndGoesOn(t *testing.T) {
	t.Parallel()
	dir := newData(t)
	d := startDev(t, dir, "--no-demo", "--http", "127.0.0.1:0")
	for _, name := range []string{httpAddrFile, natsURLFile, databaseURLFile, adminKeyFile} {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil || info.Mode() != 0o600 {
			t.Errorf("%s: %v, %v", name, info, err)
		}
	}
	resp, err := http.Get("http://" + d.file(t, httpAddrFile) + "/readyz")
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("not ready although http.addr is there: %v, %v", resp, err)
	}
	resp.Body.Close()

	second := ledger(t, "dev", "--data", dir, "--http", "127.0.0.1:0", "--nats", "127.0.0.1:0")
	if pid := strconv.Itoa(d.cmd.Process.Pid); second.code != exitFailed || !strings.Contains(second.stderr, "process "+pid) {
		t.Errorf("a second dev on the folder: %+v, want exit 1 and the pid %s", second, pid)
	}
	busy := ledger(t, "dev", "--data", newData(t), "--http", d.file(t, httpAddrFile), "--nats", "127.0.0.1:0")
	if busy.code != exitFailed || !strings.Contains(busy.stderr, "address already in use") {
		t.Errorf("a dev on a taken port: %+v", busy)
	}

	orderID := orderByHand(t, dir)
	key := d.file(t, adminKeyFile)
	d.stop(t)

	// Commands on the database bring its servers up by themselves.
	if s := readState(t, dir); s.Head.Position != 4 || s.Relay == nil || s.Relay.Lag != 0 {
		t.Errorf("after the stop: %+v", s)
	}
	verifyClean(t, dir)

	d = startDev(t, dir, "--no-demo", "--http", "127.0.0.1:0")
	if again := d.file(t, adminKeyFile); again != key {
		t.Error("the second start made another platform key")
	}
	if out := must(t, "order", "get", orderID, "--data", dir); !strings.Contains(out, "paid") {
		t.Errorf("the order after a restart:\n%s", out)
	}
	d.stop(t)
}

// orderByHand tops up, places and pays as a person would, and looks at the result in every way there is.
func orderByHand(t *testing.T, dir string) (orderID string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "order.json")
	order := `{"org_id":"org-acme","order_type":"purchase","project_id":"p","consumer_id":"c","currency":"CNY",
		"lines":[{"product_code":"gpu","product_name":"GPU","resource_type":"host","resource_id":"r-1","count":"1",
		"charge_mode":"month","quantity":"2","unit":"month","unit_price":"14.43"}]}`
	if err := os.WriteFile(file, []byte(order), 0o600); err != nil {
		t.Fatal(err)
	}
	at := []string{"--data", dir}
	with := func(args ...string) []string { return append(args, at...) }
	var placed struct {
		OrderID string `json:"order_id"`
		Status  string `json:"status"`
	}
	if err := json.Unmarshal([]byte(must(t, with("order", "place", file, "--json")...)), &placed); err != nil || placed.Status != "unpaid" {
		t.Fatalf("placed %+v, %v", placed, err)
	}
	short := ledger(t, with("order", "pay", placed.OrderID)...)
	if short.code != exitConflict || !strings.Contains(short.stderr, "insufficient_funds") {
		t.Errorf("paying from nothing: %+v, want exit 5", short)
	}
	must(t, with("account", "top-up", "org-acme", "--amount", "30.00", "--reference", "bank-1")...)
	if out := must(t, with("order", "pay", placed.OrderID)...); !strings.Contains(out, "paid") {
		t.Errorf("paid:\n%s", out)
	}
	at = append(at, "--min-position", strconv.FormatInt(readState(t, dir).Head.Position, 10))
	for args, want := range map[string]string{
		"order list":               placed.OrderID,
		"order list --status paid": placed.OrderID,
		"account get org-acme":     "1.14",
		"account entries org-acme": "-28.86",
		"bill lines":               "28.86",
	} {
		if out := must(t, with(strings.Fields(args)...)...); !strings.Contains(out, want) {
			t.Errorf("%s: no %s in\n%s", args, want, out)
		}
	}
	if out := must(t, with("order", "list", "--status", "cancelled", "--json")...); strings.TrimSpace(out) != "[]" {
		t.Errorf("an empty list is %q", out)
	}
	return placed.OrderID
}

func TestExitCodes(t *testing.T) {
	t.Parallel()
	dir := newData(t)
	d := startDev(t, dir, "--no-demo", "--http", "127.0.0.1:0")
	viewer := strings.TrimSpace(must(t, "key", "create", "--org", "org-acme", "--role", "viewer", "--data", dir))
	addr := d.file(t, httpAddrFile)
	const nobody = "0198c2f0-0000-7000-8000-000000000000"
	for _, test := range []struct {
		args string
		want int
	}{
		{"--help", exitDone},
		{"completion bash", exitDone},
		{"frobnicate", exitUsage},
		{"order", exitUsage},
		{"order get", exitUsage},
		{"order list --frob", exitUsage},
		{"key create --role viewer --data " + dir, exitUsage},
		{"key create --platform --role viewer --data " + dir, exitUsage},
		{"status --data " + filepath.Join(dir, "nothing"), exitNotFound},
		{"import " + filepath.Join(dir, "nothing.jsonl") + " --data " + dir, exitNotFound},
		{"order get " + nobody + " --data " + dir, exitNotFound},
		{"order get " + nobody + " --server " + addr + " --key wrong", exitNotAllowed},
		{"account top-up org-acme --amount 1.00 --reference r --server " + addr + " --key " + viewer, exitNotAllowed},
		{"order list --server 127.0.0.1:1 --key " + viewer, exitFailed},
	} {
		if o := ledger(t, strings.Fields(test.args)...); o.code != test.want {
			t.Errorf("ledger %s: exit %d, want %d\n%s", test.args, o.code, test.want, o.stderr)
		}
	}
	id, _, _ := strings.Cut(strings.TrimPrefix(viewer, "ldg_"), "_")
	must(t, "key", "revoke", id, "--data", dir)
	if o := ledger(t, "key", "revoke", "nothing", "--data", dir); o.code != exitNotFound {
		t.Errorf("revoking what is not there: %+v", o)
	}
	d.stop(t)
}

func TestImportFromFile(t *testing.T) {
	t.Parallel()
	dir := newData(t)
	d := startDev(t, dir, "--no-demo", "--http", "127.0.0.1:0")
	file := filepath.Join(t.TempDir(), "commands.jsonl")
	lines := `{"key":"a","command":"top_up","body":{"org_id":"org-acme","amount":"5.00","currency":"CNY","reference":"1"}}

{"key":"b","command":"top_up","body":{"org_id":"org-acme","amount":"5.00","currency":"CNY","reference":"1"}}
{"key":"c","command":"top_up","body":{"org_id":"org-acme","amount":5}}
`
	if err := os.WriteFile(file, []byte(lines), 0o600); err != nil {
		t.Fatal(err)
	}
	tally := func(o outcome) client.Tally { return importTally(t, o.stdout) }
	for range 2 { // it leaves nothing behind
		dry := ledger(t, "import", file, "--data", dir, "--dry-run")
		if dry.code != exitConflict || tally(dry) != (client.Tally{Read: 3, Accepted: 1, Refused: 2}) ||
			!strings.Contains(dry.stderr, "line 3: duplicate_reference") || !strings.Contains(dry.stderr, "line 4: invalid_value") {
			t.Errorf("dry run: %+v", dry)
		}
	}
	if dry := ledger(t, "import", file, "--data", dir, "--dry-run", "--allow-refusals"); dry.code != exitDone {
		t.Errorf("dry run that allows refusals: %+v", dry)
	}
	first := ledger(t, "import", file, "--data", dir)
	if first.code != exitConflict || tally(first) != (client.Tally{Read: 3, Accepted: 1, Refused: 2, Position: 1}) ||
		!strings.Contains(first.stderr, "line 3: duplicate_reference") || !strings.Contains(first.stderr, "line 4: invalid_value") {
		t.Errorf("import: %+v", first)
	}
	again := ledger(t, "import", file, "--data", dir, "--allow-refusals")
	if again.code != exitDone || tally(again) != (client.Tally{Read: 3, Replayed: 1, Refused: 2, Position: 1}) {
		t.Errorf("import again: %+v", again)
	}
	d.stop(t)
}

func TestDatabaseThatDiesComesBack(t *testing.T) {
	t.Parallel()
	dir := newData(t)
	d := startDev(t, dir, "--no-demo", "--http", "127.0.0.1:0")
	api := d.client(t)
	topUp := func(reference string) {
		t.Helper()
		body := object{"amount": "1.00", "currency": "CNY", "reference": reference}
		for deadline := time.Now().Add(30 * time.Second); ; {
			err := api.Command(t.Context(), http.MethodPost, "/v1/accounts/org-acme/top-ups", reference, body, nil)
			var p *client.Problem
			if err == nil {
				return
			}
			if !errors.As(err, &p) || p.Status != http.StatusServiceUnavailable || time.Now().After(deadline) {
				t.Fatalf("top-up %s: %v\n%s", reference, err, d.output)
			}
		}
	}
	topUp("before")
	before := 0
	for i := range 2 {
		pid := before
		for deadline := time.Now().Add(time.Minute); pid == before && time.Now().Before(deadline); time.Sleep(time.Millisecond) {
			raw, _ := os.ReadFile(filepath.Join(dir, "postgres", "postmaster.pid")) // it is gone between two servers
			if first, _, whole := strings.Cut(string(raw), "\n"); whole {
				pid, _ = strconv.Atoi(first)
			}
		}
		before = pid
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil { // the second time in the midst of its recovery
			t.Fatal(err)
		}
		topUp("after-" + strconv.Itoa(i))
	}
	d.stop(t)
	verifyClean(t, dir)
}

// Root's own folders are closed to the database's user, who must still reach its data.
func TestDevBelowAFolderThatOthersCannotEnter(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "checkout", ".ledger")
	if err := os.Mkdir(filepath.Dir(dir), 0o700); err != nil {
		t.Fatal(err)
	}
	removeData(t, dir)
	d := startDev(t, dir, "--no-demo", "--http", "127.0.0.1:0")
	d.stop(t)
	must(t, "status", "--data", dir)
}

// A kill in the middle of the example's import is no reason for half an example, or for one and a half.
func TestExampleIsImportedToItsEnd(t *testing.T) {
	t.Parallel()
	dir := newData(t)
	d := startDev(t, dir, "--http", "127.0.0.1:0")
	d.await(t, func() bool { return readState(t, dir).Head.Position > 100 })
	d.kill()
	if _, err := os.Stat(filepath.Join(dir, demoDoneFile)); err == nil {
		t.Log("the import was faster than the kill")
	}
	d = startDev(t, dir, "--http", "127.0.0.1:0")
	d.await(t, func() bool { return strings.Contains(d.output.String(), "Ctrl-C stops") })

	end, err := time.Parse(time.RFC3339, d.file(t, demoEndFile))
	if err != nil {
		t.Fatal(err)
	}
	var example bytes.Buffer
	if err := demo.Write(&example, end); err != nil {
		t.Fatal(err)
	}
	example.Write(ucloud.Commands)
	for _, orderType := range []string{"purchase", "renewal", "upgrade"} { // those that the ledger makes itself are others
		want := strconv.Itoa(strings.Count(example.String(), `"order_type":"`+orderType+`"`))
		var list object
		query := url.Values{"order_type": {orderType}, "created_from": {"2025-01-01T00:00:00Z"}, "count": {"true"}}
		if err := d.client(t).Get(t.Context(), "/v1/orders", query, &list); err != nil {
			t.Fatal(err)
		}
		if got := list.text("total"); got != want {
			t.Errorf("%s orders of type %s, want %s", got, orderType, want)
		}
	}
	for _, text := range []string{"Orders by status", "paid", "org-lumen-ai", "CNY", "http://127.0.0.1:", "订单号", "bsr-1kkpx3xp581y", "合计"} {
		if !strings.Contains(d.output.String(), text) {
			t.Errorf("no %q in what it prints:\n%s", text, d.output)
		}
	}
	verifyClean(t, dir)
	d.stop(t)
}
