package handlers

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// Bounds of a body.
const (
	bodyMax  = 512 << 10
	depthMax = 32
)

// jsonKind is a JSON value's kind, named by its first character.
type jsonKind byte

const (
	jsonObject jsonKind = '{'
	jsonArray  jsonKind = '['
	jsonString jsonKind = '"'
	jsonNumber jsonKind = '0'
	jsonTrue   jsonKind = 't'
	jsonFalse  jsonKind = 'f'
	jsonNull   jsonKind = 'n'
)

// node is a value in a tree.
type node struct {
	kind jsonKind
	// name is the member's, within an object.
	name string
	// text is a string's characters, or a number as it was written.
	text string
	// end is the index after the value's last descendant: the next sibling's.
	end int
	// members are the indexes of an object's members, by name as RFC 8785 sorts them.
	members []int
}

// tree is a JSON value, its nodes in the order of the text; the first is the root. Texts share the
// body's memory: whoever keeps one clones it.
type tree struct {
	nodes []node
	// sorted is where the members' indexes lie.
	sorted []int
}

// parseBody reads one JSON value strictly: valid UTF-8, no NUL, no lone surrogate, no member twice, at
// most depthMax levels, nothing behind it. Its errors are too_large and malformed.
func parseBody(body []byte) (*tree, error) {
	if len(body) > bodyMax {
		return nil, problem(codeTooLarge, fmt.Sprintf("the body has more than %d bytes", bodyMax))
	}
	if !utf8.Valid(body) {
		return nil, problem(codeMalformed, "the body is not valid UTF-8")
	}
	p := parser{text: string(body), tree: &tree{nodes: make([]node, 0, 128), sorted: make([]int, 0, 128)}}
	err := p.value("", 0)
	if err == nil {
		if p.space(); p.at < len(p.text) {
			err = p.fail("nothing may follow the JSON value")
		}
	}
	if err != nil {
		return nil, err
	}
	return p.tree, nil
}

// set puts a text into the root object, as if the body had it. A body that has another value is wrong.
func (t *tree) set(name, value string) error {
	root := &t.nodes[0]
	if root.kind != jsonObject {
		return nil // decoding will say so
	}
	i, there := slices.BinarySearchFunc(root.members, name, func(m int, name string) int { return compareNames(t.nodes[m].name, name) })
	if there {
		n := t.nodes[root.members[i]]
		if n.kind != jsonString || n.text != value {
			return invalidField(name, "it differs from the one in the address")
		}
		return nil
	}
	at := len(t.nodes)
	root.members, root.end = slices.Insert(slices.Clone(root.members), i, at), at+1
	t.nodes = append(t.nodes, node{kind: jsonString, name: name, text: value, end: at + 1})
	return nil
}

// member finds an object's member; 0, which is never a member, when there is none.
func (t *tree) member(object int, name string) int {
	for _, m := range t.nodes[object].members {
		if t.nodes[m].name == name {
			return m
		}
	}
	return 0
}

type parser struct {
	text string
	at   int
	tree *tree
}

func (p *parser) fail(detail string) error {
	return problem(codeMalformed, fmt.Sprintf("at byte %d: %s", p.at, detail))
}

func (p *parser) space() {
	for p.at < len(p.text) {
		switch p.text[p.at] {
		case ' ', '\t', '\n', '\r':
			p.at++
		default:
			return
		}
	}
}

// next skips space and says which character comes, 0 at the end.
func (p *parser) next() byte {
	p.space()
	if p.at == len(p.text) {
		return 0
	}
	return p.text[p.at]
}

func (p *parser) value(name string, depth int) (err error) {
	if depth >= depthMax {
		return p.fail(fmt.Sprintf("more than %d levels", depthMax))
	}
	i := len(p.tree.nodes)
	n := node{name: name}
	p.tree.nodes = append(p.tree.nodes, n)
	switch c := p.next(); c {
	case '{', '[':
		n.kind = jsonKind(c)
		if n.members, err = p.inside(n.kind, i, depth); err != nil {
			return err
		}
	case '"':
		n.kind = jsonString
		if n.text, err = p.string(); err != nil {
			return err
		}
	case 't', 'f', 'n':
		n.kind = jsonKind(c)
		word := map[byte]string{'t': "true", 'f': "false", 'n': "null"}[c]
		if !strings.HasPrefix(p.text[p.at:], word) {
			return p.fail("a value is expected")
		}
		p.at += len(word)
	default:
		n.kind = jsonNumber
		if n.text = p.number(); n.text == "" {
			return p.fail("a value is expected")
		}
	}
	n.end = len(p.tree.nodes)
	p.tree.nodes[i] = n
	return nil
}

// inside reads an object's members or an array's elements, and sorts members.
func (p *parser) inside(kind jsonKind, start, depth int) ([]int, error) {
	p.at++
	closing := byte(kind) + 2 // '{' and '}', '[' and ']' lie two apart
	if p.next() == closing {
		p.at++
		return nil, nil
	}
	for {
		name := ""
		if kind == jsonObject {
			if p.next() != '"' {
				return nil, p.fail("a member's name is expected")
			}
			var err error
			if name, err = p.string(); err != nil {
				return nil, err
			}
			if p.next() != ':' {
				return nil, p.fail("a colon is expected")
			}
			p.at++
		}
		if err := p.value(name, depth+1); err != nil {
			return nil, err
		}
		switch p.next() {
		case ',':
			p.at++
		case closing:
			p.at++
			if kind == jsonArray {
				return nil, nil
			}
			return p.sortMembers(start)
		default:
			return nil, p.fail("a comma or the end of the " + map[jsonKind]string{jsonObject: "object", jsonArray: "array"}[kind] + " is expected")
		}
	}
}

func (p *parser) sortMembers(start int) ([]int, error) {
	t := p.tree
	from := len(t.sorted)
	for i := start + 1; i < len(t.nodes); i = t.nodes[i].end {
		t.sorted = append(t.sorted, i)
	}
	members := t.sorted[from:len(t.sorted):len(t.sorted)]
	slices.SortFunc(members, func(a, b int) int { return compareNames(t.nodes[a].name, t.nodes[b].name) })
	for i := 1; i < len(members); i++ {
		if name := t.nodes[members[i]].name; name == t.nodes[members[i-1]].name {
			return nil, p.fail(fmt.Sprintf("the member %q is there twice", shorten(name)))
		}
	}
	return members, nil
}

// string reads a string; most have no escapes and are taken as they stand.
func (p *parser) string() (string, error) {
	p.at++
	start := p.at
	for p.at < len(p.text) {
		switch c := p.text[p.at]; {
		case c == '"':
			p.at++
			return p.text[start : p.at-1], nil
		case c == '\\':
			return p.escaped(start)
		case c < ' ':
			return "", p.fail("a control character in a string")
		}
		p.at++
	}
	return "", p.fail("a string has no end")
}

// escaped reads the rest of a string from its first escape.
func (p *parser) escaped(start int) (string, error) {
	b := append(make([]byte, 0, 2*(p.at-start)+32), p.text[start:p.at]...)
	for p.at < len(p.text) {
		c := p.text[p.at]
		switch {
		case c == '"':
			p.at++
			return string(b), nil
		case c < ' ':
			return "", p.fail("a control character in a string")
		case c != '\\':
			b = append(b, c)
			p.at++
			continue
		}
		r, ok := p.escape()
		if !ok {
			return "", p.fail("an escape that is not one, or of no character that can be stored")
		}
		b = utf8.AppendRune(b, r)
	}
	return "", p.fail("a string has no end")
}

// escape reads one escape. NUL can't be stored and lone surrogates are no characters: both are refused.
func (p *parser) escape() (rune, bool) {
	if p.at+1 >= len(p.text) {
		return 0, false
	}
	c := p.text[p.at+1]
	p.at += 2
	switch c {
	case '"', '\\', '/':
		return rune(c), true
	case 'b':
		return '\b', true
	case 'f':
		return '\f', true
	case 'n':
		return '\n', true
	case 'r':
		return '\r', true
	case 't':
		return '\t', true
	case 'u':
	default:
		return 0, false
	}
	r, ok := p.hex4()
	if ok && utf16.IsSurrogate(r) {
		if !strings.HasPrefix(p.text[p.at:], `\u`) {
			return 0, false
		}
		p.at += 2
		var low rune
		low, ok = p.hex4()
		r = utf16.DecodeRune(r, low)
		ok = ok && r != utf8.RuneError
	}
	return r, ok && r != 0
}

func (p *parser) hex4() (r rune, ok bool) {
	if p.at+4 > len(p.text) {
		return 0, false
	}
	for _, c := range []byte(p.text[p.at : p.at+4]) {
		switch {
		case c >= '0' && c <= '9':
			r = r<<4 | rune(c-'0')
		case c|0x20 >= 'a' && c|0x20 <= 'f':
			r = r<<4 | rune(c|0x20-'a'+10)
		default:
			return 0, false
		}
	}
	p.at += 4
	return r, true
}

// number reads a number as RFC 8259 writes it, "" when there is none.
func (p *parser) number() string {
	at := p.at
	digits := func() bool {
		from := at
		for at < len(p.text) && p.text[at] >= '0' && p.text[at] <= '9' {
			at++
		}
		return at > from
	}
	is := func(set string) bool {
		if at < len(p.text) && strings.IndexByte(set, p.text[at]) >= 0 {
			at++
			return true
		}
		return false
	}
	is("-")
	if !is("0") && !digits() {
		return ""
	}
	if is(".") && !digits() {
		return ""
	}
	if is("eE") {
		is("+-")
		if !digits() {
			return ""
		}
	}
	text := p.text[p.at:at]
	p.at = at
	return text
}

// compareNames orders by UTF-16 code units, as RFC 8785 has it: beyond the basic plane that is not the
// order of bytes.
func compareNames(a, b string) int {
	for len(a) > 0 && len(b) > 0 {
		x, n := utf8.DecodeRuneInString(a)
		y, m := utf8.DecodeRuneInString(b)
		if x != y {
			return unitOf(x) - unitOf(y)
		}
		a, b = a[n:], b[m:]
	}
	return len(a) - len(b)
}

// unitOf orders runes by their first UTF-16 unit: those beyond the basic plane are written with
// surrogates, which lie below U+E000.
func unitOf(r rune) int {
	if r >= 0xE000 && r <= 0xFFFF {
		return int(r) + 0x110000
	}
	return int(r)
}

// shorten makes a text of the caller's fit into a sentence.
func shorten(s string) string {
	if len(s) <= 64 {
		return s
	}
	return strings.ToValidUTF8(s[:64], "") + "…"
}
