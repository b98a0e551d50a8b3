package intake

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strconv"
	"strings"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"orderledger/handlers"
)

// Headers of a command on LEDGER_POISON, beside its own: why it is there, and where it came from.
const (
	HeaderPoisonCode     = "Ledger-Poison-Code"
	HeaderPoisonReason   = "Ledger-Poison-Reason"
	HeaderPoisonSubject  = "Ledger-Poison-Subject"
	HeaderPoisonSequence = "Ledger-Poison-Sequence"
	poisonHeaders        = "Ledger-Poison-"
)

// poison puts a command aside. A sender whose key could be read is told so as well.
func (in *Intake) poison(m *message.Message, a *arrival, why error) ([]*message.Message, error) {
	in.counts.outcomes.WithLabelValues("poisoned").Inc()
	p := handlers.ProblemOf(why)
	reason := p.Detail
	if p.Field != "" {
		reason = p.Field + ": " + reason
	}
	aside := message.NewMessage("", m.Payload)
	aside.Metadata = maps.Clone(m.Metadata)
	aside.Metadata.Set(subjectKey, poisonPrefix+a.service)
	aside.Metadata.Set(HeaderPoisonCode, p.Code)
	aside.Metadata.Set(HeaderPoisonReason, oneLine(reason))
	aside.Metadata.Set(HeaderPoisonSubject, a.subject)
	aside.Metadata.Set(HeaderPoisonSequence, strconv.FormatUint(a.Sequence, 10))
	// Put aside twice, it stands there once: this stream is published to by nobody else.
	aside.Metadata.Set(jetstream.MsgIDHeader, fmt.Sprintf("%d-%d", in.created.Load().UnixMicro(), a.Sequence))
	out := []*message.Message{aside}
	if handlers.CheckKey(a.key) == nil {
		out = append(out, a.result(handlers.AppendAnswer(nil, a.Sequence, a.key, nil, handlers.Result{}, p)))
	}
	return out, nil
}

// oneLine is a text as a header can hold it.
func oneLine(s string) string { return strings.NewReplacer("\r", " ", "\n", " ").Replace(s) }

// Poison is a command that was put aside.
type Poison struct {
	// Sequence is its number among those that were put aside.
	Sequence uint64    `json:"sequence"`
	At       time.Time `json:"at"`
	Service  string    `json:"service"`
	Subject  string    `json:"subject"`
	Key      string    `json:"key"`
	Code     string    `json:"code"`
	Reason   string    `json:"reason"`
	Body     string    `json:"body,omitempty"`
	headers  nats.Header
}

// ErrNoPoison: there is no such command.
var ErrNoPoison = errors.New("there is no such command among those put aside")

// EachPoison calls visit with each command that was put aside, oldest first, of one service or, with "", of all.
func EachPoison(ctx context.Context, js jetstream.JetStream, service string, visit func(Poison) error) error {
	stream, err := poisonStream(ctx, js)
	if err != nil || stream == nil {
		return err
	}
	subject := poisonPrefix + "*"
	if service != "" {
		subject = poisonPrefix + service
	}
	for next := uint64(1); ; {
		raw, err := stream.GetMsg(ctx, next, jetstream.WithGetMsgSubject(subject))
		if errors.Is(err, jetstream.ErrMsgNotFound) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read stream %s: %w", PoisonStream, err)
		}
		if err := visit(poisonOf(raw)); err != nil {
			return err
		}
		next = raw.Sequence + 1
	}
}

// GetPoison is one of them, ErrNoPoison when it is not there.
func GetPoison(ctx context.Context, js jetstream.JetStream, sequence uint64) (Poison, error) {
	stream, err := poisonStream(ctx, js)
	if err != nil {
		return Poison{}, err
	}
	if stream == nil {
		return Poison{}, ErrNoPoison
	}
	raw, err := stream.GetMsg(ctx, sequence)
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return Poison{}, ErrNoPoison
	}
	if err != nil {
		return Poison{}, fmt.Errorf("read stream %s: %w", PoisonStream, err)
	}
	return poisonOf(raw), nil
}

// RetryPoison sends a command again, as it is in p now, and takes it from those that were put aside. Should that fail in
// between, it is there still; sent twice with one key it is carried out once.
func RetryPoison(ctx context.Context, js jetstream.JetStream, p Poison) error {
	out := &nats.Msg{Subject: p.Subject, Data: []byte(p.Body), Header: nats.Header{}}
	for name, values := range p.headers {
		if !strings.HasPrefix(name, poisonHeaders) && !strings.HasPrefix(name, "Nats-") {
			out.Header[name] = values
		}
	}
	out.Header.Set(HeaderKey, p.Key)
	if _, err := js.PublishMsg(ctx, out); err != nil {
		return fmt.Errorf("publish to %s: %w", p.Subject, err)
	}
	stream, err := poisonStream(ctx, js)
	if err != nil || stream == nil {
		return err
	}
	if err := stream.DeleteMsg(ctx, p.Sequence); err != nil && !errors.Is(err, jetstream.ErrMsgNotFound) {
		return fmt.Errorf("delete message %d of %s: %w", p.Sequence, PoisonStream, err)
	}
	return nil
}

// poisonStream is nil where nothing was ever put aside.
func poisonStream(ctx context.Context, js jetstream.JetStream) (jetstream.Stream, error) {
	s, err := js.Stream(ctx, PoisonStream)
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("look for stream %s: %w", PoisonStream, err)
	}
	return s, nil
}

func poisonOf(raw *jetstream.RawStreamMsg) Poison {
	h := raw.Header
	return Poison{
		Sequence: raw.Sequence, At: raw.Time.UTC(), Service: strings.TrimPrefix(raw.Subject, poisonPrefix),
		Subject: h.Get(HeaderPoisonSubject), Key: h.Get(HeaderKey), Code: h.Get(HeaderPoisonCode), Reason: h.Get(HeaderPoisonReason),
		Body: string(raw.Data), headers: h,
	}
}
