package eventstore

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// remakeTimeout bounds the making of a stream anew, its consumers included.
const remakeTimeout = time.Minute

// remake deletes the stream that was judged, if it still is the same one, and makes it anew, empty. The
// events up to keep are to stand on it again: durable consumers go on where they were, those that were
// beyond from there.
func remake(ctx context.Context, js jetstream.JetStream, judged *jetstream.StreamInfo, keep uint64, epoch int64) error {
	ctx, cancel := context.WithTimeout(ctx, remakeTimeout)
	defer cancel()
	now, err := js.Stream(ctx, StreamName)
	if errors.Is(err, jetstream.ErrStreamNotFound) || err == nil && !now.CachedInfo().Created.Equal(judged.Created) {
		return fmt.Errorf("%w: somebody else makes it anew", errStreamMoved)
	}
	if err != nil {
		return fmt.Errorf("look for stream %s: %w", StreamName, err)
	}
	consumers, err := durables(ctx, now)
	if err != nil {
		return err
	}
	if err := js.DeleteStream(ctx, StreamName); err != nil {
		return fmt.Errorf("delete stream %s: %w", StreamName, err)
	}
	c := settled(jetstream.StreamConfig{Replicas: judged.Config.Replicas, Placement: judged.Config.Placement})
	stream, err := js.CreateStream(ctx, c)
	if err != nil {
		return fmt.Errorf("make stream %s anew: %w", StreamName, err)
	}
	for _, info := range consumers {
		if err := bringBack(ctx, js, info, keep); err != nil {
			// Its owner makes it again; the other events must not wait for that.
			slog.ErrorContext(ctx, "a consumer was lost with the stream", "consumer", info.Name, "acknowledged", info.AckFloor.Stream, "error", err)
		}
	}
	return markEpoch(ctx, js, stream.CachedInfo().Config, epoch)
}

// durables lists the consumers that outlive their readers.
func durables(ctx context.Context, s jetstream.Stream) ([]*jetstream.ConsumerInfo, error) {
	var all []*jetstream.ConsumerInfo
	list := s.ListConsumers(ctx)
	for info := range list.Info() {
		if info.Config.Durable != "" {
			all = append(all, info)
		}
	}
	if err := list.Err(); err != nil {
		return nil, fmt.Errorf("list the consumers of stream %s: %w", StreamName, err)
	}
	return all, nil
}

// bringBack makes a consumer again, to go on after what it has acknowledged without a gap. What it had
// acknowledged out of order comes to it again.
func bringBack(ctx context.Context, js jetstream.JetStream, info *jetstream.ConsumerInfo, keep uint64) (err error) {
	c, done := info.Config, info.AckFloor.Stream
	if c.AckPolicy == jetstream.AckNonePolicy {
		done = info.Delivered.Stream
	}
	if done = min(done, keep); done > 0 {
		c.DeliverPolicy, c.OptStartSeq, c.OptStartTime = jetstream.DeliverByStartSequencePolicy, done+1, nil
	}
	if c.DeliverSubject != "" {
		_, err = js.CreatePushConsumer(ctx, StreamName, c)
	} else {
		_, err = js.CreateConsumer(ctx, StreamName, c)
	}
	return err
}
