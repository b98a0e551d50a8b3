package lint

import (
	"go/ast"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"orderledger/internal/testkit"
)

var (
	testNamed = regexp.MustCompile(`\b(?:Test|Fuzz|Benchmark)[A-Z]\w+`)
	linked    = regexp.MustCompile(`\]\(([^)#\s]+)[^)]*\)`)
)

// TestDocsNameWhatIsThere: a promise that names a test which is gone is checked by nobody.
func TestDocsNameWhatIsThere(t *testing.T) {
	t.Parallel()
	there := map[string]bool{}
	eachFile(t, func(_ string, file *ast.File, _ *token.FileSet) {
		for _, d := range file.Decls {
			if f, ok := d.(*ast.FuncDecl); ok {
				there[f.Name.Name] = true
			}
		}
	})
	root := testkit.Root(t)
	files := 0
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && path != root && strings.HasPrefix(d.Name(), ".") {
			return filepath.SkipDir
		}
		if filepath.Ext(path) != ".md" {
			return nil
		}
		text, err := os.ReadFile(path)
		files++
		for _, name := range testNamed.FindAllString(string(text), -1) {
			if !there[name] {
				t.Errorf("%s names %s, and there is no such test", path, name)
			}
		}
		for _, link := range linked.FindAllStringSubmatch(string(text), -1) {
			if strings.Contains(link[1], ":") {
				continue
			}
			if _, err := os.Stat(filepath.Join(filepath.Dir(path), link[1])); err != nil {
				t.Errorf("%s leads to %s, which is not there", path, link[1])
			}
		}
		return err
	})
	if err != nil || files == 0 {
		t.Fatalf("%d files were read, %v", files, err)
	}
}
