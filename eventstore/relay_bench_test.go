package eventstore_test

import (
	"crypto/rand"
	"fmt"
	"strconv"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"orderledger/eventstore"
)

// BenchmarkRelay sends a log of 20,000 events, from Postgres to the stream, beside a bare publish of the
// same messages, made beforehand, to the same kind of stream on the same kind of server. Run it with
// -benchtime=1x; the ratio is what counts.
func BenchmarkRelay(b *testing.B) {
	const n = 20_000
	for _, sync := range []time.Duration{0, time.Minute} {
		b.Run(fmt.Sprintf("synced=%v", sync == 0), func(b *testing.B) {
			m := newMirror(b)
			m.append(n)
			messages := make([]*nats.Msg, 0, n)
			for len(messages) < n {
				page, err := m.log.Read(b.Context(), int64(len(messages)), 5000)
				if err != nil {
					b.Fatal(err)
				}
				for i := range page {
					messages = append(messages, eventstore.Message(&page[i]))
				}
			}
			for b.Loop() {
				bare := barePublish(b, newBroker(b, sync), messages, sync == 0)
				server := newBroker(b, sync)
				nc, js := server.connect()
				began := time.Now()
				_, end := m.relay(nc, sync == 0)
				m.filled(js)
				relayed := time.Since(began)
				end()
				b.ReportMetric(n/relayed.Seconds(), "relayed/s")
				b.ReportMetric(n/bare.Seconds(), "bare/s")
				b.ReportMetric(bare.Seconds()/relayed.Seconds(), "ratio")
			}
		})
	}
}

// barePublish is the fastest that a client does without checks: asynchronously, or in atomic batches of
// a thousand where every write is synced.
func barePublish(b *testing.B, server *broker, messages []*nats.Msg, synced bool) time.Duration {
	b.Helper()
	nc, _ := server.connect()
	js, err := jetstream.New(nc, jetstream.WithPublishAsyncMaxPending(4096))
	if err != nil {
		b.Fatal(err)
	}
	if _, err := eventstore.EnsureStream(b.Context(), js, 1); err != nil {
		b.Fatal(err)
	}
	began := time.Now()
	if !synced {
		for _, m := range messages {
			if _, err := js.PublishMsgAsync(m, jetstream.WithStallWait(patience)); err != nil {
				b.Fatal(err)
			}
		}
		<-js.PublishAsyncComplete()
		return time.Since(began)
	}
	var id string
	for i, m := range messages {
		at := i%1000 + 1
		if at == 1 {
			id = rand.Text()
		}
		m.Header.Set("Nats-Batch-Id", id)
		m.Header.Set("Nats-Batch-Sequence", strconv.Itoa(at))
		if m.Header.Del("Nats-Batch-Commit"); at == 1000 || i == len(messages)-1 {
			m.Header.Set("Nats-Batch-Commit", "1")
			if ack, err := nc.RequestMsg(m, patience); err != nil || len(ack.Data) == 0 {
				b.Fatal(err)
			}
			continue
		}
		if err := nc.PublishMsg(m); err != nil {
			b.Fatal(err)
		}
	}
	return time.Since(began)
}
