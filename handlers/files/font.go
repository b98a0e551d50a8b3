package files

import (
	_ "embed" // the font
	"encoding/binary"
	"fmt"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// The part of Noto Sans SC that scripts/make-font cuts out; font/OFL.txt is its licence.
//
//go:embed font/NotoSansSC-part.ttf
var font []byte

// drawn has the characters that the font draws, as one bit each.
var drawn = readCharacters(font)

// printable makes a text of which every character can be seen: what the font does not draw is named, [U+1F381], and never
// left to become an empty box. Letters with marks of their own are put together where that makes one that is drawn.
func printable(text string) string {
	text = norm.NFC.String(text)
	var b strings.Builder
	for _, r := range text {
		switch {
		case r == '\n' || r < 0x10000 && drawn[r/64]&(1<<(r%64)) != 0:
			b.WriteRune(r)
		case r == '\t' || r == '\r' || unicode.Is(unicode.Zs, r):
			b.WriteByte(' ')
		default:
			fmt.Fprintf(&b, "[U+%04X]", r)
		}
	}
	return b.String()
}

// readCharacters reads the table of characters of a TrueType font (OpenType's cmap, format 4, which has those of 16 bits).
// The font is our own: a wrong one ends the program at its start, and a test before that.
func readCharacters(ttf []byte) (all [1024]uint64) {
	u16 := func(at int) int { return int(binary.BigEndian.Uint16(ttf[at:])) }
	u32 := func(at int) int { return int(binary.BigEndian.Uint32(ttf[at:])) }
	cmap, table := 0, 0
	for i := range u16(4) {
		if entry := 12 + 16*i; string(ttf[entry:entry+4]) == "cmap" {
			cmap = u32(entry + 8)
		}
	}
	for i := range u16(cmap + 2) {
		if at := cmap + u32(cmap+4+8*i+4); u16(at) == 4 {
			table = at
		}
	}
	if cmap == 0 || table == 0 {
		panic("files: the font has no table of characters that can be read")
	}
	span := u16(table + 6) // twice the number of ranges
	ends, starts := table+14, table+16+span
	deltas, offsets := starts+span, starts+2*span
	for i := 0; i < span; i += 2 {
		for r := u16(starts + i); r <= u16(ends+i) && r < 0xFFFF; r++ {
			glyph := r
			if offset := u16(offsets + i); offset != 0 {
				if glyph = u16(offsets + i + offset + 2*(r-u16(starts+i))); glyph == 0 {
					continue
				}
			}
			if (glyph+u16(deltas+i))&0xFFFF != 0 {
				all[r/64] |= 1 << (r % 64)
			}
		}
	}
	return all
}
