package main

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"orderledger/internal/client"
)

func TestTablesAlignWideCharacters(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	table := newTable(&out, "订单号", "TYPE", "金额")
	table.row("a", "新购", "28.86")
	table.row("order-1", "x", "1")
	if err := table.flush(); err != nil {
		t.Fatal(err)
	}
	const want = "订单号   TYPE  金额\n" + "a        新购  28.86\n" + "order-1  x     1\n"
	if out.String() != want {
		t.Errorf("printed\n%s, want\n%s", out.String(), want)
	}
	for text, want := range map[string]int{"": 0, "abc": 3, "内存（GB）：4": 13, "é": 1, "e\u0301": 1, "가": 2, "🎁": 2} {
		if got := widthOf(text); got != want {
			t.Errorf("%q takes %d cells, want %d", text, got, want)
		}
	}
}

// The example that the definition of the 25 fields gives, field by field.
func TestBillOf25Columns(t *testing.T) {
	t.Parallel()
	var line object
	if err := json.Unmarshal([]byte(`{"order_id":"0198c2f0-0000-7000-8000-000000000001","consumer_id":"user-7","order_type":"purchase","order_status":"completed",
		"order_created_at":"2025-11-04T15:00:00Z","resource_id":"bsr-1kkpx3xp581y","resource_name":"UHost","resource_type":"云主机","region":"乌兰察布",
		"zone":"华北二可用区A","project_id":"Default","business_group":"","resource_ext":{"内网IP":"192.168.18.164"},"old_config":[],
		"new_config":[{"component":"SSD云盘（系统盘）","value":"40","unit":"GB"},{"component":"CPU（高性价比显卡）","value":"64","unit":"核"}],
		"count":"1","charge_mode":"month","quantity":"1","effective_at":"2025-11-04T15:00:00Z","expires_at":"2025-11-04T16:00:00Z",
		"cash":"28.86","gift":"0.00","voucher":"0.00","amount":"28.86","billing_period":"2025-11","tags":{"team":"vision"}}`), &line); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := writeBill(&out, []object{line}, "zh"); err != nil {
		t.Fatal(err)
	}
	rows := strings.Split(out.String(), "\n")
	heading := strings.Fields(rows[0])
	if len(heading) != 25 || heading[0] != "订单号" || heading[17] != "交易生效时间（北京时间）" || heading[24] != "标签" {
		t.Errorf("the heading has %d names: %v", len(heading), heading)
	}
	cells := strings.FieldsFunc(strings.ReplaceAll(rows[1], "  ", "\x00"), func(r rune) bool { return r == 0 })
	for i := range cells {
		cells[i] = strings.TrimSpace(cells[i])
	}
	want := []string{
		"0198c2f0-0000-7000-8000-000000000001", "user-7", "新购", "已完成", "2025/11/4 23:00:00", "bsr-1kkpx3xp581y", "云主机", "乌兰察布",
		"华北二可用区A", "Default", "名称:UHost;内网IP:192.168.18.164;", "SSD云盘（系统盘）：40GB;CPU（高性价比显卡）：64核;", "1", "按月", "1",
		"2025/11/4 23:00:00", "2025/11/5 0:00:00", "28.86", "0.00", "0.00", "28.86", "2025/11/1", "team:vision;",
	}
	if !slices.Equal(cells, want) { // the business group and the old configuration are empty
		t.Errorf("the row has\n%q, want\n%q", cells, want)
	}
	out.Reset()
	if err := writeBill(&out, []object{line}, "en"); err != nil || !strings.Contains(out.String(), "New purchase") {
		t.Errorf("in English: %v\n%s", err, out.String())
	}
}

// A report holds at most 5,000 records and fits into a body; no record is lost between two.
func TestReportsOfUsageFit(t *testing.T) {
	t.Parallel()
	gather := func(record string, n int) (sizes []int) {
		r := usageReporter{lines: client.NewLines(strings.NewReader(strings.Repeat(record+"\n", n)))}
		var held *client.Line
		for {
			records, _, rest, err := r.gather(held)
			if err != nil {
				t.Fatal(err)
			}
			if len(records) == 0 {
				return sizes
			}
			bytes := 0
			for _, r := range records {
				bytes += len(r) + 1
			}
			if bytes > reportBytes {
				t.Errorf("a report of %d bytes", bytes)
			}
			sizes, held = append(sizes, len(records)), rest
		}
	}
	if got := gather(`{"record_id":"r"}`, 11000); !slices.Equal(got, []int{5000, 5000, 1000}) {
		t.Errorf("reports of %v records", got)
	}
	total := 0
	for _, n := range gather(`{"record_id":"`+strings.Repeat("r", 1000)+`"}`, 1200) {
		total += n
	}
	if total != 1200 {
		t.Errorf("%d records of 1,200", total)
	}
	r := usageReporter{lines: client.NewLines(strings.NewReader("{}\nno\n"))}
	if _, _, _, err := r.gather(nil); exitCode(err) != exitUsage {
		t.Errorf("a line that is no JSON gives %v", err)
	}
}

func TestSettingsAreWrittenAsFlags(t *testing.T) {
	t.Parallel()
	c := newSettingsSet()
	if err := c.ParseFlags([]string{"--credit-limit", "CNY=100,USD=5", "--proration=-", "--four-eyes=false", "--overdue-days", "0", "--time-zone", "UTC"}); err != nil {
		t.Fatal(err)
	}
	body, err := settingsBody(c)
	raw, _ := json.Marshal(body)
	if want := `{"credit_limit":{"CNY":"100","USD":"5"},"four_eyes":false,"overdue_days":0,"proration":{},"time_zone":"UTC"}`; err != nil || string(raw) != want {
		t.Errorf("the body is %s, %v, want %s", raw, err, want)
	}
	if err := c.ParseFlags([]string{"--credit-limit", "100"}); err != nil {
		t.Fatal(err)
	}
	if _, err := settingsBody(c); exitCode(err) != exitUsage {
		t.Errorf("a limit of no currency gives %v", err)
	}
}
