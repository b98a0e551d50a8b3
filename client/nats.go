package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// NATS is the way over JetStream, for a service that the ledger knows (`ledger service create`).
type NATS struct {
	// URL is the server's, or several, separated by commas.
	URL string
	// Service is the service's name.
	Service string
	// OrgID is the organisation of a service that belongs to one; the server lets it see no other's events.
	OrgID string
	// Consumer, if any, tells subscriptions of one service apart that go on at the same time: letters and digits. Each
	// reads with a consumer of its own, which `ledger service permissions --consumers` allows.
	Consumer string
	// Options are further ones of the connection, such as nats.UserInfo.
	Options []nats.Option
}

const (
	commandsPrefix = "ledger.commands."
	resultsPrefix  = "ledger.results."
	eventsPrefix   = "ledger.events."
	eventsStream   = "LEDGER"
	resultsStream  = "LEDGER_RESULTS"

	headerKey       = "Ledger-Key"
	headerParkUntil = "Ledger-Park-Until"
	headerEnvelope  = "Ledger-Envelope"
	headerHash      = "Ledger-Hash"
	headerCorrelate = "correlation_id"

	brokerTimeout = 5 * time.Second
)

type natsVia struct {
	NATS
	nc *nats.Conn
	js jetstream.JetStream

	mu      sync.Mutex
	waiting map[string][]*waiter // by subject
	forbids error                // what the server does not let this user do
}

func (n NATS) open() (transport, error) {
	if !isName(n.Service) {
		return nil, fmt.Errorf("a service's name has 1 to 32 of a-z, 0-9 and the hyphen, and is not %q", n.Service)
	}
	v := &natsVia{NATS: n, waiting: map[string][]*waiter{}}
	options := append([]nats.Option{
		nats.Name(n.Service), nats.CustomInboxPrefix("_INBOX_" + n.Service),
		nats.RetryOnFailedConnect(true), nats.MaxReconnects(-1), nats.ReconnectWait(250 * time.Millisecond),
		nats.ErrorHandler(v.heard),
	}, n.Options...)
	var err error
	if v.nc, err = nats.Connect(n.URL, options...); err != nil {
		return nil, fmt.Errorf("connect to NATS: %w", err)
	}
	v.js, err = jetstream.New(v.nc)
	if err == nil {
		_, err = v.nc.Subscribe(resultsPrefix+n.Service+".*", v.result)
	}
	if err != nil {
		v.nc.Close()
		return nil, fmt.Errorf("use JetStream: %w", err)
	}
	return v, nil
}

func (v *natsVia) close() { v.nc.Close() }

// heard notes what the server does not allow: it says so beside the question, which goes without an answer.
func (v *natsVia) heard(_ *nats.Conn, _ *nats.Subscription, err error) {
	if errors.Is(err, nats.ErrPermissionViolation) {
		v.mu.Lock()
		v.forbids = err
		v.mu.Unlock()
	}
}

// forbidden is err, or, if the server forbade that very thing, a subject or a part of one, meanwhile, that. What was
// forbidden to another call says nothing of this one, which may have been carried out.
func (v *natsVia) forbidden(about string, err error) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.forbids == nil || !strings.Contains(strings.ToLower(v.forbids.Error()), strings.ToLower(about)) {
		return err
	}
	err, v.forbids = &Refusal{Code: "not_allowed", Detail: v.forbids.Error()}, nil
	return err
}

// last reads the last message of a subject, which may have wildcards, from a stream; nil when there is none.
func (v *natsVia) last(ctx context.Context, stream, subject string) (*nats.Msg, error) {
	ctx, cancel := context.WithTimeout(ctx, brokerTimeout)
	defer cancel()
	question := "$JS.API.DIRECT.GET." + stream + "." + subject
	m, err := v.nc.RequestWithContext(ctx, question, nil)
	if err != nil {
		return nil, v.forbidden(question, &passing{err: fmt.Errorf("read %s: %w", subject, err)})
	}
	switch status := m.Header.Get("Status"); status {
	case "":
		return m, nil
	case "404":
		return nil, nil
	default:
		return nil, &passing{err: fmt.Errorf("read %s: %s %s", subject, status, m.Header.Get("Description"))}
	}
}

// eventOf reads an event's message, which stands at its position. Another is none: the server sends its answers wherever a
// client's reply subject says, so that anybody can put one on the stream, until the ledger removes it.
func eventOf(headers nats.Header, body []byte, sequence uint64) (Event, error) {
	var e Event
	err := json.Unmarshal([]byte(headers.Get(headerEnvelope)), &e)
	if err != nil || uint64(e.Position) != sequence {
		return e, &passing{err: fmt.Errorf("message %d on %s is not an event of the ledger", sequence, eventsStream)}
	}
	e.Hash, e.Payload = headers.Get(headerHash), body
	return e, nil
}

func isName(s string) bool {
	for _, b := range []byte(s) {
		if (b < 'a' || b > 'z') && (b < '0' || b > '9') && b != '-' {
			return false
		}
	}
	return len(s) > 0 && len(s) <= 32
}
