package console_test

import (
	"bytes"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"orderledger/domain"
	"orderledger/handlers"
	"orderledger/internal/auth"
	"orderledger/internal/browser"
	"orderledger/internal/testkit"
	"orderledger/projections"
)

// Each test does what the document of one of the four clouds says, on the example of that cloud, with a browser.

// example brings the story of a cloud in, and waits until pages can show it.
func (s *system) example(t *testing.T, name string) {
	t.Helper()
	lines, err := os.ReadFile(filepath.Join(testkit.Root(t), "examples", name, "commands.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	_, secret, err := s.keys.Create(t.Context(), "", auth.Platform, "test", "test")
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL+"/v1/commands", bytes.NewReader(lines))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-ndjson")
	r.Header.Set("Authorization", "Bearer "+secret)
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	var told bytes.Buffer
	if _, err := told.ReadFrom(answer.Body); err != nil || answer.StatusCode != http.StatusOK {
		t.Fatal(answer.Status, err)
	}
	if n := strings.Count(told.String(), `"accepted"`); n < 15 {
		t.Fatalf("%d commands of %s were accepted:\n%s", n, name, told.String())
	}
	s.caughtUp(t)
}

// caughtUp waits until the read models have all of the log.
func (s *system) caughtUp(t *testing.T) {
	t.Helper()
	head, err := s.Log.Head(t.Context())
	if err == nil {
		err = s.Reach(t.Context(), head.Position, projections.Names...)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// placedLike places an unpaid order for an organisation, of which changes replace members.
func (s *system) placedLike(t *testing.T, org, amount string) string {
	t.Helper()
	body := strings.NewReplacer("org-acme", org, "28.86", amount, "GPU instance", "向量数据库集群").Replace(placed)
	o, ok := s.do(t, "place_order", body).State.(*domain.Order)
	if !ok {
		t.Fatal("no order was placed")
	}
	return o.OrderID
}

// S1: the list with its fields, filtered by each criterion; the details with specification, billing type and billing.
func TestStepsOfDaoCloud(t *testing.T) {
	t.Parallel()
	browser.Need(t)
	s := newSystem(t)
	s.example(t, "daocloud")
	p := s.browse(t, "org-daocloud", auth.Viewer)
	p.Click("Orders")
	p.Has("No orders match.") // of the last seven days
	p.Follow("Look at all time")
	p.Has("Container instance", "Model service", "Order", "Order price", "Amount due")
	if rows := p.Count("tbody tr"); rows != 13 {
		t.Errorf("%d orders are listed", rows)
	}
	// An order of pay-as-you-go has the order price 0 and the amount due 0.
	const metered = "019a51be-0900-7000-8000-100000000002"
	row := p.Text(`tr:has(a[href="/orders/` + metered + `"])`)
	if strings.Count(row, "¥0.00") < 2 {
		t.Errorf("the row of a pay-as-you-go order: %s", row)
	}
	for name, c := range map[string]struct {
		query string
		rows  int
	}{
		"order ID": {"order_id=" + metered, 1}, "resource ID": {"resource_id=ci-7f3k9x2m", 4}, "type": {"order_type=upgrade", 1},
		"product": {"product=model-service", 3}, "status": {"status=cancelled", 1},
	} {
		p.Go("/orders?range=all&" + c.query)
		if rows := p.Count("tbody tr"); rows != c.rows {
			t.Errorf("filtered by %s: %d orders, want %d\n%s", name, rows, c.rows, p.Text("main"))
		}
	}
	p.Go("/orders?range=all")
	p.FollowOn(`a[href="/orders/` + metered + `"]`)
	p.Has("Metered", "chat-32b", "tokens/input", "¥7.47", "¥3.10") // specification, billing type, what its use cost
	p.Fits()
}

// S2: the last seven days by default; time, product, bill type, precise search; the details; pay, cancel, download.
func TestStepsOfBaidu(t *testing.T) {
	t.Parallel()
	browser.Need(t)
	s := newSystem(t)
	s.example(t, "baidu")
	open := s.placedLike(t, "org-baidu", "150.00")
	s.caughtUp(t)
	p := s.browse(t, "org-baidu", auth.Finance)
	p.Go("/orders")
	if rows := p.Count("tbody tr"); rows != 1 {
		t.Errorf("%d orders of the last seven days", rows)
	}
	p.Fill("Created from", "2025-11-01")
	p.Fill("to", "2025-11-04")
	p.Follow("Filter")
	p.Lacks(open)
	inTime := p.Count("tbody tr")
	if inTime < 7 || !strings.HasPrefix(p.Query("created_from"), "2025-11-01") {
		t.Errorf("%d orders in four days, at %s", inTime, p.Path())
	}
	p.Go("/orders?range=all&charge_group=postpay")
	p.Has("By minute")
	p.Lacks("By month")
	p.Go("/orders?range=all&resource_id=i-web1Kq8z") // the resource's whole life
	p.Has("New purchase", "Renewal", "Upgrade", "Downgrade", "Compensation")

	p.Go("/orders?range=all&order_type=purchase&status=partially_refunded")
	p.FollowOn("tbody th a")
	p.Has("Baidu Cloud Compute", "CPU", "2 core", "2 Nov 2025 10:05", "By month", "¥150.00") // configuration, duration, unit price, charge type
	p.Go("/orders/" + open)
	p.Click("Pay")
	p.Has("Balance of the account")
	p.Go("/orders")
	p.Click("Download")
	name, file := p.Download("CSV")
	if !strings.HasSuffix(name, ".csv") || !strings.Contains(string(file), open) || strings.Count(string(file), "\n") != 2 {
		t.Errorf("%s:\n%s", name, file)
	}
}

// S3: the bill of a month with its 25 fields in Chinese, on the page and in a file.
func TestStepsOfUCloud(t *testing.T) {
	t.Parallel()
	browser.Need(t)
	s := newSystem(t)
	s.example(t, "ucloud")
	p := s.browse(t, "org-ucloud", auth.Finance)
	p.Prefer("lang", "zh")
	p.Go("/bills/2025-11")
	p.Has("2025年11月账单", "云主机")
	p.Go("/bills/2025-11/lines?columns=bill25")
	for _, heading := range []string{"订单号", "所属用户", "订单类型", "老资源配置", "新资源配置", "计价方式", "交易量", "现金账户", "赠送账户", "代金券金额", "账期", "标签"} {
		if !strings.Contains(strings.Join(p.Texts("thead th"), " "), heading) {
			t.Errorf("the lines have no column %s: %q", heading, p.Texts("thead th"))
		}
	}
	p.Has("bsr-1kkpx3xp581y", "¥28.86", "按月")
	p.Fits()
}

// S4: pay only in whole and with enough money, a top-up does not pay, cancelling is confirmed and final, downloads.
func TestStepsOfZilliz(t *testing.T) {
	t.Parallel()
	browser.Need(t)
	s := newSystem(t)
	s.example(t, "zilliz")
	pay, cancel := s.placedLike(t, "org-zilliz", "90000.00"), s.placedLike(t, "org-zilliz", "450.00")
	s.caughtUp(t)
	p := s.browse(t, "org-zilliz", auth.Finance)
	p.Prefer("lang", "zh")
	p.Go("/orders?status=unpaid")
	p.Has("待支付", "支付", "取消订单")

	p.FollowOn(`a[href="/orders/` + pay + `/pay"]`)
	p.Has("余额不足", "还差", "前往充值")
	p.Follow("前往充值")
	p.Follow("充值")
	p.Fill("amount", "100000.00")
	p.Fill("currency", "CNY")
	p.Fill("reference", "wire-0099")
	p.FollowOn("main form button.primary")
	p.Has("充值已入账")
	if got := s.status(t, pay); got != domain.Unpaid { // a top-up never pays by itself
		t.Fatal(got)
	}
	p.Go("/orders/" + pay)
	p.Click("支付")
	p.Follow("支付 ¥90,000.00")
	p.Has("已支付")
	if got := s.status(t, pay); got != domain.Paid {
		t.Error(got)
	}

	p.Go("/orders/" + cancel)
	p.Click("取消订单")
	p.Has("取消后不可恢复")
	p.Follow("确定取消")
	p.Has("已取消")
	if status := p.Go("/orders/" + cancel + "/pay"); status != http.StatusOK && status != http.StatusConflict {
		t.Error(status)
	}
	if p.Count(`form[method=post] button.primary`) != 0 {
		t.Errorf("a cancelled order can be paid:\n%s", p.Text("main"))
	}
	p.Go("/orders?status=expired&range=all")
	p.Has("已超时")
	if p.Count(`a[href$="/pay"]`) != 0 {
		t.Error("an order whose time is over can be paid")
	}
	p.Go("/orders/" + pay)
	name, file := p.Download("下载 PDF")
	if !strings.HasSuffix(name, ".pdf") || !bytes.HasPrefix(file, []byte("%PDF")) {
		t.Errorf("%s: %.20q", name, file)
	}
}

// Two tabs pay one order: one payment, and both end where the order is paid.
func TestTwoTabsPayOneOrder(t *testing.T) {
	t.Parallel()
	browser.Need(t)
	s := newSystem(t)
	id := s.place(t)
	s.topUp(t, "100.00")
	s.caughtUp(t)
	p := s.browse(t, "org-acme", auth.Finance)
	other := p.Tab()
	for _, tab := range []*browser.Page{p, other} {
		tab.Go("/orders/" + id + "/pay")
	}
	if status := p.Follow("Pay ¥28.86"); status != http.StatusOK {
		t.Fatal(status)
	}
	p.Has("The order is paid.")
	if status := other.Follow("Pay ¥28.86"); status != http.StatusConflict {
		t.Errorf("the second payment: %d", status)
	}
	other.Has("order_not_unpaid")
	account, err := s.Server.Reader.Account(t.Context(), "org-acme")
	if err != nil || account.Balances[0].Cash != "71.14" {
		t.Errorf("%+v, %v", account.Balances, err)
	}
	// Sent again as it was, as by going back and on, a payment counts once.
	if _, err := s.Act(t.Context(), auth.Identity{KeyID: "x", Role: auth.Platform}, "pay_order", "again", []byte(`{"order_id":"`+id+`","org_id":"org-acme"}`)); handlers.ProblemOf(err).Code != "order_not_unpaid" {
		t.Error(err)
	}
}
