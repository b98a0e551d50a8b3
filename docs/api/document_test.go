package api_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// document is the AsyncAPI document as a server has it, and all that this client knows of the ledger.
type document struct {
	Channels   map[string]*channel
	Operations map[string]struct {
		Action  string
		Channel reference
		Reply   struct{ Channel reference }
	}
	Components struct {
		Messages map[string]message
		Schemas  map[string]json.RawMessage
	}
	JetStream struct {
		Streams map[string]struct{ Retention string }
	} `json:"x-jetstream"`

	url     string
	schemas *jsonschema.Compiler
}

type reference struct {
	To string `json:"$ref"`
}

// name is the last part of what is referred to.
func (r reference) name() string { return r.To[strings.LastIndexByte(r.To, '/')+1:] }

type channel struct {
	Address    string
	Parameters map[string]any
	Messages   map[string]reference
	JetStream  struct{ Stream string } `json:"x-jetstream"`

	subjects *regexp.Regexp
}

type message struct {
	CorrelationID struct{ Location string }
	Examples      []struct {
		Headers map[string]string
		Payload json.RawMessage
	}
}

// readDocument reads it from a server, and its schemas from wherever it refers to when they are asked for.
func readDocument(t *testing.T, url string) *document {
	t.Helper()
	d := &document{url: url, schemas: jsonschema.NewCompiler()}
	d.schemas.DefaultDraft(jsonschema.Draft7)
	d.schemas.AssertFormat()
	d.schemas.UseLoader(jsonschema.SchemeURLLoader{"http": overHTTP{}})
	raw, err := overHTTP{}.Load(url)
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(raw)
	if err == nil {
		err = json.Unmarshal(text, d)
	}
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range d.Channels {
		pattern := parameter.ReplaceAllString(regexp.QuoteMeta(c.Address), `([^.]+)`)
		c.subjects = regexp.MustCompile("^" + pattern + "$")
		if c.JetStream.Stream == "" || len(c.Messages) == 0 || d.JetStream.Streams[c.JetStream.Stream].Retention == "" {
			t.Errorf("channel %s is of no stream, or has no messages: %+v", name, c)
		}
	}
	return d
}

type overHTTP struct{}

// Load reads JSON from an address.
func (overHTTP) Load(url string) (any, error) {
	client := http.Client{Timeout: time.Minute}
	r, err := client.Get(url)
	if err != nil {
		return nil, err
	}
	defer r.Body.Close()
	if r.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s: %s", url, r.Status)
	}
	return jsonschema.UnmarshalJSON(r.Body)
}

// parameter finds those of an address, as they are once a pattern was made of it.
var parameter = regexp.MustCompile(`\\\{\w+\\\}|\{\w+\}`)

// subject is a channel's address with its parameters; those that aren't given become wildcards.
func (c *channel) subject(parameters map[string]string) string {
	return parameter.ReplaceAllStringFunc(c.Address, func(name string) string {
		name = strings.Trim(name, "{}")
		if c.Parameters[name] == nil {
			panic("the document does not say what " + name + " is")
		}
		if value, given := parameters[name]; given {
			return value
		}
		return "*"
	})
}

// channelOf finds the one channel that a subject is of.
func (d *document) channelOf(subject string) (name string, c *channel, err error) {
	var found []string
	for name, c := range d.Channels {
		if c.subjects.MatchString(subject) {
			found = append(found, name)
		}
	}
	if len(found) != 1 {
		return "", nil, fmt.Errorf("%s is of the channels %v", subject, found)
	}
	return found[0], d.Channels[found[0]], nil
}

// commands lists the names of the channels that the ledger receives from, and where it replies to each.
func (d *document) commands() map[string]*channel {
	all := map[string]*channel{}
	for _, o := range d.Operations {
		if o.Action == "receive" {
			all[o.Channel.name()] = d.Channels[o.Reply.Channel.name()]
		}
	}
	return all
}

// sent lists the channels of a stream that the ledger sends to, in order of their names.
func (d *document) sent(stream string) []*channel {
	var all []*channel
	for _, id := range slices.Sorted(maps.Keys(d.Operations)) {
		c := d.Channels[d.Operations[id].Channel.name()]
		if d.Operations[id].Action == "send" && c.JetStream.Stream == stream {
			all = append(all, c)
		}
	}
	return all
}

// check holds a message to its schemas.
func (d *document) check(name string, headers map[string]string, payload []byte) error {
	if err := d.valid("/components/messages/"+name+"/headers", anyOf(headers)); err != nil {
		return fmt.Errorf("%s: headers %v: %w", name, headers, err)
	}
	var body any = string(payload)
	if name != "poison" {
		var err error
		if body, err = jsonschema.UnmarshalJSON(strings.NewReader(string(payload))); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	if err := d.valid("/components/messages/"+name+"/payload", body); err != nil {
		return fmt.Errorf("%s: %s: %w", name, payload, err)
	}
	return nil
}

func (d *document) valid(at string, v any) error {
	s, err := d.schemas.Compile(d.url + "#" + at)
	if err != nil {
		return err
	}
	return s.Validate(v)
}

func anyOf(headers map[string]string) map[string]any {
	all := map[string]any{}
	for name, value := range headers {
		all[name] = value
	}
	return all
}
