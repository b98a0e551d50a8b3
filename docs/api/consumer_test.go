package api_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

type object = map[string]any

// A client that knows the AsyncAPI document and NATS, and nothing else of the ledger, takes an order through its life:
// every message that it sends or gets is what the document says.
func TestAClientOfTheDocumentAlone(t *testing.T) {
	t.Parallel()
	l := startLedger(t)
	l.does(t, "service", "create", "provisioner", "--org", "org-acme")
	l.does(t, "service", "create", "bank", "--org", "org-acme", "--role", "finance")
	doc := readDocument(t, "http://"+l.file(t, "http.addr")+"/asyncapi.json")
	provisioner := connect(t, doc, l.file(t, "nats.url"), "provisioner")
	bank := connect(t, doc, l.file(t, "nats.url"), "bank")

	bank.want(t, "accepted", bank.send(t, "top_up", "in-1", object{"amount": "1000.00"}))
	start := time.Now().UTC().Truncate(time.Second)
	order, lease := newID(t), object{
		"charge_mode": "month", "quantity": "1", "unit_price": "28.86", "discount_amount": "0",
		"effective_at": start.Format(time.RFC3339), "expires_at": start.AddDate(0, 1, 0).Format(time.RFC3339),
	}
	// The payment comes first, and waits for its order.
	early := provisioner.send(t, "pay_order", "pay", object{"order_id": order, "funds": nil}, "Ledger-Park-Until", start.Add(5*time.Minute).Format(time.RFC3339))
	placed := provisioner.want(t, "accepted", provisioner.send(t, "place_order", "place", object{"order_id": order, "lines.0": lease}))
	if placed["id"] != order {
		t.Errorf("placed: %v", placed)
	}
	provisioner.want(t, "accepted", early)
	provisioner.want(t, "replayed", provisioner.send(t, "place_order", "place", object{"order_id": order, "lines.0": lease}))
	provisioner.want(t, "refused", provisioner.send(t, "pay_order", "pay-again", object{"order_id": order, "funds": nil}))
	report := object{"order_id": order, "state": "started", "effective_at": nil, "expires_at": nil}
	provisioner.want(t, "accepted", provisioner.send(t, "report_fulfilment", "start", report))
	report["state"] = "completed"
	provisioner.want(t, "accepted", provisioner.send(t, "report_fulfilment", "done", report))
	bank.want(t, "accepted", bank.send(t, "refund_order", "back", object{"order_id": order}))

	metered := object{
		"charge_mode": "metered", "quantity": "0", "unit": "1k", "unit_price": "0", "discount_amount": nil, "resource_id": "llm-1",
		"cycle": "hour", "meters": []object{{"meter": "tokens", "unit": "1k", "unit_price": "0.50"}}, "effective_at": nil, "expires_at": nil,
	}
	provisioner.want(t, "accepted", provisioner.send(t, "place_order", "open", object{"order_id": newID(t), "lines.0": metered}))
	now := time.Now().UTC()
	used := object{"records.0": object{"from": now.Format(time.RFC3339Nano), "to": now.Add(time.Second).Format(time.RFC3339Nano)}}
	provisioner.want(t, "accepted", provisioner.send(t, "report_usage", "used", used))
	provisioner.want(t, "refused", provisioner.send(t, "top_up", "mine", object{"reference": "x"})) // not its to do

	provisioner.raw(t, "pay_order", "poison", []byte(`{"order_id":`))
	provisioner.want(t, "invalid", "poison")
	provisioner.poison(t, "poison")

	seen := provisioner.events(t, "org.usage_reported.v1")
	for _, name := range []string{"account.topped_up.v1", "order.placed.v1", "order.paid.v1", "order.fulfilment_started.v1", "order.completed.v1", "order.refunded.v1"} {
		if !slices.Contains(seen, name) {
			t.Errorf("%s did not come, but %v", name, seen)
		}
	}
}

// What this package is built of is the standard library and other people's modules.
func TestThisPackageKnowsNothingOfOurs(t *testing.T) {
	t.Parallel()
	out, err := exec.Command("go", "list", "-deps", "-test", "-f", "{{.ImportPath}}", ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	known := strings.Fields(string(out))
	if !slices.Contains(known, "github.com/nats-io/nats.go") {
		t.Errorf("it does not know NATS: %v", known)
	}
	for _, name := range known {
		if strings.HasPrefix(name, "orderledger/") && !strings.HasPrefix(name, "orderledger/docs/api") {
			t.Errorf("it knows %s", name)
		}
	}
}

// client is a service.
type client struct {
	*document
	name     string
	js       jetstream.JetStream
	messages map[string]jetstream.MessagesContext // by stream
	// results have come and are not asked for yet, by key.
	results map[string]object
}

func connect(t *testing.T, d *document, url, name string) *client {
	t.Helper()
	nc, err := nats.Connect(url, nats.CustomInboxPrefix("_INBOX_"+name))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	return &client{d, name, js, map[string]jetstream.MessagesContext{}, map[string]object{}}
}

// next is the next message of a stream, of the channels that the ledger sends to.
func (c *client) next(t *testing.T, stream string, parameters map[string]string) (name string, m jetstream.Msg, headers map[string]string) {
	t.Helper()
	if c.messages[stream] == nil {
		var subjects []string
		for _, ch := range c.sent(stream) {
			subjects = append(subjects, ch.subject(parameters))
		}
		consumer, err := c.js.CreateOrUpdateConsumer(t.Context(), stream, jetstream.ConsumerConfig{Durable: c.name, FilterSubjects: subjects, AckPolicy: jetstream.AckExplicitPolicy})
		if err != nil {
			t.Fatal(err)
		}
		if c.messages[stream], err = consumer.Messages(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(c.messages[stream].Stop)
	}
	m, err := c.messages[stream].Next(jetstream.NextMaxWait(time.Minute))
	if err != nil {
		t.Fatalf("nothing comes on %s: %v", stream, err)
	}
	_, ch, err := c.channelOf(m.Subject())
	if err != nil {
		t.Fatal(err)
	}
	headers = map[string]string{}
	for name, values := range m.Headers() {
		headers[name] = values[0]
	}
	switch name = headers["ce-type"]; {
	case name != "" && ch.Messages[name].To == "":
		t.Errorf("%s is not a message of %s", name, m.Subject())
	case name == "":
		for name = range ch.Messages { // there is one
		}
	}
	if err := c.check(name, headers, m.Data()); err != nil {
		t.Error(err)
	}
	if err := m.Ack(); err != nil {
		t.Error(err)
	}
	return name, m, headers
}

// send publishes a command as its example is, with some members changed; those of nil go away. It returns the key.
func (c *client) send(t *testing.T, command, key string, changes object, more ...string) string {
	t.Helper()
	if c.commands()[command] == nil {
		t.Fatalf("the ledger receives no %s", command)
	}
	name := c.Channels[command].Messages[command].name()
	example := c.Components.Messages[name].Examples[0]
	var body object
	if err := json.Unmarshal(example.Payload, &body); err != nil {
		t.Fatal(err)
	}
	for member, value := range changes {
		at := body
		if list, first := strings.CutSuffix(member, ".0"); first {
			at = body[list].([]any)[0].(object)
			change(at, value.(object))
			continue
		}
		change(at, object{member: value})
	}
	text, err := json.Marshal(body)
	if err == nil {
		err = c.check(name, headersWith(key, more...), text)
	}
	if err != nil {
		t.Fatal(err)
	}
	c.raw(t, command, key, text, more...)
	return key
}

func change(at, changes object) {
	for name, value := range changes {
		if value == nil {
			delete(at, name)
		} else {
			at[name] = value
		}
	}
}

func headersWith(key string, more ...string) map[string]string {
	headers := map[string]string{"Ledger-Key": key, "correlation_id": "of-" + key}
	for i := 0; i < len(more); i += 2 {
		headers[more[i]] = more[i+1]
	}
	return headers
}

// raw publishes a command, whatever its body, and waits until the stream has it.
func (c *client) raw(t *testing.T, command, key string, body []byte, more ...string) {
	t.Helper()
	m := nats.NewMsg(c.Channels[command].subject(map[string]string{"service": c.name}))
	for name, value := range headersWith(key, more...) {
		m.Header.Set(name, value)
	}
	m.Data = body
	ack, err := c.js.PublishMsg(t.Context(), m)
	if err != nil || ack.Stream != c.Channels[command].JetStream.Stream {
		t.Fatalf("%s: kept in %+v, %v", command, ack, err)
	}
}

// want waits for the result of a command.
func (c *client) want(t *testing.T, outcome, key string) object {
	t.Helper()
	for c.results[key] == nil {
		replies := c.commands()["pay_order"]
		name, m, headers := c.next(t, replies.JetStream.Stream, map[string]string{"service": c.name})
		joint := c.Components.Messages[name].CorrelationID.Location[len("$message.header#/"):]
		of := headers[joint]
		subject := replies.subject(map[string]string{"service": c.name, "key": base64.RawURLEncoding.EncodeToString([]byte(of))})
		if m.Subject() != subject || headers["correlation_id"] != "of-"+of {
			t.Errorf("the result of %s is on %s with %v", of, m.Subject(), headers)
		}
		var result object
		if err := json.Unmarshal(m.Data(), &result); err != nil {
			t.Fatal(err)
		}
		if position, accepted := result["position"]; accepted && headers["Ledger-Position"] != fmt.Sprint(position) {
			t.Errorf("the result %v has %v", result, headers)
		}
		c.results[of] = result
	}
	result := c.results[key]
	delete(c.results, key)
	if result["outcome"] != outcome {
		t.Errorf("%s is %v, want %s", key, result, outcome)
	}
	return result
}

// poison waits for a command of this service that could not be read.
func (c *client) poison(t *testing.T, key string) {
	t.Helper()
	ch := c.Channels["poison"]
	name, m, headers := c.next(t, ch.JetStream.Stream, map[string]string{"service": c.name})
	if name != "poison" || m.Subject() != ch.subject(map[string]string{"service": c.name}) || headers["Ledger-Key"] != key ||
		headers["Ledger-Poison-Subject"] != c.Channels["pay_order"].subject(map[string]string{"service": c.name}) {
		t.Errorf("put aside: %s %v", m.Subject(), headers)
	}
}

// events reads the log from its beginning up to an event of a kind, and checks the chain as the document describes it.
func (c *client) events(t *testing.T, last string) (seen []string) {
	t.Helper()
	stream := c.Channels["order.placed"].JetStream.Stream
	hash := make([]byte, sha256.Size)
	for position := 1; !slices.Contains(seen, last); position++ {
		name, m, headers := c.next(t, stream, map[string]string{"org_id": "org-acme"})
		envelope := []byte(headers["Ledger-Envelope"])
		var says object
		if err := json.Unmarshal(envelope, &says); err != nil {
			t.Fatal(err)
		}
		if err := c.valid("/components/schemas/envelope", says); err != nil {
			t.Errorf("the envelope of %d: %v", position, err)
		}
		body, sum := sha256.Sum256(m.Data()), sha256.Sum256(append(hash, envelope...))
		if hash = sum[:]; says["payload_sha256"] != hex.EncodeToString(body[:]) || headers["Ledger-Hash"] != hex.EncodeToString(hash) {
			t.Errorf("the chain breaks at %d: %v", position, headers)
		}
		if headers["Ledger-Position"] != strconv.Itoa(position) {
			t.Errorf("position %s came, want %d", headers["Ledger-Position"], position)
		}
		if says["type"] != name || !strings.HasPrefix(fmt.Sprint(says["actor"]), "service:") && !strings.HasPrefix(fmt.Sprint(says["actor"]), "timer:") {
			t.Errorf("%s is %v", name, says)
		}
		if again := slices.Sorted(maps.Keys(headers)); slices.Contains(again, "Nats-Msg-Id") {
			t.Errorf("an event has the headers %v", again)
		}
		seen = append(seen, name)
	}
	return seen
}

func newID(t *testing.T) string {
	t.Helper()
	id, err := uuid.NewV7()
	if err != nil {
		t.Fatal(err)
	}
	return id.String()
}
