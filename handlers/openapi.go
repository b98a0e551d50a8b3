package handlers

import (
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"regexp"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"orderledger/domain"
	"orderledger/internal/auth"
	"orderledger/projections"
)

const openAPIPrefix = "#/components/schemas/"

// OpenAPI is the description of the HTTP interface, as the server answers it at /openapi.json.
func OpenAPI() (asJSON []byte) { return idleServer().pages.json }

// idleServer is a server whose routes can be looked at, and nothing more.
func idleServer() *Server { return NewServer(Options{Executor: new(Executor)}) }

// makeDocuments describes the routes. The schemas come from the types that bodies are read into and
// answers are written from; huma makes them. It does not carry the requests: it would answer a wrong body
// with 422, check a body after its sender, and read personal data into values of no type.
func makeDocuments(routes []route) documents {
	api := &huma.OpenAPI{
		OpenAPI: "3.1.0",
		Info: &huma.Info{
			Title: "Order ledger", Version: "1",
			Description: "Orders, accounts and bills of a cloud platform, as an event-sourced ledger. Every command takes an Idempotency-Key; " +
				"every read says as_of_position, and waits for min_position.",
		},
		Components: &huma.Components{
			Schemas:         NewSchemas(openAPIPrefix),
			SecuritySchemes: map[string]*huma.SecurityScheme{"key": {Type: "http", Scheme: "bearer", Description: "An API key"}},
		},
	}
	schemas := api.Components.Schemas
	for i := range routes {
		api.AddOperation(operationOf(schemas, &routes[i]))
	}
	var bodies []reflect.Type
	for i := range routes {
		if routes[i].body != nil {
			bodies = append(bodies, reflect.TypeOf(routes[i].body))
		}
	}
	CompleteSchemas(schemas, openAPIPrefix, bodies...)
	asJSON, err := json.Marshal(api)
	if err != nil {
		panic(fmt.Sprintf("handlers: the API document: %v", err))
	}
	asYAML, err := api.YAML()
	if err != nil {
		panic(fmt.Sprintf("handlers: the API document: %v", err))
	}
	return documents{json: asJSON, yaml: asYAML, page: makePage(routes)}
}

var pathParameter = regexp.MustCompile(`\{(\w+)\}`)

func operationOf(schemas huma.Registry, rt *route) *huma.Operation {
	op := &huma.Operation{
		Method: rt.method, Path: rt.path, OperationID: rt.id, Summary: rt.summary,
		Responses: map[string]*huma.Response{strconv.Itoa(rt.status): responseOf(schemas, rt)},
	}
	text := &huma.Schema{Type: huma.TypeString}
	for _, m := range pathParameter.FindAllStringSubmatch(rt.path, -1) {
		op.Parameters = append(op.Parameters, &huma.Param{Name: m[1], In: "path", Required: true, Schema: text})
	}
	for _, p := range rt.query {
		op.Parameters = append(op.Parameters, &huma.Param{Name: p.name, In: "query", Description: p.doc, Schema: text})
	}
	if rt.command {
		op.Parameters = append(op.Parameters, &huma.Param{
			Name: "Idempotency-Key", In: "header", Required: true, Schema: text,
			Description: "1 to 255 printable ASCII characters, unique in the organisation; the same key with the same body gets the first answer again",
		})
	}
	if rt.body != nil {
		kind := "application/json"
		if _, lines := rt.body.(commandLine); lines {
			kind = "application/x-ndjson"
		}
		content := &huma.MediaType{Schema: schemas.Schema(reflect.TypeOf(rt.body), true, "")}
		if example, ok := examples[rt.id]; ok {
			content.Example = example
		}
		op.RequestBody = &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{kind: content}}
	}
	if rt.needs != "" {
		var roles []string
		for _, role := range auth.Who(rt.needs) {
			roles = append(roles, string(role))
		}
		op.Description = "For keys with the role " + strings.Join(roles, ", ") + "."
		op.Security = []map[string][]string{{"key": {}}}
		op.Responses["default"] = &huma.Response{Description: "A problem", Content: map[string]*huma.MediaType{
			"application/problem+json": {Schema: schemas.Schema(reflect.TypeFor[Problem](), true, "")},
		}}
	}
	return op
}

func responseOf(schemas huma.Registry, rt *route) *huma.Response {
	r := &huma.Response{Description: http.StatusText(rt.status)}
	if rt.command {
		integer := &huma.Schema{Type: huma.TypeInteger}
		r.Headers = map[string]*huma.Param{
			"Ledger-Position":      {Description: "Of the command's last event", Schema: integer},
			"Idempotency-Replayed": {Description: "true when this is the first answer again", Schema: &huma.Schema{Type: huma.TypeString}},
		}
	}
	if rt.media != "" {
		file := &huma.Schema{Type: huma.TypeString, Format: "binary"}
		r.Content = map[string]*huma.MediaType{rt.media: {Schema: file}}
	}
	if rt.answer == nil {
		return r
	}
	kind := "application/json"
	if _, lines := rt.answer.(lineAnswer); lines {
		kind = "application/x-ndjson"
	}
	r.Content = map[string]*huma.MediaType{kind: {Schema: schemas.Schema(reflect.TypeOf(rt.answer), true, "")}}
	return r
}

// schemaNames are of types that share their name with another.
var schemaNames = map[reflect.Type]string{
	reflect.TypeFor[projections.Voucher](): "IssuedVoucher",
}

// NewSchemas makes schemas of types, which refer to each other with the prefix. Those with a form of their own say it
// here, as the domain knows nothing of documents.
func NewSchemas(prefix string) huma.Registry {
	r := huma.NewMapRegistry(prefix, func(t reflect.Type, hint string) string {
		if name, ok := schemaNames[t]; ok {
			return name
		}
		return huma.DefaultSchemaNamer(t, hint)
	})
	r.RegisterTypeAlias(reflect.TypeFor[domain.Amount](), reflect.TypeFor[amountSchema]())
	r.RegisterTypeAlias(reflect.TypeFor[domain.Decimal](), reflect.TypeFor[decimalSchema]())
	r.RegisterTypeAlias(reflect.TypeFor[domain.Currency](), reflect.TypeFor[currencySchema]())
	r.RegisterTypeAlias(reflect.TypeFor[domain.Period](), reflect.TypeFor[periodSchema]())
	r.RegisterTypeAlias(reflect.TypeFor[domain.OrderType](), reflect.TypeFor[orderTypeSchema]())
	r.RegisterTypeAlias(reflect.TypeFor[domain.ChargeMode](), reflect.TypeFor[chargeModeSchema]())
	r.RegisterTypeAlias(reflect.TypeFor[domain.Status](), reflect.TypeFor[statusSchema]())
	r.RegisterTypeAlias(reflect.TypeFor[domain.RefundState](), reflect.TypeFor[refundStateSchema]())
	r.RegisterTypeAlias(reflect.TypeFor[domain.ResourceStatus](), reflect.TypeFor[resourceStatusSchema]())
	r.RegisterTypeAlias(reflect.TypeFor[eventTime](), reflect.TypeFor[timeSchema]())
	r.RegisterTypeAlias(reflect.TypeFor[raw](), reflect.TypeFor[objectSchema]())
	r.RegisterTypeAlias(reflect.TypeFor[json.RawMessage](), reflect.TypeFor[objectSchema]())
	return r
}

type (
	orderTypeSchema      struct{}
	chargeModeSchema     struct{}
	statusSchema         struct{}
	refundStateSchema    struct{}
	resourceStatusSchema struct{}
)

// Schemas of words: those that have labels.
func (orderTypeSchema) Schema(huma.Registry) *huma.Schema      { return wordSchema("order_type") }
func (chargeModeSchema) Schema(huma.Registry) *huma.Schema     { return wordSchema("charge_mode") }
func (statusSchema) Schema(huma.Registry) *huma.Schema         { return wordSchema("status") }
func (refundStateSchema) Schema(huma.Registry) *huma.Schema    { return wordSchema("refund_state") }
func (resourceStatusSchema) Schema(huma.Registry) *huma.Schema { return wordSchema("resource_status") }

func wordSchema(kind string) *huma.Schema {
	s := &huma.Schema{Type: huma.TypeString}
	for _, code := range domain.Codes(kind) {
		s.Enum = append(s.Enum, code)
	}
	return s
}

type (
	amountSchema   struct{}
	decimalSchema  struct{}
	currencySchema struct{}
	periodSchema   struct{}
	timeSchema     struct{}
	objectSchema   struct{}
)

// Schema of an amount.
func (amountSchema) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeString, Pattern: `^-?\d+(\.\d+)?$`, Description: "An amount, with the minor digits of its currency", Examples: []any{"28.86"}}
}

// Schema of a decimal.
func (decimalSchema) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeString, Pattern: `^-?\d{1,15}(\.\d{1,12})?$`, Description: "An exact number", Examples: []any{"0.25"}}
}

// Schema of a currency.
func (currencySchema) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeString, Pattern: `^[A-Z]{3}$`, Description: "An ISO 4217 code", Examples: []any{"CNY"}}
}

// Schema of a month.
func (periodSchema) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeString, Pattern: `^\d{4}-\d{2}$`, Nullable: true, Examples: []any{"2025-11"}}
}

// Schema of a time.
func (timeSchema) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeString, Format: "date-time"}
}

// Schema of an object whose members another description has.
func (objectSchema) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeObject, AdditionalProperties: true}
}
