package handlers

import (
	"encoding/json"
	"errors"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"orderledger/domain"
	"orderledger/internal/auth"
)

// CommandForm is a command as documents describe it, whatever way it comes in.
type CommandForm struct {
	Name string
	// Body is the type that its body is read into.
	Body reflect.Type
	// Example is a body that would be taken, what HTTP has in its address included.
	Example json.RawMessage
	// Needs are those members that HTTP has in its address and that can't be left out elsewhere.
	Needs []string
	// Roles may send it.
	Roles []auth.Role
}

// CommandForms are the forms of all commands, in the order of domain.CommandNames.
func CommandForms() []CommandForm {
	all := make([]CommandForm, len(domain.CommandNames))
	routes := idleServer().routes
	for i, name := range domain.CommandNames {
		kind := commandKinds[name]
		body, _ := kind.read(&tree{nodes: []node{{kind: jsonObject, end: 1}}}, 0) // empty, which only some allow
		f := CommandForm{Name: name, Body: reflect.TypeOf(body), Example: commandExample(name, routes), Roles: auth.Who(kind.needs)}
		for _, member := range []string{"order_id", "resource_id", "period"} {
			if cannotDoWithout(f, member) {
				f.Needs = append(f.Needs, member)
			}
		}
		all[i] = f
	}
	return all
}

// ResultType is the type of what answers a command on NATS.
func ResultType() reflect.Type { return reflect.TypeFor[lineAnswer]() }

// Check says what is wrong with a body of the form, nil when nothing is.
func (f CommandForm) Check(body []byte) error {
	t, err := parseBody(body)
	if err != nil {
		return err
	}
	_, err = newRequest(t, 0, f.Name, "a-key", sender{Identity: auth.Identity{OrgID: "org-acme"}})
	return err
}

func cannotDoWithout(f CommandForm, member string) bool {
	var p *Problem
	var r *domain.Rejection
	err := f.Check(withoutMember(f.Example, member))
	return errors.As(err, &p) && p.Field == member || errors.As(err, &r) && r.Field == member
}

func withoutMember(body json.RawMessage, name string) []byte {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(body, &members); err != nil {
		panic("handlers: an example: " + err.Error())
	}
	delete(members, name)
	rest, _ := json.Marshal(members)
	return rest
}

// addressExamples stand in examples where HTTP has an address.
var addressExamples = []struct{ member, value string }{
	{"order_id", "0198c2f0-0000-7000-8000-000000000001"},
	{"resource_id", "bsr-1kkpx3xp581y"},
	{"period", "2025-11"},
}

var emptyObject = regexp.MustCompile(`^\{\s*\}$`)

// commandExample is the example of the command's route with what stands in the address, or that of a command which has
// no route.
func commandExample(name string, routes []route) json.RawMessage {
	if example, ok := ownExamples[name]; ok {
		return example
	}
	id := strings.ReplaceAll(name, "_", "-")
	example := string(examples[id])
	for _, rt := range routes {
		if rt.id != id {
			continue
		}
		for _, a := range slices.Backward(addressExamples) {
			if !strings.Contains(rt.path, "{"+a.member+"}") {
				continue
			}
			comma := ","
			if emptyObject.MatchString(example) {
				comma = ""
			}
			example = `{"` + a.member + `":"` + a.value + `"` + comma + example[1:]
		}
	}
	if example == "" {
		panic("handlers: the command " + name + " has no example")
	}
	if !strings.Contains(example, `"org_id"`) {
		example = `{"org_id":"org-acme",` + example[1:]
	}
	return json.RawMessage(example)
}

// ownExamples are of commands that HTTP has no route for, those of the timers, and of a refund that is not a preview.
var ownExamples = map[string]json.RawMessage{
	"refund_order":    json.RawMessage(`{"org_id":"org-acme","order_id":"0198c2f0-0000-7000-8000-000000000001","line_nos":[1],"reason":"ended early"}`),
	"expire_order":    json.RawMessage(`{"org_id":"org-acme","order_id":"0198c2f0-0000-7000-8000-000000000001"}`),
	"lapse_funds":     json.RawMessage(`{"org_id":"org-acme"}`),
	"collect_arrears": json.RawMessage(`{"org_id":"org-acme"}`),
	"settle_usage":    json.RawMessage(`{"org_id":"org-acme","resource_id":"llm-1","through":"2025-11-05T00:00:00+08:00"}`),
	"charge_overdue":  json.RawMessage(`{"org_id":"org-acme","resource_id":"bsr-1kkpx3xp581y"}`),
	"mark_overdue":    json.RawMessage(`{"org_id":"org-acme","order_id":"0198c2f0-0000-7000-8000-000000000001"}`),
	"review_release":  json.RawMessage(`{"org_id":"org-acme","resource_id":"bsr-1kkpx3xp581y"}`),
	"renew_resource":  json.RawMessage(`{"org_id":"org-acme","resource_id":"bsr-1kkpx3xp581y"}`),
}
