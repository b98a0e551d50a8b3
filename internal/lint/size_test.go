package lint

import (
	"fmt"
	"go/ast"
	"go/token"
	"strings"
	"testing"
)

// What people can read at one go, in lines; tests, which are tables for the most part, are left out.
const (
	fileMax     = 400
	functionMax = 70
)

// larger are the exceptions, by file or file:function, with the size that they may not pass. The list only
// ever gets shorter: an entry that is no longer needed fails too.
var larger = map[string]int{}

func TestSizes(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	check := func(what string, lines, bound int) {
		if lines <= bound {
			return
		}
		seen[what] = true
		if lines > larger[what] {
			t.Errorf("%s has %d lines, at most %d are read at one go", what, lines, bound)
		}
	}
	eachFile(t, func(path string, file *ast.File, fset *token.FileSet) {
		if strings.HasSuffix(path, "_test.go") || ast.IsGenerated(file) {
			return
		}
		check(path, fset.File(file.Pos()).LineCount(), fileMax)
		for _, d := range file.Decls {
			if f, ok := d.(*ast.FuncDecl); ok {
				check(fmt.Sprintf("%s:%s", path, f.Name.Name), fset.Position(f.End()).Line-fset.Position(f.Pos()).Line+1, functionMax)
			}
		}
	})
	for what := range larger {
		if !seen[what] {
			t.Errorf("%s is small by now: take it off the list", what)
		}
	}
}
