package files_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"

	"orderledger/handlers/files"
)

var columns = []files.Column{
	{Code: "order_id", Heading: "Order", Kind: files.ID},
	{Code: "product_name", Heading: "产品", Kind: files.Text},
	{Code: "status", Heading: "Status", Kind: files.Word, Words: "status"},
	{Code: "amount", Heading: "Amount", Kind: files.Amount},
	{Code: "quantity", Heading: "Quantity", Kind: files.Number},
	{Code: "created_at", Heading: "Created", Kind: files.Time},
	{Code: "period", Heading: "Period", Kind: files.Month},
}

// formulas are texts that a spreadsheet takes for a formula, or could.
var formulas = []string{
	"=cmd|'/C calc'!A0", "+1+1", "-1+1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", " =1", "\u00a0=1", "\ufeff=1", "\u200b+1", "＝1+1", "＋1", "－1", "＠x", "\u3000＝1",
	"﹦1", "\tplain", "-", "=",
}

func zone(t *testing.T) *time.Location {
	t.Helper()
	z, err := time.LoadLocation("Asia/Shanghai")
	if err != nil {
		t.Fatal(err)
	}
	return z
}

func write(t *testing.T, f files.Format, lang string, rows ...[]string) []byte {
	t.Helper()
	var b bytes.Buffer
	table, err := files.NewTable(&b, f, columns, lang, zone(t))
	if err != nil {
		t.Fatal(err)
	}
	defer table.Close()
	for _, r := range rows {
		if err := table.Row(r); err != nil {
			t.Fatal(err)
		}
	}
	if err := table.Note("=only the first rows"); err != nil {
		t.Fatal(err)
	}
	if err := table.End(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

var plain = []string{"0012", "GPU, \"big\"\n中文", "unpaid", "-1234.50", "0.3333", "2025-11-04T16:00:00.5Z", "2025-11"}

func readCSV(t *testing.T, b []byte) [][]string {
	t.Helper()
	text, marked := bytes.CutPrefix(b, []byte("\ufeff"))
	if !marked {
		t.Error("there is no mark of byte order: Chinese would be noise")
	}
	r := csv.NewReader(bytes.NewReader(text))
	r.FieldsPerRecord = -1
	rows, err := r.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

func TestCSV(t *testing.T) {
	t.Parallel()
	rows := readCSV(t, write(t, files.CSV, "zh", plain, make([]string, 7)))
	want := [][]string{
		{"Order", "产品", "Status", "Amount", "Quantity", "Created (Asia/Shanghai)", "Period"},
		{"0012", "GPU, \"big\"\n中文", "待支付", "-1234.50", "0.3333", "2025-11-05 00:00:00", "2025-11"},
		make([]string, 7),
		{"'=only the first rows"},
	}
	if len(rows) != len(want) {
		t.Fatalf("%d rows: %q", len(rows), rows)
	}
	for i := range want {
		if !slices.Equal(rows[i], want[i]) {
			t.Errorf("row %d is %q, want %q", i, rows[i], want[i])
		}
	}
}

func TestJSONLinesAreExact(t *testing.T) {
	t.Parallel()
	got := string(write(t, files.JSONL, "zh", plain, []string{"=1", "<b>", "", "", "", "", ""}))
	want := `{"order_id":"0012","product_name":"GPU, \"big\"\n中文","status":"unpaid","amount":"-1234.50","quantity":"0.3333","created_at":"2025-11-04T16:00:00.5Z","period":"2025-11"}
{"order_id":"=1","product_name":"<b>","status":null,"amount":null,"quantity":null,"created_at":null,"period":null}
{"note":"=only the first rows"}
`
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	for line := range strings.Lines(got) {
		if !json.Valid([]byte(line)) {
			t.Errorf("not JSON: %s", line)
		}
	}
}

func openXLSX(t *testing.T, b []byte) *excelize.File {
	t.Helper()
	f, err := excelize.OpenReader(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	return f
}

// cell is what a cell has: its type, the value behind it, and what a person sees.
func cell(t *testing.T, f *excelize.File, name string) (excelize.CellType, string, string) {
	t.Helper()
	kind, err := f.GetCellType("Sheet1", name)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := f.GetCellValue("Sheet1", name, excelize.Options{RawCellValue: true})
	if err != nil {
		t.Fatal(err)
	}
	shown, err := f.GetCellValue("Sheet1", name)
	if err != nil {
		t.Fatal(err)
	}
	return kind, raw, shown
}

func TestWorkbook(t *testing.T) {
	t.Parallel()
	exact := []string{"-5", "x", "paid; unpaid", "12345678901234567.89", "not a number", "soon", ""}
	f := openXLSX(t, write(t, files.XLSX, "en", plain, exact))
	for name, want := range map[string]struct {
		kind       excelize.CellType
		raw, shown string
	}{
		"A1": {excelize.CellTypeInlineString, "Order", "Order"},
		"F1": {excelize.CellTypeInlineString, "Created (Asia/Shanghai)", "Created (Asia/Shanghai)"},
		"A2": {excelize.CellTypeInlineString, "0012", "0012"}, // an id keeps its zeros
		"B2": {excelize.CellTypeInlineString, "GPU, \"big\"\n中文", "GPU, \"big\"\n中文"},
		"C2": {excelize.CellTypeInlineString, "Unpaid", "Unpaid"},
		"D2": {excelize.CellTypeUnset, "-1234.5", "-1,234.50"}, // a number has no type
		"E2": {excelize.CellTypeUnset, "0.3333", "0.3333"},
		"F2": {excelize.CellTypeUnset, "45966", "2025-11-05 00:00:00"}, // on the clock of the zone
		"G2": {excelize.CellTypeInlineString, "2025-11", "2025-11"},
		"A3": {excelize.CellTypeInlineString, "'-5", "'-5"},
		"C3": {excelize.CellTypeInlineString, "Paid; Unpaid", "Paid; Unpaid"},
		// A number of a sheet has 15 digits: this one has more, and keeps them as a text.
		"D3": {excelize.CellTypeInlineString, "12345678901234567.89", "12345678901234567.89"},
		"E3": {excelize.CellTypeInlineString, "not a number", "not a number"},
		"F3": {excelize.CellTypeInlineString, "soon", "soon"},
		"A4": {excelize.CellTypeInlineString, "'=only the first rows", "'=only the first rows"},
	} {
		if kind, raw, shown := cell(t, f, name); kind != want.kind || raw != want.raw || shown != want.shown {
			t.Errorf("%s is of type %d, %q, shown as %q; want %d, %q, %q", name, kind, raw, shown, want.kind, want.raw, want.shown)
		}
	}
	panes, err := f.GetPanes("Sheet1")
	if err != nil || !panes.Freeze || panes.YSplit != 1 {
		t.Errorf("the head does not stand still: %+v, %v", panes, err)
	}
}

// A currency without minor digits shows none, one with three shows three.
func TestAmountsShowTheDigitsOfTheirCurrency(t *testing.T) {
	t.Parallel()
	yen, dinar := slices.Clone(plain), slices.Clone(plain)
	yen[3], dinar[3] = "1200", "1200.125"
	f := openXLSX(t, write(t, files.XLSX, "en", yen, dinar))
	for name, want := range map[string]string{"D2": "1,200", "D3": "1,200.125"} {
		if _, _, shown := cell(t, f, name); shown != want {
			t.Errorf("%s is shown as %s, want %s", name, shown, want)
		}
	}
}

func TestNoCellStartsAFormula(t *testing.T) {
	t.Parallel()
	var rows [][]string
	for _, text := range formulas {
		row := make([]string, len(columns))
		for i := range row {
			row[i] = text
		}
		rows = append(rows, row)
	}
	f := openXLSX(t, write(t, files.XLSX, "en", rows...))
	inSheet, err := f.GetRows("Sheet1")
	if err != nil {
		t.Fatal(err)
	}
	for i, text := range formulas {
		for j := range columns {
			name, _ := excelize.CoordinatesToCellName(j+1, i+2) // both are in the sheet
			if formula, err := f.GetCellFormula("Sheet1", name); err != nil || formula != "" {
				t.Errorf("%s of %q is the formula %q, %v", name, text, formula, err)
			}
			if got := inSheet[i+1][j]; got[0] != '\'' {
				t.Errorf("%s in a sheet begins with %q", columns[j].Code, got)
			}
		}
	}
	for i, row := range readCSV(t, write(t, files.CSV, "en", rows...))[1:] {
		for _, got := range row {
			if got[0] != '\'' {
				t.Errorf("%q in CSV begins with %q", formulas[min(i, len(formulas)-1)], got)
			}
		}
	}
}

// What reads the file with another separator cuts cells elsewhere.
func TestPartsOfACellStartNoFormula(t *testing.T) {
	t.Parallel()
	row := slices.Clone(plain)
	row[1] = "a;=cmd()\t+1\n@x; -2"
	got := readCSV(t, write(t, files.CSV, "en", row))[1][1]
	if want := "a;'=cmd()\t'+1\n'@x;' -2"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestCellsOfASheetAreBounded(t *testing.T) {
	t.Parallel()
	row := slices.Clone(plain)
	row[1] = strings.Repeat("中😀", 20_000)
	f := openXLSX(t, write(t, files.XLSX, "en", row))
	_, got, _ := cell(t, f, "B2")
	if !strings.HasSuffix(got, "…") || len([]rune(got)) < 20_000 || !strings.HasPrefix(row[1], strings.TrimSuffix(got, "…")) {
		t.Errorf("the cell has %d characters and ends in %q", len([]rune(got)), got[len(got)-8:])
	}
}

func TestUnknownFormat(t *testing.T) {
	t.Parallel()
	if _, err := files.NewTable(&bytes.Buffer{}, "pdf", columns, "en", time.UTC); err == nil {
		t.Error("a table of a format that there isn't was begun")
	}
}
