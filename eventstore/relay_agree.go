package eventstore

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sort"

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
	contradiction, err := r.contradiction(ctx, info, info.State.LastSeq, head)
	if err != nil {
		return 0, err
	}
	marked := markedEpoch(info.Config)
	if contradiction != "" {
		if foreign, err := r.remakeWithoutForeign(ctx, js, info, head); foreign || err != nil {
			return 0, err
		}
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

// contradiction says what is on the stream, up to its last or an earlier message, that is not in the log, "" when nothing
// is. Hashes are chained, so the last message's stands for all before it.
func (r *Relay) contradiction(ctx context.Context, info *jetstream.StreamInfo, last uint64, head Head) (string, error) {
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
	there, err := messageOnStream(ctx, r.nc, sequence)
	if err != nil || !there.found {
		return false, false, err
	}
	here, logged, err := r.log.hashAt(ctx, int64(sequence))
	return logged && here == there.hash, true, err
}

// remakeWithoutForeign makes the stream anew when all that contradicts the log is what no relay published. The server
// sends its answers wherever a client's reply subject says, permitted or not: whoever may ask it anything can have them
// put here. That is no other history, and the log must not stop for it.
func (r *Relay) remakeWithoutForeign(ctx context.Context, js jetstream.JetStream, info *jetstream.StreamInfo, head Head) (foreign bool, err error) {
	// Each of a relay's messages expects the one before it: from the first foreign one on there are only such.
	last := info.State.LastSeq
	ours := uint64(sort.Search(int(last), func(i int) bool {
		if err != nil {
			return true
		}
		var m streamMessage
		m, err = messageOnStream(ctx, r.nc, uint64(i)+1)
		return m.found && !m.published
	}))
	if err != nil || ours == last {
		return false, err
	}
	if other, err := r.contradiction(ctx, info, ours, head); err != nil || other != "" {
		return false, err
	}
	m, err := messageOnStream(ctx, r.nc, ours+1)
	if err != nil {
		return false, err
	}
	slog.ErrorContext(ctx, "there are messages on the stream that are not events; it is filled anew",
		"first", ours+1, "last", last, "subject", m.subject, "body", m.body)
	return true, remake(ctx, js, info, ours, head.Epoch)
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
