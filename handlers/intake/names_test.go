package intake_test

import (
	"regexp"
	"strings"
	"testing"

	"orderledger/handlers"
)

var hump = regexp.MustCompile(`\B[A-Z]`)

// A command's type and its name on NATS are one, as watermill's CQRS names commands by their types: place_order is read
// into PlaceOrder.
func TestCommandsAreNamedByTheirTypes(t *testing.T) {
	t.Parallel()
	for _, f := range handlers.CommandForms() {
		if is := strings.ToLower(hump.ReplaceAllString(f.Body.Name(), "_$0")); is != f.Name {
			t.Errorf("%s is read into %s", f.Name, f.Body)
		}
	}
}
