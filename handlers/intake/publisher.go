package intake

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// publishMax bounds the messages whose acknowledgement is waited for; it is above what is in flight.
const publishMax = 4 * inFlightMax

// Publisher is a watermill publisher to JetStream. A message's metadata become its headers; a subject among them stands
// for the topic. It is safe for concurrent use.
type Publisher struct{ js jetstream.JetStream }

// NewPublisher makes a publisher on a connection, which the caller closes.
func NewPublisher(nc *nats.Conn) (*Publisher, error) {
	js, err := jetstream.New(nc, jetstream.WithPublishAsyncMaxPending(publishMax), jetstream.WithPublishAsyncTimeout(brokerTimeout))
	if err != nil {
		return nil, fmt.Errorf("use JetStream: %w", err)
	}
	return &Publisher{js}, nil
}

// Publish returns when the streams have stored all the messages. After an error they may have some of them.
func (p *Publisher) Publish(topic string, messages ...*message.Message) error {
	acks := make([]jetstream.PubAckFuture, 0, len(messages))
	for _, m := range messages {
		out := &nats.Msg{Subject: cmp.Or(m.Metadata.Get(subjectKey), topic), Data: m.Payload, Header: nats.Header{}}
		for name, value := range m.Metadata {
			// What the broker added to a message that was read, and the subject, are not headers of a new one.
			if name != subjectKey && value != "" && (!strings.HasPrefix(name, "Nats-") || name == jetstream.MsgIDHeader) {
				out.Header[name] = []string{value}
			}
		}
		ack, err := p.js.PublishMsgAsync(out)
		if err != nil {
			return fmt.Errorf("publish to %s: %w", out.Subject, err)
		}
		acks = append(acks, ack)
	}
	for _, ack := range acks {
		select {
		case <-ack.Ok():
		case err := <-ack.Err():
			return fmt.Errorf("publish to %s: %w", ack.Msg().Subject, err)
		}
	}
	return nil
}

// Close does nothing: the router closes a publisher while handlers still answer.
func (p *Publisher) Close() error { return nil }
