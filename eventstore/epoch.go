package eventstore

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sort"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// OpenEpoch is an operator's word that the log is right and what the stream has beyond it is not. It
// raises the epoch above the log's and the stream's, notes the reason in the table epochs, and lets
// executors go on. A running relay then sets the stream's surplus aside and fills it anew.
//
// nc may be nil where no broker is; a broker that can't be reached is an error, as its epoch could be
// the higher one.
func OpenEpoch(ctx context.Context, log *Log, nc *nats.Conn, reason string) (Head, error) {
	var above int64
	if nc != nil {
		js, err := jetstream.New(nc)
		if err != nil {
			return Head{}, fmt.Errorf("use JetStream: %w", err)
		}
		ctx, cancel := context.WithTimeout(ctx, brokerTimeout)
		defer cancel()
		stream, err := js.Stream(ctx, StreamName)
		if err != nil && !errors.Is(err, jetstream.ErrStreamNotFound) {
			return Head{}, fmt.Errorf("read the epoch of stream %s: %w", StreamName, err)
		}
		if err == nil {
			above = markedEpoch(stream.CachedInfo().Config)
		}
	}
	const q = `
WITH opened AS (
    UPDATE head SET epoch = greatest(epoch, $1) + 1, fence = fence + 1, fenced = NULL
    RETURNING position, hash, recorded_at, epoch, fence, fenced
), noted AS (
    INSERT INTO epochs (epoch, reason, position, hash)
    SELECT epoch, $2, position, hash
    FROM opened
)
SELECT ` + headColumns + ` FROM opened`
	h, err := scanHead(log.pool.QueryRow(ctx, q, above, reason))
	if err != nil {
		return Head{}, fmt.Errorf("open an epoch: %w", err)
	}
	return h, nil
}

// surplusStream keeps what the stream had beyond the log when an epoch was opened.
func surplusStream(epoch int64) string { return fmt.Sprintf("%s_SURPLUS_%d", StreamName, epoch) }

// beginAnew sets aside what the stream has and the log does not, and makes the stream anew. It can break
// off anywhere and be begun again.
func (r *Relay) beginAnew(ctx context.Context, js jetstream.JetStream, info *jetstream.StreamInfo, head Head) error {
	common, err := r.commonPrefix(ctx, min(info.State.LastSeq, uint64(head.Position)))
	if err != nil {
		return err
	}
	if err := keepSurplus(ctx, js, surplusStream(head.Epoch), info.Config.Replicas, common+1, info.State.LastSeq); err != nil {
		return err
	}
	slog.WarnContext(ctx, "a new epoch: the stream is filled anew", "epoch", head.Epoch,
		"common", common, "surplus", info.State.LastSeq-common, "kept in", surplusStream(head.Epoch))
	return remake(ctx, js, info, common, head.Epoch)
}

// commonPrefix is how far the stream and the log have the same events.
func (r *Relay) commonPrefix(ctx context.Context, most uint64) (uint64, error) {
	var failed error
	n := sort.Search(int(most), func(i int) bool {
		if failed != nil {
			return true
		}
		same, _, err := r.sameAt(ctx, uint64(i)+1)
		failed = err
		return !same
	})
	return uint64(n), failed
}

// keepSurplus copies the stream's messages from a sequence on to a stream of their own and seals that. A
// mirror copies them on the server, with their sequences, times and headers.
func keepSurplus(ctx context.Context, js jetstream.JetStream, name string, replicas int, from, to uint64) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	c := jetstream.StreamConfig{
		Name: name, Storage: jetstream.FileStorage, Replicas: replicas,
		Description: "What " + StreamName + " had and the log did not, when an epoch was opened. Never applied.",
		Mirror:      &jetstream.StreamSource{Name: StreamName, OptStartSeq: from},
	}
	kept, err := js.Stream(ctx, name)
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		kept, err = js.CreateStream(ctx, c)
	}
	if err != nil {
		return fmt.Errorf("keep the surplus in %s: %w", name, err)
	}
	for kept.CachedInfo().State.LastSeq < to {
		if err := sleep(ctx, 20*time.Millisecond); err != nil {
			return err
		}
		if _, err := kept.Info(ctx); err != nil {
			return fmt.Errorf("keep the surplus in %s: %w", name, err)
		}
	}
	// While it still were a mirror it would go on with the new stream's events.
	if c = kept.CachedInfo().Config; c.Mirror != nil {
		c.Mirror = nil
		if _, err := js.UpdateStream(ctx, c); err != nil {
			return fmt.Errorf("close the surplus in %s: %w", name, err)
		}
	}
	if !c.Sealed {
		c.Sealed = true
		if _, err := js.UpdateStream(ctx, c); err != nil {
			return fmt.Errorf("seal the surplus in %s: %w", name, err)
		}
	}
	return nil
}
