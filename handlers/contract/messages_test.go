package contract_test

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"orderledger/eventstore"
	"orderledger/handlers/contract"
	"orderledger/handlers/intake"
	"orderledger/internal/testkit"
)

// Each message has an example, which its own schemas of headers and payload take as whoever follows the document's
// references reads them; so has each schema of headers.
func TestMessagesHaveExamples(t *testing.T) {
	t.Parallel()
	var doc struct {
		Components struct {
			Messages map[string]struct {
				Headers  any
				Examples []struct{ Headers, Payload json.RawMessage }
			}
			Schemas map[string]struct{ Examples []json.RawMessage }
		}
	}
	if err := json.Unmarshal(readDocument(t, "asyncapi.json"), &doc); err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft7)
	c.AssertFormat()
	base := "file://" + filepath.ToSlash(filepath.Join(testkit.Root(t), contract.Folder)) + "/asyncapi.json#"
	schema := func(at string) *jsonschema.Schema {
		s, err := c.Compile(base + at)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	for name, m := range doc.Components.Messages {
		at := "/components/messages/" + name
		if len(m.Examples) == 0 || m.Examples[0].Payload == nil {
			t.Errorf("%s has no example", name)
			continue
		}
		e := m.Examples[0]
		if err := schema(at + "/payload").Validate(value(t, e.Payload)); err != nil {
			t.Errorf("%s: the example's payload: %v", name, err)
		}
		if e.Headers == nil {
			continue // an event's are those of its schema
		}
		if err := schema(at + "/headers").Validate(value(t, e.Headers)); err != nil {
			t.Errorf("%s: the example's headers: %v", name, err)
		}
	}
	for _, name := range []string{"eventHeaders", "commandHeaders", "resultHeaders", "poisonHeaders"} {
		s := doc.Components.Schemas[name]
		if len(s.Examples) != 1 {
			t.Errorf("%s has %d examples", name, len(s.Examples))
			continue
		}
		if err := schema("/components/schemas/" + name).Validate(value(t, s.Examples[0])); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if schema("/components/schemas/"+name).Validate(map[string]any{}) == nil {
			t.Errorf("%s takes a message without headers", name)
		}
	}
}

// The document tells of every stream, by the settings that it is made with, and each channel is of one of them.
func TestStreamsAreDescribed(t *testing.T) {
	t.Parallel()
	var doc struct {
		JetStream struct {
			Streams map[string]struct {
				Rules, Retention, Discard string
				Subjects                  []string
				MaxMessageBytes           int
			}
		} `json:"x-jetstream"`
		Channels map[string]struct {
			Address   string
			JetStream struct{ Stream string } `json:"x-jetstream"`
		}
	}
	if err := json.Unmarshal(readDocument(t, "asyncapi.json"), &doc); err != nil {
		t.Fatal(err)
	}
	configs := append(intake.StreamConfigs(1), eventstore.StreamConfig(1))
	if len(doc.JetStream.Streams) != len(configs) {
		t.Errorf("%d streams are described, there are %d", len(doc.JetStream.Streams), len(configs))
	}
	for _, c := range configs {
		s := doc.JetStream.Streams[c.Name]
		if s.Rules == "" || s.Retention == "" || s.Discard == "" || strings.Join(s.Subjects, " ") != strings.Join(c.Subjects, " ") || s.MaxMessageBytes != max(0, int(c.MaxMsgSize)) {
			t.Errorf("%s is described as %+v", c.Name, s)
		}
	}
	for name, ch := range doc.Channels {
		subjects := doc.JetStream.Streams[ch.JetStream.Stream].Subjects
		if len(subjects) != 1 || !strings.HasPrefix(ch.Address, strings.TrimRight(subjects[0], "*>.")) {
			t.Errorf("%s, at %s, is of stream %q", name, ch.Address, ch.JetStream.Stream)
		}
	}
}
