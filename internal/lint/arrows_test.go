// Package lint holds tests of the source itself: which package may know which, and how large things get.
package lint

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"orderledger/internal/testkit"
)

const module = "orderledger/"

// arrows has what each package, by the beginning of its path, may import of this module; the longest
// beginning holds. Everybody may import internal but for what stands in closed.
var arrows = map[string][]string{
	"cmd":         {"handlers", "projections", "eventstore", "domain", "examples", "internal"},
	"handlers":    {"projections", "eventstore", "domain", "internal", "docs"},
	"projections": {"eventstore", "domain", "internal"},
	"eventstore":  {"internal"},
	"domain":      {},
	"docs":        {}, // the documents themselves
	"internal":    {"internal"},
	"examples":    {"examples", "client"},
	"client":      {}, // for other people's programs
}

// domainMay is all that the rules import from outside, beside the standard library.
var domainMay = map[string]bool{"github.com/shopspring/decimal": true, "github.com/google/uuid": true}

// clientMay is all that the package for other people's programs makes them depend on.
var clientMay = map[string]bool{
	"github.com/shopspring/decimal": true, "github.com/google/uuid": true,
	"github.com/nats-io/nats.go": true, "github.com/nats-io/nats.go/jetstream": true,
}

// impure are the packages of the standard library that the rules do without.
var impure = []string{"os", "net", "net/http", "context", "math/rand", "math/rand/v2", "crypto/rand", "database/sql", "log", "log/slog", "io/fs", "runtime"}

func TestArrowsRunOneWay(t *testing.T) {
	t.Parallel()
	eachFile(t, func(path string, file *ast.File, _ *token.FileSet) {
		test := strings.HasSuffix(path, "_test.go")
		for _, i := range file.Imports {
			imported, _ := strconv.Unquote(i.Path.Value)
			own := strings.TrimPrefix(imported, module)
			switch {
			case test: // a test may know more than what it tests
			case own != imported && !allowed(path, own):
				t.Errorf("%s imports %s: arrows run cmd → handlers → projections → {domain, eventstore}", path, own)
			case own == imported && strings.HasPrefix(path, "domain/") && strings.Contains(imported, ".") && !domainMay[imported]:
				t.Errorf("%s imports %s: the rules need nothing of the kind", path, imported)
			case own == imported && strings.HasPrefix(path, "client/") && strings.Contains(imported, ".") && !clientMay[imported]:
				t.Errorf("%s imports %s: whoever uses the client would have to as well", path, imported)
			case strings.HasPrefix(path, "domain/"):
				for _, p := range impure {
					if imported == p {
						t.Errorf("%s imports %s: the rules are pure", path, p)
					}
				}
			}
		}
	})
}

// allowed says whether a file may import a package of ours.
func allowed(path, imported string) bool {
	may, found := arrows[first(path)]
	if !found {
		return false
	}
	if first(path) == first(imported) {
		return true
	}
	for _, m := range may {
		if first(imported) == m {
			return true
		}
	}
	return false
}

func first(path string) string { name, _, _ := strings.Cut(path, "/"); return name }

// The rules take their times as arguments.
func TestRulesReadNoClock(t *testing.T) {
	t.Parallel()
	eachFile(t, func(path string, file *ast.File, fset *token.FileSet) {
		if !strings.HasPrefix(path, "domain/") || strings.HasSuffix(path, "_test.go") {
			return
		}
		ast.Inspect(file, func(n ast.Node) bool {
			s, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			if x, ok := s.X.(*ast.Ident); ok && x.Name == "time" && (s.Sel.Name == "Now" || s.Sel.Name == "Since" || s.Sel.Name == "Local") {
				t.Errorf("%s: time.%s", fset.Position(s.Pos()), s.Sel.Name)
			}
			return true
		})
	})
}

// eachFile parses every Go file of the repository; paths are relative to its root, with slashes.
func eachFile(t *testing.T, visit func(path string, file *ast.File, fset *token.FileSet)) {
	t.Helper()
	root := testkit.Root(t)
	fset := token.NewFileSet()
	files := 0
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := d.Name()
		if d.IsDir() && path != root && (strings.HasPrefix(name, ".") || name == "testdata" || name == "vendor") {
			return filepath.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(name, ".go") {
			return nil
		}
		file, err := parser.ParseFile(fset, path, nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		relative, err := filepath.Rel(root, path)
		files++
		visit(filepath.ToSlash(relative), file, fset)
		return err
	})
	if err != nil || files == 0 {
		t.Fatalf("%d files were read, %v", files, err)
	}
}
