// Package intake brings commands in over NATS: a watermill router over a durable pull consumer of LEDGER_COMMANDS, the
// same executor as everybody's, results on LEDGER_RESULTS, what can't be read on LEDGER_POISON.
//
//   - streams.go: the three streams and their bounds.
//   - subscriber.go, delivery.go, takeover.go: messages in stream order to one active process at a time, each
//     acknowledged when it is settled; what a predecessor had in hand is settled before anything new.
//   - publisher.go: a message is published when its stream says so.
package intake
