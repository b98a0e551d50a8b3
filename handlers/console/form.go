package console

import (
	"encoding/json"
	"fmt"

	"orderledger/handlers"
)

// form is what a page with a form shows. Sent and refused, it is shown again with what is wrong and what was typed.
type form struct{ failure } // its Problem is nil until a command is refused

func (v *view) form() form { return form{failure{view: v}} }

// sent says whether the form was sent, not opened.
func (f form) sent() bool { return f.r.Method == "POST" }

// Key is the idempotency key of the form: the one that was sent, as trying again with it counts once. Only one that
// belongs to another command is replaced.
func (f form) Key() string {
	if key := f.r.PostFormValue("key"); key != "" && (f.Problem == nil || f.Problem.Code != "key_reused") {
		return key
	}
	return f.NewKey()
}

// Typed is what was typed into a field, or what stands there at first.
func (f form) Typed(field, first string) string {
	if f.sent() {
		return f.r.PostFormValue(field)
	}
	return first
}

// Picked says whether a value of a field was ticked or chosen; at first the one that first says.
func (f form) Picked(field, value string, first bool) bool {
	if !f.sent() {
		return first
	}
	_ = f.r.ParseForm() // Typed tells of the rest what it can
	for _, v := range f.r.PostForm[field] {
		if v == value {
			return true
		}
	}
	return false
}

// Wrong says whether a field is what the problem is about.
func (f form) Wrong(field string) bool { return f.Problem != nil && f.Problem.Field == field }

// refused takes the form's problem; the page that shows it has the problem's status.
func (f *form) refused(err error) {
	f.Problem = handlers.ProblemOf(err)
	f.status = f.Problem.Status
}

// fields is the body of a command in the making.
type fields map[string]any

// text sets a member unless its value is empty.
func (b fields) text(name, value string) {
	if value != "" {
		b[name] = value
	}
}

func (b fields) json() ([]byte, error) {
	body, err := json.Marshal(b)
	if err != nil {
		return nil, fmt.Errorf("write a command: %w", err)
	}
	return body, nil
}

// send carries out a form's command.
func (f *form) send(command string, body fields) (handlers.Result, error) {
	text, err := body.json()
	if err != nil {
		return handlers.Result{}, err
	}
	return f.command(command, text)
}
