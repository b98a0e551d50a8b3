package handlers

import (
	"reflect"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

// CompleteSchemas says of the types in a registry what their Go types alone don't tell: where null may stand, and which
// members a body can't do without. bodies are the types that are read; what they are made of is found.
func CompleteSchemas(r huma.Registry, prefix string, bodies ...reflect.Type) {
	read := map[reflect.Type]bool{}
	for _, t := range bodies {
		partsOf(t, read)
	}
	for name, s := range r.Map() {
		t := r.TypeFromRef(prefix + name)
		if read[t] {
			s.Required = requiredFields[t]
		}
		for _, f := range reflect.VisibleFields(t) {
			member, options, _ := strings.Cut(f.Tag.Get("json"), ",")
			if property := s.Properties[member]; property != nil && options == "" && mayBeNil(f.Type) {
				s.Properties[member] = orNullSchema(property)
			}
		}
	}
}

// partsOf finds the structs that a type is made of, itself too.
func partsOf(t reflect.Type, found map[reflect.Type]bool) {
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Map:
		partsOf(t.Elem(), found)
	case reflect.Struct:
		if found[t] {
			return
		}
		found[t] = true
		for _, f := range reflect.VisibleFields(t) {
			partsOf(f.Type, found)
		}
	}
}

func mayBeNil(t reflect.Type) bool { return t.Kind() == reflect.Pointer || t.Kind() == reflect.Map }

func orNullSchema(s *huma.Schema) *huma.Schema {
	if s.Ref != "" {
		return &huma.Schema{AnyOf: []*huma.Schema{{Ref: s.Ref}, {Type: "null"}}}
	}
	s.Nullable = true
	return s
}
