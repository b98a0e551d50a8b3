package console_test

import (
	"encoding/csv"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"

	"orderledger/domain"
	"orderledger/handlers/console"
	"orderledger/internal/auth"
)

func (s seen) csv(t *testing.T) [][]string {
	t.Helper()
	r := csv.NewReader(strings.NewReader(strings.TrimPrefix(s.Body, "\ufeff")))
	r.FieldsPerRecord = -1
	rows, err := r.ReadAll()
	if err != nil || len(rows) == 0 {
		t.Fatalf("%s: %d rows, %v: %.300s", s.Request.URL, len(rows), err, s.Body)
	}
	return rows
}

func (s seen) sheet(t *testing.T) *excelize.File {
	t.Helper()
	f, err := excelize.OpenReader(strings.NewReader(s.Body))
	if err != nil {
		t.Fatalf("%s: %v: %.300s", s.Request.URL, err, s.Body)
	}
	t.Cleanup(func() { _ = f.Close() })
	return f
}

func TestOrdersAreDownloadedAsShown(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	first := s.place(t)
	s.topUp(t, "100.00")
	second := s.place(t, `{"project_id":"other"}`)
	s.do(t, "pay_order", `{"order_id":"`+second+`","org_id":"org-acme"}`)
	s.do(t, "place_order", strings.Replace(string(s.body(t)), "org-acme", "org-other", 1))
	p := s.signIn(t, "org-acme", auth.Viewer)

	got := p.get(t, "/orders/download?format=csv")
	if h := got.Header; h.Get("Content-Type") != "text/csv; charset=utf-8; header=present" || h.Get("Ledger-Position") == "" ||
		!strings.HasPrefix(h.Get("Content-Disposition"), `attachment; filename="orders-org-acme-`) {
		t.Errorf("the headers are %v", h)
	}
	rows := got.csv(t)
	if len(rows) != 3 || !slices.Contains(rows[0], "Amount due") || rows[0][len(rows[0])-1] != "Currency" {
		t.Fatalf("the file has %q", rows)
	}
	if rows[1][0] != second || rows[2][0] != first {
		t.Errorf("the newest order does not come first: %q", rows)
	}
	status := slices.Index(rows[0], "Status")
	if rows[1][status] != "Paid" || rows[2][status] != "Unpaid" {
		t.Errorf("the statuses are %q and %q", rows[1][status], rows[2][status])
	}

	// Filters, the choice of columns, and the order of the list.
	rows = p.get(t, "/orders/download?project_id=other&columns=payable_amount,order_id").csv(t)
	if want := [][]string{{"Order ID", "Amount due", "Currency"}, {second, "28.86", "CNY"}}; !slices.EqualFunc(rows, want, slices.Equal) {
		t.Errorf("one project's orders are %q", rows)
	}
	rows = p.get(t, "/orders/download?sort=created_at&columns=order_id").csv(t)
	if len(rows) != 3 || rows[1][0] != first {
		t.Errorf("the oldest order does not come first: %q", rows)
	}
	if rows = p.get(t, "/orders/download?range=all&status=voided").csv(t); len(rows) != 1 {
		t.Errorf("no order is %q", rows)
	}

	// JSON lines are exact whatever the language.
	lines := strings.Split(strings.TrimSpace(p.get(t, "/orders/download?format=jsonl&columns=order_id,status,created_at,payable_amount").Body), "\n")
	var o map[string]string
	if err := json.Unmarshal([]byte(lines[0]), &o); err != nil || len(lines) != 2 || o["status"] != "paid" || o["payable_amount"] != "28.86" || o["currency"] != "CNY" {
		t.Errorf("JSON lines are %q, %v", lines, err)
	}
	if _, err := time.Parse(time.RFC3339, o["created_at"]); err != nil {
		t.Error(err)
	}

	// All organisations, for the platform.
	rows = s.signIn(t, "", auth.Platform).get(t, "/orders/download?columns=order_id,org_id").csv(t)
	if len(rows) != 4 || rows[1][1] != "org-other" {
		t.Errorf("all organisations' orders are %q", rows)
	}
	if r := p.get(t, "/orders/download?org_id=org-other"); r.StatusCode != http.StatusNotFound {
		t.Errorf("another organisation's orders: %s", r.Status)
	}
}

// body is what a placed order of another organisation has.
func (s *system) body(t *testing.T) []byte {
	t.Helper()
	return []byte(`{"order_type":"purchase","org_id":"org-acme","project_id":"default","consumer_id":"user-7","currency":"CNY",
"lines":[{"product_code":"p","product_name":"P","resource_type":"t","count":"1","charge_mode":"month","quantity":"1","unit":"month","unit_price":"1"}]}`)
}

func TestOrdersInASheet(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	var line struct {
		Lines []map[string]any `json:"lines"`
	}
	if err := json.Unmarshal(s.body(t), &line); err != nil {
		t.Fatal(err)
	}
	line.Lines[0]["product_name"], line.Lines[0]["resource_name"], line.Lines[0]["unit_price"] = "=cmd|'/C calc'!A0", "＠SUM(A1)", "1234.5"
	change, err := json.Marshal(line)
	if err != nil {
		t.Fatal(err)
	}
	id := s.place(t, string(change))
	p := s.signIn(t, "org-acme", auth.Viewer)
	f := p.get(t, "/orders/download?format=xlsx&columns=order_id,created_at,product_name,resource_name,payable_amount").sheet(t)
	for name, want := range map[string]string{"A2": id, "C2": "1,234.50", "D2": "'=cmd|'/C calc'!A0", "E2": "'＠SUM(A1)", "F2": "CNY"} {
		if got, err := f.GetCellValue("Sheet1", name); err != nil || got != want {
			t.Errorf("%s is %q, want %q (%v)", name, got, want, err)
		}
	}
	for _, name := range []string{"B2", "C2"} {
		if kind, err := f.GetCellType("Sheet1", name); err != nil || kind != excelize.CellTypeUnset {
			t.Errorf("%s is no number, but %d (%v)", name, kind, err)
		}
	}
}

func TestBillIsDownloaded(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	s.topUp(t, "100.00")
	id := s.place(t)
	s.do(t, "pay_order", `{"order_id":"`+id+`","org_id":"org-acme"}`)
	s.place(t) // unpaid: on no bill
	p := s.signIn(t, "org-acme", auth.Finance)
	zone, _ := domain.Zone(domain.DefaultTimeZone)
	month := time.Now().In(zone)
	period := month.Format("2006-01")
	path := "/bills/download?period=" + period

	got := p.chinese(t, path)
	if !strings.Contains(got.Header.Get("Content-Disposition"), `filename="bill-`+period+`-org-acme-`) {
		t.Errorf("the headers are %v", got.Header)
	}
	rows := got.csv(t)
	if len(rows) != 2 || len(rows[0]) != 25 || rows[0][0] != "订单号" || rows[0][24] != "标签" || !slices.Contains(rows[0], "交易到期时间（北京时间）") {
		t.Fatalf("the bill is %q", rows)
	}
	for field, want := range map[string]string{
		"订单号": id, "订单状态": "已完成", "订单类型": "新购", "计价方式": "按月", "现金账户": "28.86", "订单金额": "28.86",
		"账期": month.Format("2006/1/") + "1", "标签": "team:vision;", "新资源配置": "GPU：4card;",
	} {
		if at := slices.Index(rows[0], field); at < 0 || rows[1][at] != want {
			t.Errorf("%s of %q is not %q", field, rows[1], want)
		}
	}
	f := p.chinese(t, path+"&format=xlsx").sheet(t)
	if kind, err := f.GetCellType("Sheet1", "W2"); err != nil || kind != excelize.CellTypeUnset {
		t.Errorf("the amount is no number, but %d (%v)", kind, err)
	}
	rows = p.chinese(t, path+"&columns=amount,product_name").csv(t)
	if want := [][]string{{"金额", "币种", "产品名称"}, {"28.86", "CNY", "GPU instance"}}; len(rows) != 2 || len(rows[0]) != 3 || !slices.Contains(rows[1], "GPU instance") {
		t.Errorf("chosen columns are %q, want something like %q", rows, want)
	}
	var l map[string]any
	if err := json.Unmarshal([]byte(p.get(t, path+"&format=jsonl").Body), &l); err != nil || l["order_status"] != "paid" || l["currency"] != "CNY" || l["billing_period"] != period {
		t.Errorf("JSON lines are %v, %v", l, err)
	}
	if rows := p.get(t, "/bills/download?period=2001-01").csv(t); len(rows) != 1 {
		t.Errorf("an empty month is %q", rows)
	}
}

// chinese reads a page in Chinese.
func (p *person) chinese(t *testing.T, path string) seen {
	t.Helper()
	old := p.http.Transport
	defer func() { p.http.Transport = old }()
	p.http.Transport = speaks{old}
	return p.get(t, path)
}

type speaks struct{ http.RoundTripper }

func (s speaks) RoundTrip(r *http.Request) (*http.Response, error) {
	r.Header.Set("Accept-Language", "zh-CN")
	return s.RoundTripper.RoundTrip(r)
}

func TestOrderDocumentPage(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	id := s.place(t)
	p := s.signIn(t, "org-acme", auth.Viewer)
	english, chinese := p.get(t, "/orders/"+id+"/document"), p.chinese(t, "/orders/"+id+"/document")
	for _, r := range []seen{english, chinese} {
		if r.Header.Get("Content-Type") != "application/pdf" || !strings.HasPrefix(r.Body, "%PDF-") {
			t.Errorf("%s: %v %.100q", r.Status, r.Header, r.Body)
		}
	}
	if english.Body == chinese.Body {
		t.Error("the language changes nothing")
	}
	if r := s.signIn(t, "org-other", auth.Viewer).get(t, "/orders/"+id+"/document"); r.StatusCode != http.StatusNotFound {
		t.Errorf("another organisation's order: %s", r.Status)
	}
}

func TestWrongDownloadsAreSaid(t *testing.T) {
	t.Parallel()
	p := newSystem(t).signIn(t, "org-acme", auth.Viewer)
	for _, path := range []string{
		"/orders/download?format=pdf", "/orders/download?status=sleeping", "/orders/download?cursor=x&format=xls", "/bills/download?period=2025-13", "/bills/download?format=",
	} {
		r := p.get(t, path)
		if wrong := !strings.HasSuffix(path, "format="); wrong != (r.StatusCode == http.StatusBadRequest) || wrong == strings.Contains(r.Header.Get("Content-Disposition"), "attachment") {
			t.Errorf("%s: %s %v", path, r.Status, r.Header)
		}
	}
}

// It runs alone: it changes how much a file holds.
func TestDownloadsEndAtALimitAndSaySo(t *testing.T) { //nolint:paralleltest // see above
	defer console.SetDownloadMost(console.SetDownloadMost(3))
	s := newSystem(t)
	for range 3 {
		s.place(t)
	}
	p := s.signIn(t, "org-acme", auth.Viewer)
	if rows := p.get(t, "/orders/download").csv(t); len(rows) != 4 {
		t.Errorf("three orders are %d rows: %q", len(rows), rows)
	}
	s.place(t)
	rows := p.get(t, "/orders/download").csv(t)
	if len(rows) != 5 || len(rows[4]) != 1 || !strings.Contains(rows[4][0], "first 3 rows") {
		t.Errorf("of four orders the file has %q", rows)
	}
	body := p.get(t, "/orders/download?format=jsonl").Body
	if lines := strings.Split(strings.TrimSpace(body), "\n"); len(lines) != 4 || !strings.HasPrefix(lines[3], `{"note":`) {
		t.Errorf("JSON lines are %q", lines)
	}
}

// More than one page of what the read model gives at once.
func TestDownloadsGoOnPageAfterPage(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	for range 501 {
		s.place(t)
	}
	rows := s.signIn(t, "org-acme", auth.Viewer).get(t, "/orders/download?columns=order_id").csv(t)
	ids := map[string]bool{}
	for _, r := range rows[1:] {
		ids[r[0]] = true
	}
	if len(rows) != 502 || len(ids) != 501 {
		t.Errorf("501 orders are "+strconv.Itoa(len(rows)-1)+" rows with %d ids", len(ids))
	}
}

// A part of a file must not pass for the whole: the connection breaks. Before the file was begun, a page says what is wrong.
func TestBrokenDownloadsAreSeenToBe(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		pages, _ := strconv.Atoi(r.URL.Query().Get("pages"))
		if err := console.BrokenDownload(w, r, pages); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
		}
	}))
	t.Cleanup(server.Close)
	read := func(pages string) (int, string, error) {
		response, err := server.Client().Get(server.URL + "?pages=" + pages)
		if err != nil {
			return 0, "", err
		}
		defer response.Body.Close()
		body, err := io.ReadAll(response.Body)
		return response.StatusCode, string(body), err
	}
	if status, body, err := read("0"); err != nil || status != http.StatusInternalServerError || !strings.Contains(body, "database is gone") {
		t.Errorf("a file that was not begun: %d %q, %v", status, body, err)
	}
	if _, body, err := read("3"); err == nil {
		t.Errorf("a part of a file of %d bytes passes for the whole", len(body))
	}
}

// It runs alone: it takes all places of downloads.
func TestTooManyDownloadsAreToldToWait(t *testing.T) { //nolint:paralleltest // see above
	p := newSystem(t).signIn(t, "org-acme", auth.Viewer)
	free := console.DownloadSlots()
	r := p.get(t, "/orders/download")
	free()
	if r.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("with all places taken: %s", r.Status)
	}
	r.has(t, "busy")
	if r := p.get(t, "/orders/download"); r.StatusCode != http.StatusOK {
		t.Errorf("with places free: %s", r.Status)
	}
}
