package files

import (
	"io"
	"strings"
)

// Printable is what a document writes of a text.
var Printable = printable

// WriteSpecimen writes characters one by one, 10 mm apart, as large as 8 mm, the first at 20 mm; what the font does not
// draw stays what it is: its empty box.
func WriteSpecimen(w io.Writer, characters string) error {
	s := newSheet()
	s.use(style{20, ink, false})
	for i, r := range []rune(characters) {
		s.pdf.Text(20+10*float64(i), 40, string(r))
	}
	return s.pdf.Output(w)
}

// Lines are the lines that a text is broken into.
func Lines(text string, width float64) []string { return newSheet().wrap(bodyStyle, text, width) }

// Width is how wide a text is on paper.
func Width(text string) float64 {
	s := newSheet()
	s.use(bodyStyle)
	return s.pdf.GetStringWidth(text)
}

// PaperWords are the words in both languages, by key.
func PaperWords() map[string][2]string {
	all := map[string][2]string{}
	for key, l := range paperWords {
		all[key] = [2]string{strings.TrimSpace(l.English), strings.TrimSpace(l.Chinese)}
	}
	return all
}
