// Package eventstore keeps the log: append-only events in Postgres, and their mirror on JetStream.
//
// It knows bytes, not orders: it moves, hashes and proves events that it can't decode, so an old build
// survives a newer event, and no rule of business can change what was written.
//
// # What it promises
//
//   - An append is atomic and on disk when Append returns: head, events, claims and personal values
//     commit together or not at all.
//   - Positions have no gaps, and commit order is position order: every append moves the one-row table
//     head from the position it was decided on, in its own transaction. Whoever read up to n has
//     missed nothing below n.
//   - A stream's versions are 1, 2, 3 …; a command's key is unique in its organisation for ever; a
//     claim is taken once.
//   - hash_n = SHA-256(hash_{n-1} ‖ envelope_n), hash_0 = 32 zero bytes. The envelope is RFC 8785 JSON
//     that holds the payload's SHA-256, so an outsider can recompute the chain from what is stored.
//
// # What it does not promise
//
//   - When the connection breaks during an append, its outcome is unknown (ErrOutcomeUnknown). Fence
//     settles it: afterwards nothing that was under way can be written any more, and a look at the keys
//     is final.
//   - JetStream holds copies. It may lose them at any time; the relay puts them back from Postgres.
//
// # Files
//
// event.go has the event, its envelope and the chain; log.go the log; append.go how it grows, columns.go
// what of that is encoded beforehand; error.go what an append can come to; head.go and lock.go its head, its fence and its lock; keys.go how commands are found
// again; read.go and read_org.go how it is read; state.go the saved states; refusal.go the commands that were
// not carried out; watch.go who is told that it has grown.
//
// The mirror: message.go has an event as a message, envelope.go how its envelope is read; stream.go the
// stream and stream_remake.go its making anew; relay.go what keeps it up to date, relay_agree.go how it is
// compared with the log, publish.go how events are sent; epoch.go what an operator does when the two
// contradict each other. feed.go and feed_live.go are for followers in this process.
package eventstore
