package console

import (
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"strings"

	"orderledger/domain"
)

// words/NAME.LANG.json are the words of one page in one language: keys are the same in both languages.
//
//go:embed words/*.json
var wordFiles embed.FS

// catalogues has all words by language and key.
var catalogues = readCatalogues()

func readCatalogues() map[string]map[string]string {
	all := map[string]map[string]string{"en": {}, "zh": {}}
	names, _ := fs.Glob(wordFiles, "words/*.json") // the pattern is a good one
	for _, name := range names {
		text, err := wordFiles.ReadFile(name)
		var words map[string]string
		if err == nil {
			err = json.Unmarshal(text, &words)
		}
		parts := strings.Split(path.Base(name), ".")
		if err != nil || len(parts) != 3 || all[parts[1]] == nil {
			panic(fmt.Sprintf("console: the words in %s: %v", name, err)) // the binary was built wrong
		}
		maps.Copy(all[parts[1]], words)
	}
	return all
}

// T is the words for a key in the page's language, with {0}, {1} … replaced by the arguments. A key without words shows
// itself, which a test finds.
func (p preferences) T(key string, args ...any) string {
	text, ok := catalogues[p.Lang][key]
	if !ok {
		return key
	}
	for i, a := range args {
		text = strings.ReplaceAll(text, fmt.Sprintf("{%d}", i), fmt.Sprint(a))
	}
	return text
}

// N is T for a count: "key.one" for 1, "key.other" for the rest, with {0} the count as it is written.
func (p preferences) N(key string, n int64) string {
	if n == 1 {
		return p.T(key+".one", p.Number(n))
	}
	return p.T(key+".other", p.Number(n))
}

// Has says whether there are words for a key.
func (p preferences) Has(key string) bool { _, ok := catalogues[p.Lang][key]; return ok }

// Label is the name of a word of the domain: a status, an order type, a charge mode, a field.
func (p preferences) Label(kind string, code any) string {
	return domain.LabelOf(kind, fmt.Sprint(code), p.Lang)
}
