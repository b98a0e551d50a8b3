package domain_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"

	"orderledger/domain"
)

// kindOfType says which labels the constants of a type need.
var kindOfType = map[string]string{
	"OrderType": "order_type", "ChargeMode": "charge_mode", "ChargeGroup": "charge_group", "Status": "status",
	"RefundState": "refund_state", "ResourceStatus": "resource_status",
}

// The constants are read from the source, so that a new one without a label fails, and a label without a word too.
func TestEveryWordHasLabels(t *testing.T) {
	t.Parallel()
	words := map[string][]string{}
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			spec, ok := n.(*ast.ValueSpec)
			if !ok || len(spec.Values) != 1 {
				return true
			}
			typed, _ := spec.Type.(*ast.Ident)
			value, _ := spec.Values[0].(*ast.BasicLit)
			if typed != nil && value != nil && kindOfType[typed.Name] != "" {
				word, _ := strconv.Unquote(value.Value)
				words[kindOfType[typed.Name]] = append(words[kindOfType[typed.Name]], word)
			}
			return true
		})
	}
	for _, kind := range kindOfType {
		var labelled []string
		for _, l := range domain.Labels[kind] {
			labelled = append(labelled, l.Code)
		}
		slices.Sort(labelled)
		slices.Sort(words[kind])
		if len(words[kind]) == 0 || !slices.Equal(labelled, words[kind]) {
			t.Errorf("%s: the words are %v, the labels' codes %v", kind, words[kind], labelled)
		}
	}
	if n := len(domain.Labels["order_type"]); n != 14 {
		t.Errorf("%d order types", n)
	}
	if n := len(domain.Labels["charge_mode"]); n != 11 {
		t.Errorf("%d charge modes", n)
	}
}

func TestLabelsAreInBothLanguages(t *testing.T) {
	t.Parallel()
	for kind, labels := range domain.Labels {
		seen := map[string]bool{}
		for _, l := range labels {
			chinese := strings.ContainsFunc(l.Chinese, func(r rune) bool { return unicode.Is(unicode.Han, r) })
			if l.Code == "" || l.English == "" || !chinese || seen[l.Code] {
				t.Errorf("%s has %+v", kind, l)
			}
			seen[l.Code] = true
		}
	}
	if got := domain.LabelOf("order_type", "recovery", "zh"); got != "删除恢复" {
		t.Errorf("recovery is %s", got)
	}
	if got := domain.LabelOf("status", "sleeping", "en"); got != "sleeping" {
		t.Errorf("an unknown word is %s", got)
	}
}

// The bill's fields are named as the definition of its fields names them, in its order, and the ten order types and
// ten charge modes as it lists them.
func TestLabelsAreThoseOfTheBill(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../shared/seeds/002_7af142652b1d1392.txt")
	if _, absent := os.Stat("../../shared"); absent != nil {
		t.Skip("the definition of the bill's fields lies beside the repository, and is not here: ", absent)
	}
	if err != nil {
		t.Fatal(err)
	}
	var fields []string
	for line := range strings.SplitSeq(string(text), "\n") {
		cells := strings.Split(line, "|")
		if len(cells) < 4 {
			continue
		}
		name := strings.TrimSpace(cells[1])
		if name == "" || name == "字段" || strings.Trim(name, "-") == "" {
			continue
		}
		fields = append(fields, name)
		kind := map[string]string{"订单类型": "order_type", "计价方式": "charge_mode"}[name]
		if kind == "" {
			continue
		}
		items := strings.Split(cells[2], "• ")[1:]
		if len(items) != 10 {
			t.Errorf("%s lists %d words", name, len(items))
		}
		for _, item := range items {
			word, _, _ := strings.Cut(item, "：")
			if !slices.ContainsFunc(domain.Labels[kind], func(l domain.Label) bool { return l.Chinese == word }) {
				t.Errorf("no %s is called %s", kind, word)
			}
		}
	}
	var ours []string
	for _, f := range domain.BillFields {
		ours = append(ours, f.Chinese)
	}
	if !slices.Equal(ours, fields) {
		t.Errorf("the fields are\n%v, want\n%v", ours, fields)
	}
}

// The names of events are read from the source, as those of words are.
func TestEveryEventHasALabel(t *testing.T) {
	t.Parallel()
	file, err := parser.ParseFile(token.NewFileSet(), "codec.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	ast.Inspect(file, func(n ast.Node) bool {
		if spec, ok := n.(*ast.ValueSpec); ok && len(spec.Names) == 1 && strings.HasPrefix(spec.Names[0].Name, "Type") && len(spec.Values) == 1 {
			if value, ok := spec.Values[0].(*ast.BasicLit); ok {
				name, _ := strconv.Unquote(value.Value)
				names[name] = true
			}
		}
		return true
	})
	if len(names) < 30 {
		t.Fatalf("found %d events in codec.go", len(names))
	}
	for name := range names {
		if domain.LabelOf("event", name, "zh") == name {
			t.Errorf("the event %s has no label", name)
		}
	}
	if n := len(domain.Labels["event"]); n != len(names) {
		t.Errorf("%d labels of %d events", n, len(names))
	}
}
