package contract_test

import (
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"orderledger/handlers/contract"
	"orderledger/internal/testkit"
)

// The documents are what the standards' own schemas say of them.
func TestDocumentsAreOfTheirStandards(t *testing.T) {
	t.Parallel()
	for name, standard := range map[string]string{"asyncapi": "asyncapi-3.0.0.json.gz", "openapi": "openapi-3.1.json"} {
		is := standardSchema(t, standard)
		document := value(t, readDocument(t, name+".json"))
		if err := is.Validate(document); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		delete(document.(map[string]any), "info")
		if is.Validate(document) == nil {
			t.Errorf("%s without info is taken", name)
		}
	}
}

// The standard leaves OpenAPI's schemas to JSON Schema: each is one, and what it refers to is there.
func TestOpenAPISchemasAreSchemas(t *testing.T) {
	t.Parallel()
	c := jsonschema.NewCompiler()
	document := value(t, readDocument(t, "openapi.json"))
	if err := c.AddResource("urn:openapi", document); err != nil {
		t.Fatal(err)
	}
	found := 0
	eachSchema(document, "", func(at string) {
		found++
		if _, err := c.Compile("urn:openapi#" + at); err != nil {
			t.Errorf("%s: %v", at, err)
		}
	})
	if found < 200 {
		t.Errorf("%d schemas were found", found)
	}
}

// eachSchema visits the JSON pointers of all schemas of a document.
func eachSchema(v any, at string, visit func(at string)) {
	switch v := v.(type) {
	case map[string]any:
		for name, member := range v {
			to := at + "/" + strings.NewReplacer("~", "~0", "/", "~1", "{", "%7B", "}", "%7D").Replace(name)
			if name == "schema" || at == "/components/schemas" {
				visit(to)
				continue
			}
			eachSchema(member, to, visit)
		}
	case []any:
		for i, e := range v {
			eachSchema(e, at+"/"+strconv.Itoa(i), visit)
		}
	}
}

func standardSchema(t *testing.T, name string) *jsonschema.Schema {
	t.Helper()
	f, err := os.Open(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var text io.Reader = f
	if strings.HasSuffix(name, ".gz") {
		if text, err = gzip.NewReader(f); err != nil {
			t.Fatal(err)
		}
	}
	schema, err := jsonschema.UnmarshalJSON(text)
	if err != nil {
		t.Fatal(err)
	}
	return compile(t, schema)
}

func readDocument(t *testing.T, name string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(testkit.Root(t), filepath.FromSlash(contract.Folder), name))
	if err != nil {
		t.Fatal(err)
	}
	return text
}
