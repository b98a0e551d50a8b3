package contract

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// comments has what the source says of types ("OrderPaid") and of their fields ("OrderPaid.Lines").
type comments map[string]string

// readComments reads the package in a folder.
func readComments(folder string) (comments, error) {
	names, err := filepath.Glob(filepath.Join(folder, "*.go"))
	if err != nil || len(names) == 0 {
		return nil, fmt.Errorf("there is no source in %s: %w", folder, err)
	}
	found := comments{}
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		for _, d := range file.Decls {
			if d, ok := d.(*ast.GenDecl); ok && d.Tok == token.TYPE {
				found.read(d)
			}
		}
	}
	return found, nil
}

func (c comments) read(d *ast.GenDecl) {
	for _, s := range d.Specs {
		s, ok := s.(*ast.TypeSpec)
		if !ok {
			continue
		}
		doc := s.Doc
		if doc == nil {
			doc = d.Doc
		}
		c[s.Name.Name] = sentence(s.Name.Name, doc, " says that ", " says ", ": ", " is ", " ")
		fields, ok := s.Type.(*ast.StructType)
		if !ok {
			continue
		}
		for _, f := range fields.Fields.List {
			for _, name := range f.Names {
				c[s.Name.Name+"."+name.Name] = sentence(name.Name, f.Doc, ": ", " is ", " are ", " has ")
			}
		}
	}
}

// sentence is a comment without the Go name, and the word after it, that it begins with.
func sentence(name string, doc *ast.CommentGroup, begins ...string) string {
	text := strings.Join(strings.Fields(doc.Text()), " ")
	for _, begin := range begins {
		if rest, ok := strings.CutPrefix(text, name+begin); ok {
			text = rest
			break
		}
	}
	text = camel.ReplaceAllStringFunc(text, snake)
	first, size := utf8.DecodeRuneInString(text)
	if word, _, _ := strings.Cut(text, " "); size == 0 || strings.Contains(word, "_") {
		return text
	}
	return string(unicode.ToUpper(first)) + text[size:]
}

// camel finds Go's names of fields within a sentence, snake writes them as JSON has them.
var camel = regexp.MustCompile(`\b[A-Z][a-z]+(?:[A-Z]+[a-z]*)+\b`)

var hump = regexp.MustCompile(`[A-Z]+[a-z]*`)

func snake(name string) string {
	words := hump.FindAllString(name, -1)
	return strings.ToLower(strings.Join(words, "_"))
}
