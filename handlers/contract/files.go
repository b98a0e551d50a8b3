package contract

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"

	"github.com/danielgtaylor/huma/v2/yaml"

	"orderledger/domain"
	"orderledger/handlers"
)

// Folder is where the files lie in the repository, with slashes.
const Folder = "docs/api"

// Version of the commands' forms. A change that refuses what was taken before makes another.
const commandVersion = ".v1"

// Files are the documents by name, made from the repository in root: its goldens are the events' examples, its comments
// their descriptions.
func Files(root string) (map[string][]byte, error) {
	source, err := readComments(filepath.Join(root, "domain"))
	if err != nil {
		return nil, err
	}
	all, err := schemas(root, source)
	if err != nil {
		return nil, err
	}
	files := map[string][]byte{}
	index := map[string]string{}
	for _, d := range all {
		schema, err := schemaOf(d, source)
		if err != nil {
			return nil, err
		}
		if files[schemaFile(d.id)], err = pretty(schema); err != nil {
			return nil, err
		}
		index[d.id] = "/" + schemaFile(d.id)
	}
	if files["schemas/index.json"], err = pretty(index); err != nil {
		return nil, err
	}
	if err := both(files, "openapi", json.RawMessage(handlers.OpenAPI())); err != nil {
		return nil, err
	}
	return files, both(files, "asyncapi", asyncAPI(all))
}

// schemas lists all that gets a schema: every event version, every command, and the answer to a command.
func schemas(root string, source comments) ([]described, error) {
	var all []described
	for _, name := range domain.EventTypes() {
		e, err := domain.DecodeEvent(name, []byte("{}"))
		if err != nil {
			return nil, err
		}
		example, err := os.ReadFile(filepath.Join(root, "domain", "testdata", "events", name+".json"))
		if err != nil {
			return nil, fmt.Errorf("the example of %s: %w", name, err)
		}
		all = append(all, described{id: eventID(name), title: title(name), of: reflect.TypeOf(e), example: example})
	}
	for _, f := range handlers.CommandForms() {
		all = append(all, described{
			id: commandID(f.Name), title: source[f.Body.Name()], of: f.Body, body: true, required: f.Needs, example: f.Example,
		})
	}
	return append(all, described{
		id: resultID, title: "What became of a command", of: handlers.ResultType(),
		example: exampleOfResult(),
	}), nil
}

const resultID = "results/result.v1"

func eventID(name string) string    { return "events/" + name }
func commandID(name string) string  { return "commands/" + name + commandVersion }
func schemaFile(id string) string   { return "schemas/" + id + ".json" }
func schemaAddress(d string) string { return "./" + schemaFile(d) }

// both writes a document as JSON and as YAML.
func both(files map[string][]byte, name string, document any) error {
	asJSON, err := pretty(document)
	if err != nil {
		return err
	}
	var asYAML bytes.Buffer
	if err := yaml.Convert(&asYAML, bytes.NewReader(asJSON)); err != nil {
		return fmt.Errorf("write %s as YAML: %w", name, err)
	}
	files[name+".json"], files[name+".yaml"] = asJSON, asYAML.Bytes()
	return nil
}

// pretty writes JSON for people and for git to compare.
func pretty(v any) ([]byte, error) {
	var plain, indented bytes.Buffer
	encoder := json.NewEncoder(&plain)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		return nil, fmt.Errorf("write a document: %w", err)
	}
	if err := json.Indent(&indented, plain.Bytes(), "", " "); err != nil {
		return nil, fmt.Errorf("write a document: %w", err)
	}
	return indented.Bytes(), nil
}
