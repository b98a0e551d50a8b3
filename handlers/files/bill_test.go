package files_test

import (
	"bytes"
	"encoding/json"
	"slices"
	"testing"
	"time"

	"orderledger/handlers/files"
	"orderledger/projections"
)

func billLine(t *testing.T) *projections.BillLine {
	t.Helper()
	var l projections.BillLine
	err := json.Unmarshal([]byte(`{"order_id":"0198c2f0-0000-7000-8000-000000000001","consumer_id":"user-7","order_type":"purchase","order_status":"completed",
		"order_created_at":"2025-11-04T15:00:00Z","resource_id":"bsr-1kkpx3xp581y","resource_name":"UHost","resource_type":"云主机","region":"乌兰察布",
		"zone":"华北二可用区A","project_id":"Default","resource_ext":{"内网IP":"192.168.18.164"},
		"new_config":[{"component":"CPU（高性价比显卡）","value":"64","unit":"核"}],"count":"1","charge_mode":"month","quantity":"1",
		"effective_at":"2025-11-04T15:00:00Z","expires_at":"2025-11-04T16:00:00Z","cash":"28.86","gift":"0.00","voucher":"0.00","amount":"28.86",
		"billing_period":"2025-11","tags":{"team":"vision"}}`), &l)
	if err != nil {
		t.Fatal(err)
	}
	return &l
}

// A sheet shows a bill as it is printed, with numbers as numbers and times as times; the organisation's zone changes nothing.
func TestBillInASheet(t *testing.T) {
	t.Parallel()
	l := billLine(t)
	var b bytes.Buffer
	table, err := files.NewTable(&b, files.XLSX, files.BillColumns("zh"), "zh", time.UTC)
	if err != nil {
		t.Fatal(err)
	}
	defer table.Close()
	if err := table.Row(files.BillRow(l)); err != nil {
		t.Fatal(err)
	}
	if err := table.End(); err != nil {
		t.Fatal(err)
	}
	f := openXLSX(t, b.Bytes())
	rows, err := f.GetRows("Sheet1")
	if err != nil {
		t.Fatal(err)
	}
	if len(rows[0]) != 25 || rows[0][16] != "交易生效时间（北京时间）" && rows[0][17] != "交易生效时间（北京时间）" {
		t.Errorf("the head is %q", rows[0])
	}
	if want := files.BillCells(l, "zh"); !slices.Equal(rows[1], want) {
		t.Errorf("the sheet shows\n%q\nprinted is\n%q", rows[1], want)
	}
	for _, name := range []string{"O2", "Q2", "T2", "W2", "X2", "E2"} { // count, quantity, cash, amount, period, time
		if kind, raw, _ := cell(t, f, name); kind != 0 {
			t.Errorf("%s, %q, is no number", name, raw)
		}
	}
}
