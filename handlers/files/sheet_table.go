package files

// paperColumn is a column of a table on paper.
type paperColumn struct {
	heading string
	width   float64
	right   bool
}

// part is text of one look within a cell; it is wrapped.
type part struct {
	style
	text string
}

const (
	cellGap = 2.0 // beside a cell's text
	rowGap  = 1.6 // above and below a row
)

// piece is one line of a cell.
type piece struct {
	style
	text string
	y    float64 // below the row's top
}

// tableHead writes the heads of columns on a tinted strip.
func (s *sheet) tableHead(columns []paperColumn) {
	cells := make([][]piece, len(columns))
	height := 0.0
	for i, c := range columns {
		var h float64
		cells[i], h = s.layOut([]part{{labelStyle, c.heading}}, c.width)
		height = max(height, h)
	}
	s.band(s.y, height+2*rowGap, tint)
	s.y += rowGap
	for i, x := 0, marginX; i < len(columns); x, i = x+columns[i].width, i+1 {
		for _, p := range cells[i] {
			s.cellText(&columns[i], x, s.y+p.y, p)
		}
	}
	s.y += height + rowGap
}

// tableRow writes a row. It is kept on one page if one is enough; otherwise it goes on on the next, below the heads.
func (s *sheet) tableRow(columns []paperColumn, row [][]part) {
	cells := make([][]piece, len(columns))
	height := 0.0
	for i := range columns {
		var h float64
		if columns[i].right {
			s.shrink(row[i], columns[i].width)
		}
		cells[i], h = s.layOut(row[i], columns[i].width)
		height = max(height, h)
	}
	if height+2*rowGap < pageHeight/2 && s.room(height+2*rowGap) {
		s.tableHead(columns)
	}
	s.y += rowGap
	for done := 0.0; ; {
		room := pageHeight - marginBottom - s.y
		next := height // where the part of the row begins that this page has no room for
		for i, x := 0, marginX; i < len(columns); x, i = x+columns[i].width, i+1 {
			for _, p := range cells[i] {
				switch {
				case p.y < done:
				case p.y-done+p.lineHeight() > room:
					next = min(next, p.y)
				default:
					s.cellText(&columns[i], x, s.y+p.y-done, p)
				}
			}
		}
		if next >= height {
			s.y += height - done
			break
		}
		done = next
		s.newPage()
		s.tableHead(columns)
		s.y += rowGap
	}
	s.y += rowGap
	s.line(rule)
}

func (s *sheet) cellText(c *paperColumn, x, y float64, p piece) {
	if c.right {
		s.textAt(p.style, x+c.width-cellGap, y, p.text, true)
		return
	}
	s.textAt(p.style, x+cellGap, y, p.text, false)
}

// readable is the smallest size, in points, that numbers are made small to.
const readable = 6

// shrink makes numbers small enough for their column, as far as they can be read: a broken number is misread.
func (s *sheet) shrink(parts []part, width float64) {
	for i := range parts {
		p := &parts[i]
		s.use(p.style)
		if needed := s.pdf.GetStringWidth(printable(p.text)); needed > width-2*cellGap {
			p.size = max(readable, p.size*(width-2*cellGap)/needed*0.99)
		}
	}
	s.pdf.SetTextRenderingMode(0)
}

// layOut breaks a cell's parts into lines.
func (s *sheet) layOut(parts []part, width float64) (pieces []piece, height float64) {
	for _, p := range parts {
		for _, line := range s.wrap(p.style, p.text, width-2*cellGap) {
			pieces = append(pieces, piece{p.style, line, height})
			height += p.lineHeight()
		}
	}
	return pieces, height
}
