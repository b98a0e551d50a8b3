package files

import (
	"strings"
	"unicode"

	"codeberg.org/go-pdf/fpdf"
)

// Of a page of A4, in millimetres.
const (
	marginX      = 16.0
	marginTop    = 16.0
	marginBottom = 22.0 // the foot stands in it
	pageWidth    = 210.0
	pageHeight   = 297.0
	contentWidth = pageWidth - 2*marginX
	pointsToMM   = 25.4 / 72
)

// colour is red, green, blue.
type colour [3]int

var (
	ink   = colour{28, 32, 38}
	faint = colour{104, 112, 124}
	rule  = colour{214, 219, 226}
	tint  = colour{243, 245, 248}
	green = colour{22, 110, 60}
	amber = colour{150, 84, 0}
	red   = colour{168, 34, 30}
)

// sheet is a PDF that is written from the top down; y is where the next thing goes.
type sheet struct {
	pdf *fpdf.Fpdf
	y   float64
}

func newSheet() *sheet {
	pdf := fpdf.New("P", "mm", "A4", "")
	pdf.SetCatalogSort(true) // the same order makes the same bytes
	pdf.SetAutoPageBreak(false, 0)
	pdf.SetMargins(marginX, marginTop, marginX)
	pdf.AddUTF8FontFromBytes("noto", "", font)
	s := &sheet{pdf: pdf}
	s.newPage()
	return s
}

func (s *sheet) newPage() {
	s.pdf.AddPage()
	s.y = marginTop
}

// room begins a new page unless there is so much space left on this one.
func (s *sheet) room(height float64) bool {
	if s.y+height <= pageHeight-marginBottom {
		return false
	}
	s.newPage()
	return true
}

// style is how a text looks: points, colour, and whether it is bold.
type style struct {
	size float64
	colour
	bold bool
}

var (
	titleStyle = style{20, ink, true}
	headStyle  = style{11, ink, true}
	bodyStyle  = style{9, ink, false}
	boldStyle  = style{9, ink, true}
	smallStyle = style{7.5, faint, false}
	labelStyle = style{8, faint, false}
)

// lineHeight is how far apart lines of a style stand.
func (t style) lineHeight() float64 { return t.size * pointsToMM * 1.45 }

func (s *sheet) use(t style) {
	s.pdf.SetFont("noto", "", t.size)
	s.pdf.SetTextColor(t.colour[0], t.colour[1], t.colour[2])
	// The font has one weight: bold letters are drawn with an outline.
	mode := 0
	if t.bold {
		mode = 2
		s.pdf.SetDrawColor(t.colour[0], t.colour[1], t.colour[2])
		s.pdf.SetLineWidth(t.size * 0.009)
	}
	s.pdf.SetTextRenderingMode(mode)
}

// textAt writes one line whose top is at y, from x on, or up to it with right.
func (s *sheet) textAt(t style, x, y float64, text string, right bool) {
	s.use(t)
	text = printable(text)
	if right {
		x -= s.pdf.GetStringWidth(text)
	}
	s.pdf.Text(x, y+t.size*pointsToMM*1.1, text)
	s.pdf.SetTextRenderingMode(0)
}

// wrap breaks a text into lines of at most a width: at blanks, between Chinese characters, and where there is neither,
// anywhere. A mark that ends something begins no line.
func (s *sheet) wrap(t style, text string, width float64) []string {
	s.use(t)
	s.pdf.SetTextRenderingMode(0)
	var lines []string
	for paragraph := range strings.SplitSeq(printable(text), "\n") {
		rest := []rune(paragraph)
		for len(rest) > 0 {
			n := s.fitting(rest, width)
			lines = append(lines, strings.TrimRight(string(rest[:n]), " "))
			rest = []rune(strings.TrimLeft(string(rest[n:]), " "))
		}
	}
	return lines
}

// fitting is how many characters go into the next line; at least one.
func (s *sheet) fitting(text []rune, width float64) int {
	used, last := 0.0, 0
	for i, r := range text {
		if i > 0 && (breaksAfter(text[i-1]) || breaksBefore(r)) && !strings.ContainsRune(closing, r) {
			last = i
		}
		if used += s.pdf.GetStringWidth(string(r)); used <= width || i == 0 {
			continue
		}
		if last > 0 {
			return last
		}
		return i
	}
	return len(text)
}

const closing = "，。、；：！？）》」』】”’…,.;:!?)]}%"

func breaksAfter(r rune) bool  { return r == ' ' || r == '-' || r == '/' || r == '_' || wide(r) }
func breaksBefore(r rune) bool { return wide(r) }
func wide(r rune) bool {
	return unicode.Is(unicode.Han, r) || r >= 0x3000 && r <= 0x30FF || r >= 0xFF00
}

// line draws a thin line across the page.
func (s *sheet) line(c colour) {
	s.pdf.SetDrawColor(c[0], c[1], c[2])
	s.pdf.SetLineWidth(0.2)
	s.pdf.Line(marginX, s.y, pageWidth-marginX, s.y)
}

// band fills a strip of the page from y on.
func (s *sheet) band(y, height float64, c colour) {
	s.pdf.SetFillColor(c[0], c[1], c[2])
	s.pdf.Rect(marginX, y, contentWidth, height, "F")
}
