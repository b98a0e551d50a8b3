package handlers

import (
	"reflect"
	"slices"
	"testing"

	"orderledger/domain"
)

// Every body has an example, and every example is one that would be taken.
func TestExamplesAreTaken(t *testing.T) {
	t.Parallel()
	s := &Server{}
	used := map[string]bool{}
	for _, rt := range slices.Concat(s.commandRoutes(), s.moneyRoutes(), s.resourceRoutes(), s.billRoutes(), s.keyRoutes(), s.webhookRoutes()) {
		if rt.body == nil {
			continue
		}
		example, ok := examples[rt.id]
		if used[rt.id] = true; !ok {
			t.Errorf("%s has no example", rt.id)
			continue
		}
		tree, err := parseBody(example)
		if err != nil {
			t.Errorf("%s: %v", rt.id, err)
			continue
		}
		for _, m := range pathParameter.FindAllStringSubmatch(rt.path, -1) {
			if m[1] == "endpoint_id" { // it is not read into the body
				continue
			}
			value := map[string]string{"order_id": "0198c2f0-0000-7000-8000-000000000000", "period": "2025-11"}[m[1]]
			if value == "" {
				value = "org-acme"
			}
			if err := tree.set(m[1], value); err != nil {
				t.Errorf("%s: %v", rt.id, err)
			}
		}
		body := reflect.New(reflect.TypeOf(rt.body))
		if err := decodeNode(tree, 0, body.Interface()); err != nil {
			t.Errorf("%s: %v", rt.id, err)
		}
		if c, ok := body.Elem().Interface().(domain.Command); ok {
			if _, place := c.(domain.PlaceOrder); place { // the ledger gives it an id
				_ = tree.set("order_id", "0198c2f0-0000-7000-8000-000000000000")
				_ = decodeNode(tree, 0, body.Interface())
				c, _ = body.Elem().Interface().(domain.Command)
			}
			if refused := c.ForOrg("org-acme").Check(); refused != nil {
				t.Errorf("%s: %v", rt.id, refused)
			}
		}
		if line, ok := body.Elem().Interface().(commandLine); ok {
			if _, err := newRequest(tree, int(line.Body), line.Command, line.Key, sender{}); err != nil {
				t.Errorf("%s: %v", rt.id, err)
			}
		}
	}
	for id := range examples {
		if !used[id] {
			t.Errorf("the example %s is of no route", id)
		}
	}
}
