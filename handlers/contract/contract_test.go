package contract_test

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"orderledger/domain"
	"orderledger/handlers"
	"orderledger/handlers/contract"
	"orderledger/internal/testkit"
)

// What lies in docs/api is what the code says now, no file more and none less.
func TestDocumentsAreOfThisCode(t *testing.T) {
	t.Parallel()
	root := testkit.Root(t)
	want, err := contract.Files(root)
	if err != nil {
		t.Fatal(err)
	}
	folder := filepath.Join(root, filepath.FromSlash(contract.Folder))
	for name, text := range want {
		is, err := os.ReadFile(filepath.Join(folder, filepath.FromSlash(name)))
		if err != nil || !bytes.Equal(is, text) {
			t.Errorf("%s is not what the code says (`make docs` writes it): %v", name, err)
		}
	}
	_ = filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
		name, _ := filepath.Rel(folder, path)
		generated := slices.Contains([]string{".json", ".yaml"}, filepath.Ext(path))
		if generated && want[filepath.ToSlash(name)] == nil {
			t.Errorf("%s is of nothing any more (`make docs` removes it)", name)
		}
		return err
	})
}

// Each event that was ever stored is what the committed schema of its version says, and has no member that it does not
// name; a new version has a file, or there is no schema of it.
func TestGoldensAreAsTheirSchemasSay(t *testing.T) {
	t.Parallel()
	root := testkit.Root(t)
	goldens, _ := filepath.Glob(filepath.Join(root, "domain", "testdata", "events", "*.json"))
	if len(goldens) < len(domain.EventTypes()) {
		t.Errorf("%d events are frozen, there are %d versions", len(goldens), len(domain.EventTypes()))
	}
	for _, path := range goldens {
		name := filepath.Base(path)
		golden, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		lax, strict := readSchema(t, root, "events/"+name)
		for schema, how := range map[*jsonschema.Schema]string{lax: "", strict: " to the letter"} {
			if err := schema.Validate(value(t, golden)); err != nil {
				t.Errorf("%s is not%s what its schema says: %v", name, how, err)
			}
		}
		var later map[string]any
		if err := json.Unmarshal(golden, &later); err != nil {
			t.Fatal(err)
		}
		later["a_later_member"] = true
		if err := lax.Validate(later); err != nil {
			t.Errorf("%s may gain no member: %v", name, err)
		}
		for member := range later {
			less := value(t, golden).(map[string]any)
			delete(less, member)
			optional := lax.Validate(less) == nil
			if _, always := always[member]; always && optional {
				t.Errorf("%s may do without %s", name, member)
			}
		}
	}
}

// always are members that no event of theirs goes without.
var always = map[string]bool{"org_id": true, "postings": true, "balance": true}

// Each command has an example that the ledger's reader takes and its schema describes, and what the schema requires the
// reader does too.
func TestCommandsAreAsTheirSchemasSay(t *testing.T) {
	t.Parallel()
	root := testkit.Root(t)
	forms := handlers.CommandForms()
	for i, f := range forms {
		if f.Name != domain.CommandNames[i] || len(f.Roles) == 0 {
			t.Errorf("command %d is %s, for %v; want %s", i, f.Name, f.Roles, domain.CommandNames[i])
		}
		if err := f.Check(f.Example); err != nil {
			t.Errorf("%s: the example is refused: %v", f.Name, err)
		}
		schema, _ := readSchema(t, root, "commands/"+f.Name+".v1.json")
		if err := schema.Validate(value(t, f.Example)); err != nil {
			t.Errorf("%s: the example is not what the schema says: %v", f.Name, err)
		}
		for _, member := range schema.Required {
			less := value(t, f.Example).(map[string]any)
			delete(less, member)
			body, _ := json.Marshal(less)
			if f.Check(body) == nil {
				t.Errorf("%s: %s is required by the schema, and not by the reader", f.Name, member)
			}
		}
		more := value(t, f.Example).(map[string]any)
		more["no_such_member"] = "x"
		body, _ := json.Marshal(more)
		if f.Check(body) == nil || schema.Validate(more) == nil {
			t.Errorf("%s: a member that there is not was taken", f.Name)
		}
	}
}

// readSchema reads a committed schema as it is, and as one that allows no members but those that it names.
func readSchema(t *testing.T, root, name string) (lax, strict *jsonschema.Schema) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(contract.Folder), "schemas", filepath.FromSlash(name)))
	if err != nil {
		t.Fatalf("there is no schema: %v", err)
	}
	return compile(t, value(t, text)), compile(t, closed(value(t, text)))
}

func compile(t *testing.T, schema any) *jsonschema.Schema {
	t.Helper()
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource("urn:schema", schema); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("urn:schema")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// closed allows no other members wherever members are named.
func closed(schema any) any {
	switch s := schema.(type) {
	case map[string]any:
		delete(s, "$id")
		for _, v := range s {
			closed(v)
		}
		if _, names := s["properties"].(map[string]any); names {
			s["additionalProperties"] = false
		}
	case []any:
		for _, v := range s {
			closed(v)
		}
	}
	return schema
}

func value(t *testing.T, text []byte) any {
	t.Helper()
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatalf("%v: %.200s", err, text)
	}
	return v
}

// Every event version and every command has a channel, a message and an operation, each reference leads somewhere, and
// nothing else is there.
func TestAsyncAPIHasEverything(t *testing.T) {
	t.Parallel()
	root := testkit.Root(t)
	folder := filepath.Join(root, filepath.FromSlash(contract.Folder))
	text, err := os.ReadFile(filepath.Join(folder, "asyncapi.json"))
	if err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Channels map[string]struct {
			Address  string
			Messages map[string]any
		}
		Operations map[string]struct{ Action string }
		Components struct{ Messages map[string]any }
	}
	if err := json.Unmarshal(text, &doc); err != nil {
		t.Fatal(err)
	}
	messages := map[string]bool{"result": true, "poison": true}
	for _, name := range domain.EventTypes() {
		messages[name] = true
		subject := name[:strings.LastIndexByte(name, '.')]
		if c := doc.Channels[subject]; c.Address != "ledger.events.{org_id}."+subject+".{id}" || c.Messages[name] == nil || doc.Operations["send-"+subject].Action != "send" {
			t.Errorf("%s is on channel %v", name, c)
		}
	}
	for _, name := range domain.CommandNames {
		messages[name] = true
		if c := doc.Channels[name]; c.Address != "ledger.commands.{service}."+name || c.Messages[name] == nil || doc.Operations["receive-"+name].Action != "receive" {
			t.Errorf("%s is on channel %v", name, c)
		}
	}
	for name := range doc.Components.Messages {
		if !messages[name] {
			t.Errorf("message %s is of nothing", name)
		}
	}
	if len(doc.Components.Messages) != len(messages) {
		t.Errorf("%d messages are described, there are %d", len(doc.Components.Messages), len(messages))
	}
	eachReference(value(t, text), func(to string) {
		if path, file := strings.CutPrefix(to, "./"); file {
			if _, err := os.Stat(filepath.Join(folder, filepath.FromSlash(path))); err != nil {
				t.Errorf("%s leads nowhere", to)
			}
			return
		}
		at := value(t, text)
		for step := range strings.SplitSeq(strings.TrimPrefix(to, "#/"), "/") {
			members, _ := at.(map[string]any)
			at = members[step]
		}
		if at == nil {
			t.Errorf("%s leads nowhere", to)
		}
	})
}

func eachReference(v any, visit func(to string)) {
	switch v := v.(type) {
	case map[string]any:
		if to, ok := v["$ref"].(string); ok {
			visit(to)
		}
		for name, member := range v {
			if name != "examples" {
				eachReference(member, visit)
			}
		}
	case []any:
		for _, e := range v {
			eachReference(e, visit)
		}
	}
}
