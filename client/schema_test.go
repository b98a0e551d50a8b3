package client

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

const documents = "../docs/api"

// leftOut are members that services have no use for.
var leftOut = map[string]bool{
	"order.placed.v1/personal": true, "order.paid.v1/vouchers": true, "order.refunded.v1/lines/cuts": true,
	"order.paid.v1/lines/gifts": true, "order.paid.v1/lines/vouchers": true,
	"order.refunded.v1/lines/gifts": true, "order.refunded.v1/lines/vouchers": true,
	"close_resource/return_vouchers": true,
}

type schema struct {
	Properties  map[string]schema
	Items       *schema
	AnyOf       []schema
	Ref         string `json:"$ref"`
	Examples    []json.RawMessage
	Definitions map[string]schema
}

func readJSON(t *testing.T, name string, into any) []byte {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(documents, name))
	if err == nil {
		err = json.Unmarshal(raw, into)
	}
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// Every event that has a type here has the members that its schema names, and no others; the schema's example is read
// without loss.
func TestEventsAreWhatTheirSchemasSay(t *testing.T) {
	t.Parallel()
	for name, read := range readers {
		var s schema
		readJSON(t, "schemas/events/"+name+".json", &s)
		if len(s.Examples) == 0 {
			t.Fatalf("%s has no example", name)
		}
		for _, example := range s.Examples {
			data, err := read(example)
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			sameMembers(t, name, s, s.Definitions, reflect.TypeOf(data))
			var want any
			if err := json.Unmarshal(example, &want); err != nil {
				t.Fatal(err)
			}
			sameValues(t, name, want, jsonOf(t, data))
		}
	}
	if len(readers) < 15 {
		t.Errorf("%d types", len(readers))
	}
}

// What is sent is what the commands' schemas take, with every member set and with as few as can be.
func TestCommandsAreWhatTheirSchemasSay(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]any{
		"place_order": PlaceOrder{}, "pay_order": PayOrder{}, "cancel_order": CancelOrder{},
		"report_fulfilment": Fulfilment{}, "report_usage": Usage{}, "close_resource": closeResource{},
	} {
		var s schema
		raw := readJSON(t, "schemas/commands/"+name+".v1.json", &s)
		sameMembers(t, name, s, s.Definitions, reflect.TypeOf(body))
		document, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
		if err != nil {
			t.Fatal(err)
		}
		compiler := jsonschema.NewCompiler()
		if err := compiler.AddResource("urn:command", document); err != nil {
			t.Fatal(err)
		}
		compiled, err := compiler.Compile("urn:command")
		if err != nil {
			t.Fatal(err)
		}
		filled := reflect.New(reflect.TypeOf(body)).Elem()
		fill(filled)
		if err := compiled.Validate(jsonOf(t, filled.Interface())); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		few, err := json.Marshal(body)
		if err != nil || bytes.Contains(few, []byte(`":0`)) || bytes.Contains(few, []byte("0001-01-01")) {
			t.Errorf("an empty %s is %s, %v", name, few, err)
		}
	}
}

// An order has no members that the ledger does not send.
func TestOrderIsWhatTheDocumentSays(t *testing.T) {
	t.Parallel()
	var document struct {
		Components struct{ Schemas map[string]schema }
	}
	readJSON(t, "openapi.json", &document)
	for member := range fieldsOf(reflect.TypeFor[Order]()) {
		if _, known := document.Components.Schemas["OrderAt"].Properties[member]; !known {
			t.Errorf("an order has no %s", member)
		}
	}
	for member := range fieldsOf(reflect.TypeFor[OrderLine]()) {
		if _, known := document.Components.Schemas["Line"].Properties[member]; !known {
			t.Errorf("an order line has no %s", member)
		}
	}
}

// sameMembers compares a type with its schema.
func sameMembers(t *testing.T, at string, s schema, definitions map[string]schema, of reflect.Type) {
	t.Helper()
	for len(s.AnyOf) > 0 || s.Ref != "" || s.Items != nil {
		switch {
		case s.Ref != "":
			s = definitions[strings.TrimPrefix(s.Ref, "#/definitions/")]
		case s.Items != nil:
			s = *s.Items
		default:
			s = s.AnyOf[0]
		}
	}
	for of.Kind() == reflect.Pointer || of.Kind() == reflect.Slice {
		of = of.Elem()
	}
	if of.Kind() != reflect.Struct || of == reflect.TypeFor[time.Time]() {
		return
	}
	fields := fieldsOf(of)
	for name, member := range s.Properties {
		field, known := fields[name]
		if !known {
			if !leftOut[at+"/"+name] {
				t.Errorf("%s has no %s", at, name)
			}
			continue
		}
		sameMembers(t, at+"/"+name, member, definitions, field)
	}
	for name := range fields {
		if _, known := s.Properties[name]; !known {
			t.Errorf("%s has %s, and its schema does not", at, name)
		}
	}
}

// fieldsOf are a struct's members by their names in JSON.
func fieldsOf(of reflect.Type) map[string]reflect.Type {
	fields := map[string]reflect.Type{}
	for _, f := range reflect.VisibleFields(of) {
		if name, _, _ := strings.Cut(f.Tag.Get("json"), ","); name != "" && name != "-" {
			fields[name] = f.Type
		}
	}
	return fields
}

// sameValues holds what was read and written again against what was read, but for what is absent in one of them.
func sameValues(t *testing.T, at string, want, got any) {
	t.Helper()
	switch want := want.(type) {
	case map[string]any:
		for name, value := range want {
			if member, there := got.(map[string]any)[name]; there {
				sameValues(t, at+"/"+name, value, member)
			} else if value != nil && value != "" && !leftOut[at+"/"+name] && len(fmt.Sprint(value)) > len("map[]") {
				t.Errorf("%s/%s is lost", at, name)
			}
		}
	case []any:
		list, _ := got.([]any)
		if len(list) != len(want) {
			t.Errorf("%s: %v, want %v", at, got, want)
			return
		}
		for i := range want {
			sameValues(t, at, want[i], list[i])
		}
	default:
		if got == "" {
			got = nil
		}
		if want != got && !(want == "" && got == nil) {
			t.Errorf("%s: %v, want %v", at, got, want)
		}
	}
}

func jsonOf(t *testing.T, v any) any {
	t.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	var out any
	if err := json.Unmarshal(raw, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// fill sets every member to something.
func fill(v reflect.Value) {
	switch {
	case v.Type() == reflect.TypeFor[time.Time]():
		v.Set(reflect.ValueOf(time.Unix(1_762_000_000, 0)))
	case v.Type() == reflect.TypeFor[Number]():
		v.SetString("1.5")
	case v.Kind() == reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem())
	case v.Kind() == reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(v.Index(0))
	case v.Kind() == reflect.Map:
		v.Set(reflect.ValueOf(map[string]string{"a": "b"}))
	case v.Kind() == reflect.Struct:
		for i := range v.NumField() {
			name := v.Type().Field(i).Name
			fill(v.Field(i))
			if word := map[string]string{"Currency": "CNY", "OrderType": "purchase", "ChargeMode": "month"}[name]; word != "" {
				v.Field(i).SetString(word)
			}
		}
	case v.Kind() == reflect.String:
		v.SetString("text")
	case v.Kind() == reflect.Bool:
		v.SetBool(true)
	case v.Kind() == reflect.Int:
		v.SetInt(1)
	}
}
