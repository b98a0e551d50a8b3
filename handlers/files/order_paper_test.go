package files_test

import (
	"bytes"
	"encoding/json"
	"image"
	_ "image/png"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode"

	"orderledger/domain"
	"orderledger/handlers/files"
)

func order(t *testing.T) *domain.Order {
	t.Helper()
	raw, err := os.ReadFile("testdata/order.json")
	if err != nil {
		t.Fatal(err)
	}
	var o domain.Order
	if err := json.Unmarshal(raw, &o); err != nil {
		t.Fatal(err)
	}
	return &o
}

// poppler is one of the programs that look at a PDF.
func poppler(t *testing.T, program string) string {
	t.Helper()
	path, err := exec.LookPath(program)
	if err == nil {
		return path
	}
	if os.Getenv("CI") != "" {
		t.Fatal(program, " is needed to look at the PDF (Debian: apt-get install poppler-utils): ", err)
	}
	t.Skip("NOT TESTED: what documents look like. ", program, " is missing (Debian: apt-get install poppler-utils)")
	return ""
}

// document writes an order into a file.
func document(t *testing.T, o *domain.Order, lang string) string {
	t.Helper()
	var b bytes.Buffer
	if err := files.WriteOrder(&b, o, lang, zone(t)); err != nil {
		t.Fatal(err)
	}
	return keep(t, b.Bytes())
}

func keep(t *testing.T, pdf []byte) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "a.pdf")
	if err := os.WriteFile(name, pdf, 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// render draws the first page, 4 pixels a millimetre.
func render(t *testing.T, pdf string) image.Image {
	t.Helper()
	to := filepath.Join(t.TempDir(), "page")
	out, err := exec.Command(poppler(t, "pdftoppm"), "-r", "101.6", "-png", "-singlefile", pdf, to).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	f, err := os.Open(to + ".png")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	page, _, err := image.Decode(f)
	if err != nil {
		t.Fatal(err)
	}
	return page
}

// inked are the dark pixels of a rectangle in millimetres, as a text of rows.
func inked(page image.Image, x, y, width, height int) (rows string, dark int) {
	var b strings.Builder
	for py := 4 * y; py < 4*(y+height); py++ {
		for px := 4 * x; px < 4*(x+width); px++ {
			if r, g, blue, _ := page.At(px, py).RGBA(); r+g+blue < 3*0x8000 {
				b.WriteByte('#')
				dark++
				continue
			}
			b.WriteByte(' ')
		}
		b.WriteByte('\n')
	}
	return b.String(), dark
}

// Text that can be copied out of a PDF says nothing of what is seen: some fonts draw empty boxes for ¥ and Latin letters.
// So pixels are looked at, beside those of the box that the font draws for a character it does not have.
func TestGlyphsAreNotEmptyBoxes(t *testing.T) {
	t.Parallel()
	const specimen = "中A¥€9–…＋，国\ue000"
	var b bytes.Buffer
	if err := files.WriteSpecimen(&b, specimen); err != nil {
		t.Fatal(err)
	}
	page := render(t, keep(t, b.Bytes()))
	characters := []rune(specimen)
	seen := map[string]rune{}
	for i, r := range characters {
		glyph, dark := inked(page, 19+10*i, 30, 10, 14)
		if dark < 4 {
			t.Errorf("%c is not seen", r)
		}
		if same, there := seen[glyph]; there {
			t.Errorf("%c looks like %c:\n%s", r, same, glyph)
		}
		seen[glyph] = r
	}
	if len(seen) != len(characters) { // the last of them is the box
		t.Errorf("%d characters look like %d", len(characters), len(seen))
	}
}

func TestWhatCannotBeDrawnIsNamed(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"": "",
		"中文 ABC ¥ € – … ＋ ￥ か カ é ñ Ж": "中文 ABC ¥ € – … ＋ ￥ か カ é ñ Ж",
		"e\u0301":          "é",
		"礼物🎁":              "礼物[U+1F381]",
		"\u202eabc":        "\u202eabc", // replaced below where the font has no such character
		"a\u00a0b\tc\nd":   "a\u00a0b c\nd",
		"\x00\u0e01\ue000": "[U+0000][U+0E01][U+E000]",
		"臺灣香港":             "臺灣香港",
	} {
		if got := files.Printable(text); got != want && text != "\u202eabc" {
			t.Errorf("%q is written as %q, want %q", text, got, want)
		}
	}
	if got := files.Printable("\u202eabc\u200b"); strings.ContainsAny(got, "\u202e\u200b") {
		t.Errorf("characters that are not seen are left in %q", got)
	}
}

// All words of the program and the names of fields can be drawn.
func TestOwnWordsCanBeDrawn(t *testing.T) {
	t.Parallel()
	check := func(text string) {
		if files.Printable(text) != text || text == "" {
			t.Errorf("%q is written as %q", text, files.Printable(text))
		}
	}
	for key, words := range files.PaperWords() {
		check(words[0])
		check(words[1])
		if strings.Count(words[0], "{") != strings.Count(words[1], "{") {
			t.Errorf("%s has other arguments in one language: %q", key, words)
		}
	}
	for _, labels := range domain.Labels {
		for _, l := range labels {
			check(l.English)
			check(l.Chinese)
		}
	}
}

func text(t *testing.T, pdf string) string {
	t.Helper()
	out, err := exec.Command(poppler(t, "pdftotext"), "-layout", pdf, "-").Output()
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

func TestDocumentHasTheOrder(t *testing.T) {
	t.Parallel()
	for lang, want := range map[string][]string{
		"zh": {
			"订单 – 升级", "部分退款", "019a5c3e-7d2b-7a41-9c55-2f0e6b1d8a90", "2025-11-04 23:00:01", "GPU 云主机", "原：32 核", "已移除：公网IP 1 个", "至 2025-12-04 23:00", "12,000.00",
			"¥12,860.50", "−¥860.50", "现金账户", "v-spring-2025", "¥10,000.00", "资源提前退订", "第 1 页，共 1 页", "账本位置 1042", "成本中心 = CC-101", "不作为发票使用",
		},
		"en": {"Order – Upgrade", "Partially refunded", "before: 32 核", "up to 1: 2", "Amount due", "Page 1 of 1", "not a tax invoice", "Personal details"},
	} {
		got := text(t, document(t, order(t), lang))
		for _, w := range want {
			if !strings.Contains(got, w) {
				t.Errorf("%s lacks %q:\n%s", lang, w, got)
			}
		}
		if strings.Contains(got, "U+") {
			t.Errorf("%s has characters that can't be drawn", lang)
		}
	}
}

// The page has ink where things stand, in black on white, and none beyond the margins.
func TestDocumentKeepsItsMargins(t *testing.T) {
	t.Parallel()
	o := order(t)
	o.Lines[0].ProductName = strings.Repeat("W", 300)
	o.Lines[0].UnitPrice, _ = domain.ParseDecimal("999999999999999.999999999999")
	o.TradeNo = strings.Repeat("交易", 100)
	page := render(t, document(t, o, "zh"))
	if _, dark := inked(page, 16, 16, 80, 10); dark < 200 {
		t.Error("there is no title")
	}
	for _, margin := range [][4]int{{0, 0, 15, 297}, {195, 0, 14, 297}, {0, 0, 209, 14}, {0, 289, 209, 7}} {
		if _, dark := inked(page, margin[0], margin[1], margin[2], margin[3]); dark > 0 {
			t.Errorf("%d pixels are in the margin %v", dark, margin)
		}
	}
}

func TestLongDocuments(t *testing.T) {
	t.Parallel()
	o := order(t)
	for len(o.Lines) < 200 {
		l := o.Lines[len(o.Lines)%2]
		l.LineNo = len(o.Lines) + 1
		l.ResourceName = "resource-" + strconv.Itoa(l.LineNo)
		o.Lines = append(o.Lines, l)
	}
	tall := &o.Lines[100]
	tall.NewConfig = nil
	for i := range 400 { // one row that no page has room for
		tall.NewConfig = append(tall.NewConfig, domain.Component{Component: "part-" + strconv.Itoa(i), Value: "1"})
	}
	got := text(t, document(t, o, "en"))
	pages := strings.Count(got, "\f")
	if pages < 20 || !strings.Contains(got, "Page 1 of "+strconv.Itoa(pages)) || strings.Count(got, "Configuration") < pages-1 {
		t.Errorf("there are %d pages, with %d heads", pages, strings.Count(got, "Configuration"))
	}
	for i := range 400 {
		if !strings.Contains(got, "part-"+strconv.Itoa(i)+" ") {
			t.Fatalf("part-%d is lost", i)
		}
	}
	for i := 3; i <= 200; i++ {
		if !strings.Contains(got, "resource-"+strconv.Itoa(i)) {
			t.Fatalf("line %d is lost", i)
		}
	}
}

func TestSameOrderSameBytes(t *testing.T) {
	t.Parallel()
	var a, b bytes.Buffer
	for _, w := range []*bytes.Buffer{&a, &b} {
		if err := files.WriteOrder(w, order(t), "zh", time.UTC); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(a.Bytes(), b.Bytes()) || a.Len() > 100_000 {
		t.Errorf("documents of one state differ, or are large: %d and %d bytes", a.Len(), b.Len())
	}
}

// Orders of every type and currency, with next to nothing in them, have documents too.
func TestSparseOrders(t *testing.T) {
	t.Parallel()
	for _, kind := range domain.Codes("order_type") {
		o := &domain.Order{Header: domain.Header{OrderID: "o", OrderType: domain.OrderType(kind), Currency: "JPY"}, Lines: make([]domain.Line, 1)}
		var b bytes.Buffer
		if err := files.WriteOrder(&b, o, "en", time.UTC); err != nil || !bytes.HasPrefix(b.Bytes(), []byte("%PDF-")) {
			t.Errorf("%s: %v", kind, err)
		}
	}
}

func TestLinesFitTheirWidth(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"GPU 云主机（高性价比显卡），四颗。", strings.Repeat("W", 100), "019a5c3e-7d2b-7a41-9c55-2f0e6b1d8a90", "a few words that are broken at their blanks", "中，，，，，，，，，，，，，，，，，，，",
	} {
		lines := files.Lines(text, 20)
		squeeze := func(s string) string {
			return strings.Map(func(r rune) rune {
				if unicode.IsSpace(r) {
					return -1
				}
				return r
			}, s)
		}
		if squeeze(strings.Join(lines, "")) != squeeze(text) || len(lines) < 2 {
			t.Errorf("%q became %q", text, lines)
		}
		for _, l := range lines {
			if files.Width(l) > 20 {
				t.Errorf("%q of %q is %f wide", l, text, files.Width(l))
			}
		}
	}
	if got := files.Lines("主机（高性价比）。", 13); slices.ContainsFunc(got, func(l string) bool { return strings.ContainsAny(l[:3], "）。") }) {
		t.Errorf("a line begins with what ends another: %q", got)
	}
}
