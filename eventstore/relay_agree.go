package eventstore

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/nats-io/nats.go/jetstream"
)

// divergence: the stream has what the log does not. Nobody but an operator can tell which is right.
type divergence struct {
	reason string
	epoch  int64 // the log's, when it was found
}

func (d *divergence) Error() string { return d.reason }

// agree sees to it that the stream holds a prefix of the log, and returns its length. A stream that is
// missing, or has holes, is made anew; one that contradicts the log is a divergence, unless an operator
// has opened an epoch since.
func (r *Relay) agree(ctx context.Context, js jetstream.JetStream) (int64, error) {
	stream, err := EnsureStream(ctx, js, r.replicas)
	if err != nil {
		return 0, err
	}
	info := stream.CachedInfo()
	// The head is read after the stream: what is published was committed before.
	head, err := r.log.Head(ctx)
	if err != nil {
		return 0, err
	}
	contradiction, err := r.contradiction(ctx, info, head)
	if err != nil {
		return 0, err
	}
	marked := markedEpoch(info.Config)
	if contradiction != "" {
		if marked != 0 && head.Epoch > marked {
			return 0, r.beginAnew(ctx, js, info, head)
		}
		if marked == 0 {
			err = markEpoch(ctx, js, info.Config, head.Epoch)
		}
		return 0, errors.Join(&divergence{contradiction, head.Epoch}, err)
	}
	if s := info.State; s.LastSeq > 0 && (s.FirstSeq != 1 || s.Msgs != s.LastSeq) {
		slog.WarnContext(ctx, "the stream has holes and is filled anew", "messages", s.Msgs, "first", s.FirstSeq, "last", s.LastSeq)
		return 0, remake(ctx, js, info, s.LastSeq, head.Epoch)
	}
	if marked < head.Epoch {
		if err := markEpoch(ctx, js, info.Config, head.Epoch); err != nil {
			return 0, err
		}
	}
	return int64(info.State.LastSeq), nil
}

// contradiction says what is on the stream that is not in the log, "" when nothing is. Hashes are
// chained, so the last message's stands for all before it.
func (r *Relay) contradiction(ctx context.Context, info *jetstream.StreamInfo, head Head) (string, error) {
	last := info.State.LastSeq
	if last > uint64(head.Position) {
		return fmt.Sprintf("the stream %s reaches position %d, the log only %d", StreamName, last, head.Position), nil
	}
	same, found, err := r.sameAt(ctx, last)
	switch {
	case err != nil:
		return "", err
	case found && !same:
		return fmt.Sprintf("the stream %s has another event at position %d than the log", StreamName, last), nil
	case !found && info.State.Msgs == last:
		return "", fmt.Errorf("%w: message %d is gone", errStreamMoved, last)
	}
	return "", nil
}

// sameAt says whether the message at a sequence is found and is the event at that position.
func (r *Relay) sameAt(ctx context.Context, sequence uint64) (same, found bool, err error) {
	if sequence == 0 {
		return true, true, nil
	}
	there, found, err := hashOnStream(ctx, r.nc, sequence)
	if err != nil || !found {
		return false, false, err
	}
	here, logged, err := r.log.hashAt(ctx, int64(sequence))
	return logged && here == there, true, err
}

// stop tells everybody, fences the head, and waits for a new epoch.
func (r *Relay) stop(ctx context.Context, d *divergence) {
	r.mu.Lock()
	r.status.State, r.status.LastError = "stopped: "+d.reason, d.reason
	r.mu.Unlock()
	slog.ErrorContext(ctx, "the relay has stopped and the log is fenced, until an operator opens a new epoch", "reason", d.reason, "epoch", d.epoch)
	for fenced := false; ctx.Err() == nil; {
		if !fenced {
			err := r.log.Stop(ctx, d.epoch, "the mirror contradicts the log: "+d.reason)
			if fenced = err == nil; !fenced {
				slog.ErrorContext(ctx, "the log can't be fenced; trying again", "error", err)
			}
		}
		if head, err := r.log.Head(ctx); err == nil && head.Epoch > d.epoch {
			return
		}
		_ = sleep(ctx, relayStopped) // its error is ctx's, which ends the loop
	}
}
