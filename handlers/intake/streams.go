package intake

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// The streams of commands and of what became of them.
const (
	CommandsStream = "LEDGER_COMMANDS"
	ResultsStream  = "LEDGER_RESULTS"
	PoisonStream   = "LEDGER_POISON"

	commandPrefix   = "ledger.commands."
	resultPrefix    = "ledger.results."
	poisonPrefix    = "ledger.poison."
	commandSubjects = commandPrefix + "*.*"
)

// Bounds of the streams. A full queue of commands takes no more, and says so to whoever publishes; results and poison
// make room for what is new.
const (
	bodyMax    = 512 << 10
	headersMax = 16 << 10

	commandsBytes = 512 << 20
	commandsMax   = 1_000_000
	resultsBytes  = 512 << 20
	resultsAge    = 7 * 24 * time.Hour
	poisonBytes   = 128 << 20
	poisonAge     = 30 * 24 * time.Hour

	brokerTimeout = 5 * time.Second
)

// EnsureStreams makes the streams that are missing, with so many replicas, and puts the settings of the others right.
// Replicas, placement and bounds of a stream that is there stay as they are: operators choose them.
func EnsureStreams(ctx context.Context, js jetstream.JetStream, replicas int) error {
	for _, want := range StreamConfigs(replicas) {
		if err := ensureStream(ctx, js, want); err != nil {
			return err
		}
	}
	return nil
}

// StreamConfigs are the streams as they are made: LEDGER_COMMANDS, LEDGER_RESULTS and LEDGER_POISON.
func StreamConfigs(replicas int) []jetstream.StreamConfig {
	all := []jetstream.StreamConfig{commandsConfig(), resultsConfig(replicas), poisonConfig()}
	for i := range all {
		all[i].Replicas = replicas
	}
	return all
}

func commandsConfig() jetstream.StreamConfig {
	return jetstream.StreamConfig{
		Name: CommandsStream, Subjects: []string{commandSubjects}, Description: "Commands of services, until they are carried out.",
		Storage: jetstream.FileStorage, Retention: jetstream.WorkQueuePolicy, Discard: jetstream.DiscardNew,
		MaxBytes: commandsBytes, MaxMsgs: commandsMax, MaxMsgSize: bodyMax + headersMax, AllowAtomicPublish: true,
	}
}

// resultsConfig does not wait for the disk with each result, where one server keeps them: a power cut may take the last
// of them, and the key tells what became of the command all the same.
func resultsConfig(replicas int) jetstream.StreamConfig {
	c := jetstream.StreamConfig{
		Name: ResultsStream, Subjects: []string{resultPrefix + "*.*"}, Description: "What became of the services' commands.",
		Storage: jetstream.FileStorage, Retention: jetstream.LimitsPolicy, Discard: jetstream.DiscardOld,
		MaxBytes: resultsBytes, MaxAge: resultsAge, AllowDirect: true,
	}
	if replicas == 1 {
		c.PersistMode = jetstream.AsyncPersistMode
	}
	return c
}

func poisonConfig() jetstream.StreamConfig {
	return jetstream.StreamConfig{
		Name: PoisonStream, Subjects: []string{poisonPrefix + "*"}, Description: "Commands that could not be read, and why.",
		Storage: jetstream.FileStorage, Retention: jetstream.LimitsPolicy, Discard: jetstream.DiscardOld,
		MaxBytes: poisonBytes, MaxAge: poisonAge, AllowDirect: true,
	}
}

func ensureStream(ctx context.Context, js jetstream.JetStream, want jetstream.StreamConfig) error {
	ctx, cancel := context.WithTimeout(ctx, brokerTimeout)
	defer cancel()
	s, err := js.Stream(ctx, want.Name)
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		making, cancel := context.WithTimeout(context.WithoutCancel(ctx), brokerTimeout) // a stream half made is nobody's
		defer cancel()
		if _, err := js.CreateStream(making, want); err != nil {
			return fmt.Errorf("make stream %s: %w", want.Name, err)
		}
		return nil
	}
	if err != nil {
		return fmt.Errorf("look for stream %s: %w", want.Name, err)
	}
	is := s.CachedInfo().Config
	right := is
	right.Subjects, right.Discard, right.MaxMsgSize = want.Subjects, want.Discard, want.MaxMsgSize
	right.AllowAtomicPublish = want.AllowAtomicPublish
	if want.MaxMsgSize == 0 {
		right.MaxMsgSize = -1
	}
	if !reflect.DeepEqual(is, right) {
		if _, err := js.UpdateStream(ctx, right); err != nil {
			return fmt.Errorf("put the settings of stream %s right: %w", want.Name, err)
		}
	}
	return nil
}
