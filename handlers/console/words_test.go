package console_test

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"html"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"text/template"
	"text/template/parse"

	"orderledger/handlers"
)

// words reads all words of a language, by key, and says which file has a key.
func words(t *testing.T, lang string) (all, file map[string]string) {
	t.Helper()
	all, file = map[string]string{}, map[string]string{}
	for _, path := range glob(t, "words/*."+lang+".json") {
		var some map[string]string
		if err := json.Unmarshal([]byte(read(t, path)), &some); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		for key, text := range some {
			if all[key] != "" {
				t.Errorf("%s and %s both have %q", file[key], path, key)
			}
			all[key], file[key] = text, path
		}
	}
	return all, file
}

func glob(t *testing.T, pattern string) []string {
	t.Helper()
	files, err := filepath.Glob(pattern)
	if err != nil || len(files) == 0 {
		t.Fatalf("%s: no file (%v)", pattern, err)
	}
	return files
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

var placeholder = regexp.MustCompile(`\{\d+\}`)

func TestBothLanguagesSayTheSame(t *testing.T) {
	t.Parallel()
	english, file := words(t, "en")
	chinese, inChinese := words(t, "zh")
	han := regexp.MustCompile(`\p{Han}`)
	for key, en := range english {
		zh, ok := chinese[key]
		if !ok {
			t.Errorf("%s: %s has no Chinese", file[key], key)
			continue
		}
		if strings.TrimSpace(en) == "" || strings.TrimSpace(zh) == "" {
			t.Errorf("%s: %s has no words", file[key], key)
		}
		if a, b := placeholders(en), placeholders(zh); !slices.Equal(a, b) {
			t.Errorf("%s: %s puts %v in English and %v in Chinese", file[key], key, a, b)
		}
		if key != "menu.lang.zh" && han.MatchString(en) {
			t.Errorf("%s: %s is not English: %s", file[key], key, en)
		}
		if strings.TrimSuffix(file[key], ".en.json") != strings.TrimSuffix(inChinese[key], ".zh.json") {
			t.Errorf("%s stands in %s and in %s", key, file[key], inChinese[key])
		}
	}
	for key := range chinese {
		if _, ok := english[key]; !ok {
			t.Errorf("%s: %s has no English", inChinese[key], key)
		}
	}
}

func placeholders(text string) []string {
	found := placeholder.FindAllString(text, -1)
	slices.Sort(found)
	return slices.Compact(found)
}

func TestEveryProblemHasWords(t *testing.T) {
	t.Parallel()
	all, _ := words(t, "zh")
	for _, code := range handlers.Problems() {
		for _, kind := range []string{"title", "hint"} {
			if all["problem."+code+"."+kind] == "" {
				t.Errorf("no words for problem.%s.%s", code, kind)
			}
		}
	}
}

// TestWordsAndTheirUseAgree finds keys that pages ask for and no catalogue has, and words that nothing asks for.
func TestWordsAndTheirUseAgree(t *testing.T) {
	t.Parallel()
	all, file := words(t, "en")
	asked, mentioned := map[string]string{}, map[string]bool{}
	for _, path := range glob(t, "templates/*.html") {
		askedByTemplate(t, path, asked, mentioned)
	}
	for _, path := range glob(t, "*.go") {
		if !strings.HasSuffix(path, "_test.go") {
			askedByGo(t, path, asked, mentioned)
		}
	}
	for key, where := range asked {
		if all[key] == "" {
			t.Errorf("%s asks for %q, which has no words", where, key)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(all)) {
		if !isUsed(key, asked, mentioned) {
			t.Errorf("%s: nothing uses %q", file[key], key)
		}
	}
}

// isUsed says whether a key is asked for as it is, as the form of a count, as the hint of an empty list, or by a text
// that it begins with, such as "menu." for one that the program puts together.
func isUsed(key string, asked map[string]string, mentioned map[string]bool) bool {
	if asked[key] != "" || mentioned[key] {
		return true
	}
	for _, form := range []string{".one", ".other", ".hint"} {
		if stem, ok := strings.CutSuffix(key, form); ok && (asked[stem] != "" || mentioned[stem]) {
			return true
		}
	}
	for i, c := range key {
		if c == '.' && mentioned[key[:i+1]] || c == '_' && mentioned[key[:i+1]] {
			return true
		}
	}
	return false
}

func askedByTemplate(t *testing.T, path string, asked map[string]string, mentioned map[string]bool) {
	t.Helper()
	trees, err := parse.Parse(path, read(t, path), "", "", functionNames)
	if err != nil {
		t.Fatal(err)
	}
	for _, tree := range trees {
		walk(tree.Root, func(n parse.Node) {
			switch n := n.(type) {
			case *parse.StringNode:
				mentioned[n.Text] = true
			case *parse.CommandNode:
				if key, ok := keyAsked(n); ok {
					ask(asked, path, key.method, key.text)
				}
			}
		})
	}
}

// functionNames lets templates be parsed without what they call.
var functionNames = map[string]any{
	"about": 0, "list": 0, "asset": 0, "print": 0, "printf": 0, "eq": 0, "ne": 0, "lt": 0, "le": 0, "gt": 0, "ge": 0, "and": 0, "or": 0, "not": 0,
	"len": 0, "index": 0, "slice": 0, "call": 0, "html": 0, "js": 0, "urlquery": 0, "println": 0,
}

type askedKey struct{ method, text string }

// keyAsked is the key of a call such as .T "key" or $.N "key" 2.
func keyAsked(c *parse.CommandNode) (askedKey, bool) {
	if len(c.Args) < 2 {
		return askedKey{}, false
	}
	var name string
	switch f := c.Args[0].(type) {
	case *parse.FieldNode:
		name = f.Ident[len(f.Ident)-1]
	case *parse.VariableNode:
		name = f.Ident[len(f.Ident)-1]
	}
	text, ok := c.Args[1].(*parse.StringNode)
	if !ok || name != "T" && name != "N" {
		return askedKey{}, false
	}
	return askedKey{name, text.Text}, true
}

func ask(asked map[string]string, where, method, key string) {
	if method == "N" {
		asked[key+".one"], asked[key+".other"] = where, where
		return
	}
	asked[key] = where
}

// walk visits all nodes of a template.
func walk(n parse.Node, visit func(parse.Node)) {
	if n == nil {
		return
	}
	visit(n)
	branch := func(b *parse.BranchNode) {
		walk(b.Pipe, visit)
		walk(b.List, visit)
		if b.ElseList != nil {
			walk(b.ElseList, visit)
		}
	}
	switch n := n.(type) {
	case *parse.ListNode:
		for _, c := range n.Nodes {
			walk(c, visit)
		}
	case *parse.ActionNode:
		walk(n.Pipe, visit)
	case *parse.IfNode:
		branch(&n.BranchNode)
	case *parse.RangeNode:
		branch(&n.BranchNode)
	case *parse.WithNode:
		branch(&n.BranchNode)
	case *parse.TemplateNode:
		if n.Pipe != nil {
			walk(n.Pipe, visit)
		}
	case *parse.PipeNode:
		for _, c := range n.Cmds {
			walk(c, visit)
		}
	case *parse.CommandNode:
		for _, a := range n.Args {
			walk(a, visit)
		}
	}
}

func askedByGo(t *testing.T, path string, asked map[string]string, mentioned map[string]bool) {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.BasicLit:
			if text, err := strconv.Unquote(n.Value); n.Kind == token.STRING && err == nil {
				mentioned[text] = true
			}
		case *ast.CallExpr:
			f, ok := n.Fun.(*ast.SelectorExpr)
			if !ok || len(n.Args) == 0 || f.Sel.Name != "T" && f.Sel.Name != "N" {
				return true
			}
			if key, ok := n.Args[0].(*ast.BasicLit); ok && key.Kind == token.STRING {
				text, _ := strconv.Unquote(key.Value) // the compiler has read it
				ask(asked, path, f.Sel.Name, text)
			}
		}
		return true
	})
}

var (
	comment     = regexp.MustCompile(`(?s)\{\{/\*.*?\*/\}\}`)
	action      = regexp.MustCompile(`\{\{.*?\}\}`)
	markup      = regexp.MustCompile(`(?s)<[^>]*>`)
	spoken      = regexp.MustCompile(`(?s)\s(title|aria-label|aria-description|placeholder|alt|label|content|data-[a-z-]+)="([^"]*)"`)
	letters     = regexp.MustCompile(`\p{L}+`)
	unspoken    = regexp.MustCompile(`^(|width=device-width, initial-scale=1|light dark|[a-z]|[a-z-]+)$`) // for machines: one word in lower case, a key
	keyNames    = regexp.MustCompile(`<kbd>[^<]*</kbd>`)                                                  // as they stand on the keys
	styleInHTML = regexp.MustCompile(`(?s)<[^>]*\s(style|on[a-z]+)=`)
)

func TestTemplatesHaveNoWordsOfTheirOwn(t *testing.T) {
	t.Parallel()
	for _, path := range glob(t, "templates/*.html") {
		text := action.ReplaceAllString(comment.ReplaceAllString(read(t, path), ""), "\x00")
		for _, found := range spoken.FindAllStringSubmatch(text, -1) {
			machine := strings.HasPrefix(found[1], "data-") || found[1] == "content"
			if own := strings.ReplaceAll(found[2], "\x00", ""); letters.MatchString(own) && !(machine && unspoken.MatchString(own)) {
				t.Errorf("%s: %s=%q is not in the catalogues", path, found[1], found[2])
			}
		}
		for _, own := range letters.FindAllString(html.UnescapeString(markup.ReplaceAllString(keyNames.ReplaceAllString(text, ""), " ")), -1) {
			t.Errorf("%s: the word %q is not in the catalogues", path, own)
		}
		if found := styleInHTML.FindString(text); found != "" {
			t.Errorf("%s: %s is refused by the policy of the pages", path, found)
		}
	}
}

func TestProgramHasNoChinese(t *testing.T) {
	t.Parallel()
	han := regexp.MustCompile(`\p{Han}`)
	for _, path := range append(glob(t, "*.go"), glob(t, "assets/*.js")...) {
		text := strings.ReplaceAll(read(t, path), `"2006年1月"`, "") // how a month is written
		if !strings.HasSuffix(path, "_test.go") && han.MatchString(text) {
			t.Errorf("%s has Chinese words: they belong into a catalogue", path)
		}
	}
}

// TestTemplatesAreParsedAsTheyAre keeps functionNames from hiding a template that can't be parsed.
func TestTemplatesAreParsedAsTheyAre(t *testing.T) {
	t.Parallel()
	if _, err := template.New("").Parse(`{{.T "a"}}{{range .B}}{{$.N "c" 1}}{{end}}`); err != nil {
		t.Fatal(err)
	}
	asked, mentioned := map[string]string{}, map[string]bool{}
	path := filepath.Join(t.TempDir(), "a.html")
	if err := os.WriteFile(path, []byte(`{{if .A}}{{.T "a"}}{{else}}{{range .B}}{{$.N "c" 1}}{{template "x" (about $ (.T "d"))}}{{.T (print "e." .F)}}{{end}}{{end}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	askedByTemplate(t, path, asked, mentioned)
	if got := slices.Sorted(maps.Keys(asked)); !slices.Equal(got, []string{"a", "c.one", "c.other", "d"}) || !mentioned["e."] || !isUsed("e.x.y", asked, mentioned) || isUsed("f", asked, mentioned) {
		t.Errorf("found %v %v", got, mentioned)
	}
}
