package contract

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"orderledger/handlers"
)

// Draft 7 is what AsyncAPI's tools read without more.
const (
	dialect     = "http://json-schema.org/draft-07/schema#"
	definitions = "#/definitions/"
)

// described is a type to make a schema of.
type described struct {
	id, title string
	of        reflect.Type
	// body: it is read here, strictly; else others read it, who pass over what they don't know.
	body bool
	// required are members that it can't do without, beyond those that its type tells.
	required []string
	example  json.RawMessage
}

// object is a JSON object whose members are written in the order of their names.
type object = map[string]any

// schemaOf makes a schema that needs no other document.
func schemaOf(d described, source comments) (object, error) {
	types := handlers.NewSchemas(definitions)
	root := types.Schema(d.of, false, "")
	if d.body {
		handlers.CompleteSchemas(types, definitions, d.of)
	} else {
		handlers.CompleteSchemas(types, definitions)
	}
	for name, s := range types.Map() {
		source.describe(s, types.TypeFromRef(definitions+name))
		if !d.body {
			s.AdditionalProperties = nil
		}
	}
	root.Required = slices.Concat(d.required, root.Required)

	text, err := json.Marshal(root)
	if err != nil {
		return nil, fmt.Errorf("the schema of %s: %w", d.id, err)
	}
	var schema object
	if err := json.Unmarshal(text, &schema); err != nil {
		return nil, fmt.Errorf("the schema of %s: %w", d.id, err)
	}
	others := maps.Clone(types.Map())
	maps.DeleteFunc(others, func(_ string, s *huma.Schema) bool { return s == root })
	if len(others) > 0 {
		schema["definitions"] = others
	}
	schema["$schema"], schema["$id"], schema["title"] = dialect, "/"+schemaFile(d.id), d.title
	schema["examples"] = []json.RawMessage{d.example}
	return schema, nil
}

// describe puts what the source says of a type of the domain into its schema.
func (c comments) describe(s *huma.Schema, t reflect.Type) {
	if !strings.HasSuffix(t.PkgPath(), "/domain") {
		return
	}
	if s.Description == "" {
		s.Description = c[t.Name()]
	}
	for _, f := range reflect.VisibleFields(t) {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		property := s.Properties[name]
		if property == nil || property.Ref != "" { // a reference has no words of its own in draft 7
			continue
		}
		owner := t
		for _, i := range f.Index[:len(f.Index)-1] {
			owner = owner.Field(i).Type
		}
		if says := c[owner.Name()+"."+f.Name]; says != "" {
			property.Description = says
		}
	}
}
