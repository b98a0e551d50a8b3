package intake_test

import (
	"testing"

	"orderledger/handlers/intake"
	"orderledger/internal/schema"
)

// A server that was killed, or whose consumer was made anew, knows nothing of what it delivered: what was refused comes as
// if for the first time.
func TestRefusalIsRepeatedThoughTheServerForgot(t *testing.T) {
	t.Parallel()
	l := newLedger(t)
	id := newID()
	stop, _ := l.run(t)
	l.send(t, "gpu", "place_order", "place", purchase(id))
	l.want(t, "place", "accepted")
	l.endow(t) // decided anew, it would be accepted
	stop()
	n := l.send(t, "gpu", "pay_order", "pay", object{"order_id": id})
	stream, err := l.js.Stream(t.Context(), intake.CommandsStream)
	if err != nil {
		t.Fatal(err)
	}
	const q = `
INSERT INTO intake_refusals (stream_created, sequence, service, command_key, org_id, code, detail)
VALUES ($1, $2, 'gpu', 'pay', 'org-acme', 'insufficient_funds', 'as it was then')`
	if _, err := l.db.Pool(t, schema.App).Exec(t.Context(), q, stream.CachedInfo().Created, int64(n)); err != nil {
		t.Fatal(err)
	}
	if err := stream.DeleteConsumer(t.Context(), "intake"); err != nil {
		t.Fatal(err)
	}
	l.run(t)
	if o := l.want(t, "pay", "insufficient_funds"); o.Detail != "as it was then" || o.Sequence != n {
		t.Errorf("repeated as %+v", o)
	}
}
