package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"orderledger/examples/ucloud"
	"orderledger/internal/testkit"
)

var updateStories = flag.Bool("update", false, "write the stories' expected.md anew")

// stories are the folders of examples/ that play a cloud's order pages, and the organisation of each.
var stories = map[string]string{
	"daocloud": "org-daocloud", "baidu": "org-baidu", "ucloud": "org-ucloud", "zilliz": "org-zilliz",
}

// TestStoriesOfFourClouds brings each cloud's story into one ledger and compares what can be read of it with a file
// that a person can hold against the cloud's own page. Brought in again, a story changes nothing.
func TestStoriesOfFourClouds(t *testing.T) {
	t.Parallel()
	dir := newData(t)
	d := startDev(t, dir, "--no-demo", "--http", "127.0.0.1:0")
	t.Run("stories", func(t *testing.T) {
		for name, org := range stories {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				folder := filepath.Join(testkit.Root(t), "examples", name)
				lines := storyLines(t, filepath.Join(folder, "commands.jsonl"))
				refused := importStory(t, dir, folder)
				told := tellStory(t, d, org, lines, refused)
				compareStory(t, filepath.Join(folder, "expected.md"), told)
				if name == "ucloud" {
					compareStory(t, filepath.Join(folder, "bill.txt"), bill25(t, d, org))
				}
				again := importStory(t, dir, folder)
				if len(again) != len(refused) {
					t.Errorf("imported again, %d lines are refused, not %d: %v", len(again), len(refused), again)
				}
				if after := tellStory(t, d, org, lines, refused); after != told {
					t.Errorf("imported again, it differs:\n%s", firstDifference(told, after))
				}
			})
		}
	})
	verifyClean(t, dir)
	d.stop(t)
}

// storyLine is a line of a story, as far as its telling needs it.
type storyLine struct {
	Key     string `json:"key"`
	Command string `json:"command"`
	At      string `json:"at"`
	Body    struct {
		OrderID string `json:"order_id"`
	} `json:"body"`
}

func storyLines(t *testing.T, name string) (lines []storyLine) {
	t.Helper()
	raw, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	for text := range bytes.Lines(raw) {
		var l storyLine
		if err := json.Unmarshal(text, &l); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		lines = append(lines, l)
	}
	return lines
}

// refusal is a line that an import reported on standard error.
type refusal struct{ line, code, detail string }

var refusalLine = regexp.MustCompile(`^line (\d+): ([a-z_]+): (.*)$`)

// importStory imports a story's commands and returns what was refused.
func importStory(t *testing.T, dir, folder string) (refused []refusal) {
	t.Helper()
	o := ledger(t, "import", filepath.Join(folder, "commands.jsonl"), "--allow-refusals", "--data", dir)
	if o.code != exitDone {
		t.Fatalf("exit %d\n%s%s", o.code, o.stdout, o.stderr)
	}
	in := bufio.NewScanner(strings.NewReader(o.stderr))
	for in.Scan() {
		if m := refusalLine.FindStringSubmatch(in.Text()); m != nil {
			refused = append(refused, refusal{m[1], m[2], m[3]})
		}
	}
	if tally := importTally(t, o.stdout); tally.Refused != int64(len(refused)) {
		t.Errorf("the import counts %d refusals and lists %d:\n%s", tally.Refused, len(refused), o.stderr)
	}
	return refused
}

func compareStory(t *testing.T, name, told string) {
	t.Helper()
	if *updateStories {
		if err := os.WriteFile(name, []byte(told), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if told != string(want) {
		t.Errorf("it differs from %s (-update writes it):\n%s", name, firstDifference(string(want), told))
	}
}

// bill25 is the month's bill as `make run` ends with it. It has every order type and charge mode that its cloud names.
func bill25(t *testing.T, d *running, org string) string {
	t.Helper()
	lines := getAll(t, d, "/v1/bill-lines", url.Values{"org_id": {org}, "period": {ucloud.Month}})
	slices.Reverse(lines) // it lists the newest first
	var b strings.Builder
	if err := writeBill(&b, lines, "zh"); err != nil {
		t.Fatal(err)
	}
	for _, word := range strings.Fields("新购 续费 升级 降级 结算 补单 删除 过期 后付费 删除恢复 按年 按月 按天 按时 按量 赠送 预支付-30天期 试用 抢占式") {
		if !strings.Contains(b.String(), " "+word+" ") {
			t.Errorf("no line of the bill says %s", word)
		}
	}
	return b.String()
}

func firstDifference(want, got string) string {
	a, b := strings.Split(want, "\n"), strings.Split(got, "\n")
	for i := range max(len(a), len(b)) {
		x, y := "(nothing)", "(nothing)"
		if i < len(a) {
			x = a[i]
		}
		if i < len(b) {
			y = b[i]
		}
		if x != y {
			return fmt.Sprintf("line %d\nwant %s\ngot  %s", i+1, x, y)
		}
	}
	return ""
}

// getAll reads a list of the API, which one page holds.
func getAll(t *testing.T, d *running, path string, query url.Values) []object {
	t.Helper()
	var list struct {
		Items []object `json:"items"`
		Next  *string  `json:"next_cursor"`
	}
	query.Set("limit", "500")
	query.Set("min_position", position(t, d))
	if err := d.client(t).Get(t.Context(), path, query, &list); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	if list.Next != nil && *list.Next != "" {
		t.Fatalf("%s has more than one page", path)
	}
	return list.Items
}

// position is where the log is.
func position(t *testing.T, d *running) string {
	t.Helper()
	var status struct {
		Head struct {
			Position json.Number `json:"position"`
		} `json:"head"`
	}
	if err := d.client(t).Get(t.Context(), "/v1/status", nil, &status); err != nil {
		t.Fatal(err)
	}
	return status.Head.Position.String()
}
