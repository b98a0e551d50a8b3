package eventstore

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// StreamName is the log's mirror on JetStream; its sequences are positions. Only the relay publishes to it.
const StreamName = "LEDGER"

// StreamSubjects are the subjects of all events.
const StreamSubjects = subjectPrefix + ">"

// brokerTimeout bounds every question to the broker.
const brokerTimeout = 5 * time.Second

// streamEpoch is the metadata that says for which epoch of the log the stream was made or last agreed on.
const streamEpoch = "ledger-epoch"

// EnsureStream makes the stream where it is missing, with so many replicas, and puts the settings right that the mirror
// rests on. Replicas and placement of a stream that is there stay as they are: operators choose them.
func EnsureStream(ctx context.Context, js jetstream.JetStream, replicas int) (jetstream.Stream, error) {
	ctx, cancel := context.WithTimeout(ctx, brokerTimeout)
	defer cancel()
	s, err := js.Stream(ctx, StreamName)
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		making, cancel := context.WithTimeout(context.WithoutCancel(ctx), brokerTimeout) // a stream half made is nobody's
		defer cancel()
		if s, err = js.CreateStream(making, StreamConfig(replicas)); err != nil {
			return nil, fmt.Errorf("make stream %s: %w", StreamName, err)
		}
		return s, nil
	}
	if err != nil {
		return nil, fmt.Errorf("look for stream %s: %w", StreamName, err)
	}
	is := s.CachedInfo().Config
	if want := settled(is); !reflect.DeepEqual(is, want) {
		if s, err = js.UpdateStream(ctx, want); err != nil {
			return nil, fmt.Errorf("put the settings of stream %s right: %w", StreamName, err)
		}
	}
	return s, nil
}

// StreamConfig is the stream as it is made where it is missing.
func StreamConfig(replicas int) jetstream.StreamConfig {
	return settled(jetstream.StreamConfig{Replicas: replicas})
}

// settled is a configuration in which nothing gets lost or in between: no limits, no deletes, no other subjects.
func settled(c jetstream.StreamConfig) jetstream.StreamConfig {
	c.Name, c.Subjects = StreamName, []string{StreamSubjects}
	c.Description = "The ledger's events; sequence = position. Only the relay publishes here."
	c.Storage, c.Retention, c.Discard = jetstream.FileStorage, jetstream.LimitsPolicy, jetstream.DiscardOld
	c.MaxMsgs, c.MaxBytes, c.MaxMsgsPerSubject, c.MaxMsgSize, c.MaxAge = -1, -1, -1, -1, 0
	c.DenyDelete, c.DenyPurge, c.AllowRollup, c.AllowMsgTTL = true, true, false, false
	c.AllowAtomicPublish, c.AllowDirect = true, true
	c.Sealed, c.NoAck, c.PersistMode = false, false, jetstream.DefaultPersistMode
	return c
}

// markEpoch notes the log's epoch at the stream.
func markEpoch(ctx context.Context, js jetstream.JetStream, c jetstream.StreamConfig, epoch int64) error {
	ctx, cancel := context.WithTimeout(ctx, brokerTimeout)
	defer cancel()
	c.Metadata = maps.Clone(c.Metadata)
	if c.Metadata == nil {
		c.Metadata = map[string]string{}
	}
	c.Metadata[streamEpoch] = strconv.FormatInt(epoch, 10)
	if _, err := js.UpdateStream(ctx, c); err != nil {
		return fmt.Errorf("note the epoch at stream %s: %w", StreamName, err)
	}
	return nil
}

// markedEpoch is the epoch noted at the stream, 0 when there is none.
func markedEpoch(c jetstream.StreamConfig) int64 {
	n, err := strconv.ParseInt(c.Metadata[streamEpoch], 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// streamMessage is what the relay needs to know of a message.
type streamMessage struct {
	found         bool
	subject, body string // the beginning of it
	hash          Hash   // nobody's where the message is none of a relay's
	// published says that a relay did: it stands at its own position, with a hash.
	published bool
}

// messageOnStream reads the message at a sequence. It asks the stream's leader: a replica that lags would say that there
// is no such message.
func messageOnStream(ctx context.Context, nc *nats.Conn, sequence uint64) (m streamMessage, err error) {
	ctx, cancel := context.WithTimeout(ctx, brokerTimeout)
	defer cancel()
	reply, err := nc.RequestWithContext(ctx, "$JS.API.STREAM.MSG.GET."+StreamName, fmt.Appendf(nil, `{"seq":%d}`, sequence))
	if err != nil {
		return m, fmt.Errorf("read message %d: %w", sequence, err)
	}
	var answer struct {
		Error   *jetstream.APIError `json:"error"`
		Message struct {
			Subject string `json:"subject"`
			Headers []byte `json:"hdrs"`
			Data    []byte `json:"data"`
		} `json:"message"`
	}
	if err := json.Unmarshal(reply.Data, &answer); err != nil {
		return m, fmt.Errorf("read message %d: %w", sequence, err)
	}
	if answer.Error != nil {
		if answer.Error.ErrorCode == jetstream.JSErrCodeMessageNotFound {
			return m, nil
		}
		return m, fmt.Errorf("read message %d: %w", sequence, answer.Error)
	}
	m.found, m.subject, m.body = true, answer.Message.Subject, string(answer.Message.Data[:min(len(answer.Message.Data), 200)])
	if headers, err := nats.DecodeHeadersMsg(answer.Message.Headers); err == nil {
		m.published = m.hash.parse(headers.Get(HeaderHash)) && headers.Get(HeaderPosition) == strconv.FormatUint(sequence, 10)
	}
	return m, nil
}
