package client

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// lookAgain is how long a result is waited for before it is looked up, should it have passed while the connection was away.
const lookAgain = 3 * time.Second

// try publishes the command, until the stream has it, and waits for the result of that very message. Results are listened to
// before, and looked up now and then: none is missed.
func (v *natsVia) try(ctx context.Context, s *sending) (line, error) {
	subject := resultsPrefix + v.Service + "." + base64.RawURLEncoding.EncodeToString([]byte(s.key))
	w := v.listen(subject)
	defer v.leave(w)
	sequence, err := v.publish(ctx, s)
	if err != nil {
		return line{}, err
	}
	again := time.NewTicker(lookAgain)
	defer again.Stop()
	for {
		if l, found := w.of(sequence); found {
			return l, nil
		}
		select {
		case <-w.more:
		case <-again.C:
			m, err := v.last(ctx, resultsStream, subject)
			if IsRefused(err) {
				return line{}, err
			}
			if err == nil && m != nil && w.add(m.Data) > sequence { // a later one with the same key: this one's may be past
				return line{}, &passing{err: errors.New("the result of another message with the same key is the last one")}
			}
		case <-ctx.Done():
			return line{}, &passing{err: fmt.Errorf("no result came: %w", ctx.Err())}
		}
	}
}

// publish returns the command's sequence in its stream. Only an acknowledgement makes it sure that it is there.
func (v *natsVia) publish(ctx context.Context, s *sending) (uint64, error) {
	m := nats.NewMsg(commandsPrefix + v.Service + "." + s.name)
	m.Data = s.body
	m.Header.Set(headerKey, s.key)
	if s.correlation != "" {
		m.Header.Set(headerCorrelate, s.correlation)
	}
	if !s.until.IsZero() {
		m.Header.Set(headerParkUntil, s.until.Format(time.RFC3339Nano))
	}
	ctx, cancel := context.WithTimeout(ctx, brokerTimeout)
	defer cancel()
	ack, err := v.js.PublishMsg(ctx, m)
	var api *jetstream.APIError
	switch {
	case err == nil:
		return ack.Sequence, nil
	case errors.Is(err, nats.ErrMaxPayload), errors.As(err, &api) && api.ErrorCode == messageTooLarge:
		return 0, &Refusal{Code: "too_large", Detail: "a command has at most 512 KiB"}
	case errors.Is(err, nats.ErrConnectionClosed):
		return 0, err
	}
	return 0, v.forbidden(m.Subject, &passing{err: fmt.Errorf("publish: %w", err)})
}

const messageTooLarge = 10054

// waiter gathers the results of one key.
type waiter struct {
	subject string
	more    chan struct{}
	mu      sync.Mutex
	results []line
}

func (v *natsVia) listen(subject string) *waiter {
	w := &waiter{subject: subject, more: make(chan struct{}, 1)}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.waiting[subject] = append(v.waiting[subject], w)
	return w
}

func (v *natsVia) leave(w *waiter) {
	v.mu.Lock()
	defer v.mu.Unlock()
	rest := v.waiting[w.subject][:0:0]
	for _, other := range v.waiting[w.subject] {
		if other != w {
			rest = append(rest, other)
		}
	}
	if v.waiting[w.subject] = rest; len(rest) == 0 {
		delete(v.waiting, w.subject)
	}
}

// result hands a result to those who wait for its key.
func (v *natsVia) result(m *nats.Msg) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, w := range v.waiting[m.Subject] {
		w.add(m.Data)
	}
}

// add takes a result, and says which message's it is; 0 is none's.
func (w *waiter) add(raw []byte) uint64 {
	var l line
	if json.Unmarshal(raw, &l) != nil {
		return 0
	}
	w.mu.Lock()
	w.results = append(w.results, l)
	w.mu.Unlock()
	select {
	case w.more <- struct{}{}:
	default:
	}
	return l.Sequence
}

// of is the result of a sequence. Another's does not count, though its key is the same: it may be a copy of one that
// somebody else got for a command of his own.
func (w *waiter) of(sequence uint64) (line, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, l := range w.results {
		if l.Sequence == sequence {
			return l, true
		}
	}
	return line{}, false
}
