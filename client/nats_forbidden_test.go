package client

import (
	"errors"
	"testing"
)

// What the server forbade to one call is no answer to another, which may have been carried out.
func TestForbiddenIsTheCallsOwn(t *testing.T) {
	t.Parallel()
	const other, own = "ledger.results.gpu.>", "ledger.commands.gpu.pay_order"
	lost := errors.New("no acknowledgement came")
	v := &natsVia{forbids: errors.New(`nats: permissions violation: Permissions Violation for Subscription to "` + other + `"`)}
	if err := v.forbidden(own, lost); err != lost { //nolint:errorlint // that very one
		t.Errorf("a publish ends with %v", err)
	}
	v.forbids = errors.New(`nats: permissions violation: Permissions Violation for Publish to "` + own + `"`)
	if err := v.forbidden(own, lost); !IsRefused(err) {
		t.Errorf("a publish that is forbidden ends with %v", err)
	}
	if err := v.forbidden(own, lost); err != lost { //nolint:errorlint // that very one
		t.Errorf("the one after it ends with %v", err)
	}
}
