package client

import (
	"cmp"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/nats-io/nats.go/jetstream"
)

const (
	// prefetch bounds the events that were read and not handled yet.
	prefetch = 256
	pullBeat = 5 * time.Second
	// consumerIdle is how long the server keeps a consumer that nobody reads from; the position is the caller's.
	consumerIdle = 5 * time.Minute
	takenWithin  = 2 * time.Second
)

// subject is that of the filter's events: one, as the server allows a service no more. The rest is filtered here.
func (v *natsVia) subject(f *Filter) string {
	org := cmp.Or(f.OrgID, v.OrgID)
	switch {
	case f.OrderID != "":
		return eventsPrefix + cmp.Or(org, "*") + ".order.*." + token(f.OrderID)
	case f.ResourceID != "" && org != "": // an id is a resource's within its organisation
		return eventsPrefix + org + ".resource.*." + token(org+"/"+f.ResourceID)
	case org != "":
		return eventsPrefix + org + ".>"
	}
	return eventsPrefix + ">"
}

// follow makes a consumer that begins after a position, and reads from it in pieces. The consumer numbers what it
// delivers: a number that is missing, as after a lost connection, ends this, and the next one begins anew.
func (v *natsVia) follow(ctx context.Context, f *Filter, after int64, each func(Event) error) error {
	r, err := v.newReading(ctx, f, after)
	if err != nil {
		return v.forbidden("."+eventsStream+".", err)
	}
	for {
		batch, err := r.consumer.Fetch(prefetch, jetstream.FetchContext(undated{ctx}), jetstream.FetchHeartbeat(pullBeat))
		if err != nil {
			return v.forbidden("."+eventsStream+".", &passing{err: fmt.Errorf("read events: %w", err)})
		}
		if err := r.drain(ctx, batch, each); err != nil {
			return err
		}
	}
}

// undated is a context whose deadline ends a read, and does not set how long the server keeps the question.
type undated struct{ context.Context }

func (undated) Deadline() (time.Time, bool) { return time.Time{}, false }

// reading is a consumer of this subscription's own.
type reading struct {
	consumer jetstream.Consumer
	mark     string // tells it from one of the same name
	number   uint64 // of the last event, as the consumer counts them
}

const markKey = "ledger-subscription"

func (v *natsVia) newReading(ctx context.Context, f *Filter, after int64) (*reading, error) {
	ctx, cancel := context.WithTimeout(ctx, brokerTimeout)
	defer cancel()
	name := v.Service
	if v.Consumer != "" {
		name += "_" + v.Consumer
	}
	if err := v.js.DeleteConsumer(ctx, eventsStream, name); err != nil && !errors.Is(err, jetstream.ErrConsumerNotFound) {
		return nil, &passing{err: fmt.Errorf("read events: %w", err)}
	}
	r := &reading{mark: uuid.NewString()}
	var err error
	r.consumer, err = v.js.CreateConsumer(ctx, eventsStream, jetstream.ConsumerConfig{
		Name: name, FilterSubject: v.subject(f), DeliverPolicy: jetstream.DeliverByStartSequencePolicy, OptStartSeq: uint64(after) + 1,
		AckPolicy: jetstream.AckNonePolicy, InactiveThreshold: consumerIdle, MemoryStorage: true, Replicas: 1,
		Metadata: map[string]string{markKey: r.mark},
	})
	if err != nil {
		return nil, &passing{err: fmt.Errorf("read events: %w", err)}
	}
	return r, nil
}

// drain hands on the events of a piece as they come. What has come is this consumer's own if it still stands when asked
// afterwards: another's of the same name, made meanwhile, may begin elsewhere.
func (r *reading) drain(ctx context.Context, batch jetstream.MessageBatch, each func(Event) error) error {
	for m := range batch.Messages() {
		came := []jetstream.Msg{m}
		for range len(batch.Messages()) {
			came = append(came, <-batch.Messages())
		}
		if err := r.stands(ctx); err != nil {
			return err
		}
		for _, m := range came {
			meta, err := m.Metadata()
			if err != nil {
				return err
			}
			if meta.Sequence.Consumer != r.number+1 {
				return &passing{err: fmt.Errorf("events were lost on the way, after number %d came %d", r.number, meta.Sequence.Consumer)}
			}
			r.number = meta.Sequence.Consumer
			e, err := eventOf(m.Headers(), m.Data(), meta.Sequence.Stream)
			if err != nil {
				return err
			}
			if err := each(e); err != nil {
				return err
			}
		}
	}
	err := batch.Error()
	if ctx.Err() != nil || err == nil || errors.Is(err, context.DeadlineExceeded) {
		return ctx.Err()
	}
	if err := r.stands(ctx); err != nil {
		return err
	}
	return &passing{err: fmt.Errorf("read events: %w", err)}
}

// stands says whether the consumer is still the one that was made here. One that is gone was lost with its server, or
// deleted by another subscription, which makes it anew in a moment: that is waited for.
func (r *reading) stands(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, brokerTimeout)
	defer cancel()
	for p, since := (pauses{}), time.Now(); ; {
		info, err := r.consumer.Info(ctx)
		switch {
		case err == nil && info.Config.Metadata[markKey] == r.mark:
			return nil
		case err == nil:
			return ErrTakenOver
		case !errors.Is(err, jetstream.ErrConsumerNotFound) || time.Since(since) > takenWithin || p.wait(ctx, 0) != nil:
			return &passing{err: fmt.Errorf("read events: %w", err)}
		}
	}
}

// token is what stands for an id in a subject, as the ledger writes it.
func token(id string) string {
	if id == "" {
		return "_"
	}
	if strings.ContainsFunc(id, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-' && r != '_'
	}) {
		return base64.RawURLEncoding.EncodeToString([]byte(id))
	}
	return id
}
