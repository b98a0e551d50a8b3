package files

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Spreadsheets take a cell that begins with one of these for a formula, which may send the sheet away or start a
// program. Some fold the wide and the small forms to the plain ones.
const formulaStarts = "=+-@＝＋－＠﹦﹢﹣﹫"

// guarded makes a text that no spreadsheet takes for a formula: where it would begin like one, an apostrophe stands
// before it. A tab, a return or blanks that hide the beginning are no way around.
func guarded(text string) string {
	if text == "" {
		return ""
	}
	first, _ := utf8.DecodeRuneInString(text)
	visible := strings.TrimLeftFunc(text, hidden)
	start, _ := utf8.DecodeRuneInString(visible)
	if !unicode.IsControl(first) && (visible == "" || !strings.ContainsRune(formulaStarts, start)) {
		return text
	}
	return "'" + text
}

// guardedEverywhere guards each part of a text that a spreadsheet may cut cells at which reads the file with another
// separator than the comma, as some do in some countries.
func guardedEverywhere(text string) string {
	text = guarded(text)
	var b strings.Builder
	for {
		i := strings.IndexAny(text, ";\t\n|")
		if i < 0 {
			return b.String() + guarded(text)
		}
		b.WriteString(guarded(text[:i]))
		b.WriteByte(text[i])
		text = text[i+1:]
	}
}

// hidden says whether a character is not seen, such as blanks, controls and marks of byte order.
func hidden(r rune) bool {
	return unicode.IsSpace(r) || unicode.IsControl(r) || unicode.Is(unicode.Cf, r)
}
