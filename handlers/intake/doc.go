// Package intake brings commands in over NATS: a watermill router over a durable pull consumer of LEDGER_COMMANDS, the
// same executor as everybody's, results on LEDGER_RESULTS, what can't be read on LEDGER_POISON.
//
//   - streams.go: the three streams and their bounds.
//   - subscriber.go, delivery.go, takeover.go: messages in stream order to one active process at a time, each
//     acknowledged when it is settled; what a predecessor had in hand is settled before anything new.
//   - publisher.go: a message is published when its stream says so.
//   - intake.go: the router, and how long it lives.
//   - arrive.go, lanes.go: one by one in stream order, a command is read and gets its place in line; whoever waits for
//     nobody goes to the executor at once, so that the executor's batches are full.
//   - handle.go, park.go, refusals.go: what becomes of it, said on LEDGER_RESULTS before it is acknowledged.
//   - poison.go: what can't be read is put aside, and may be mended and sent again.
//
// In the words of watermill's CQRS: a command is named by its type, PlaceOrder is place_order and the last token of its
// topic; the table of commands in package handlers is the marshaler that reads it into that type, and the executor handles
// them all. The component itself is not used: its command processor has a subscription for each command, so that a payment
// could pass its order, and its handlers have no answer, where ours publish a result before the acknowledgement.
package intake
