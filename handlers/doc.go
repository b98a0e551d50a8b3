// Package handlers has the ways into the ledger: the command executor, which joins the domain's rules
// to the log, and the HTTP API above it.
//
// # The executor
//
// Commands are decided in batches against one head. One goroutine (executor.go) takes whatever waits,
// loads the streams that it does not hold, decides the commands one after another in memory, and
// appends all their events in one statement that is guarded by the head. While one batch commits, the
// next is decided on what the first will leave behind; if that first batch does not commit, both are
// decided again.
//
// Why it is safe, in the order of the files:
//
//   - decide.go: a command sees the effects of those before it. A key that is under way is not decided
//     twice: the second waits for the first.
//   - commit.go: a refusal is answered only after its key was looked up and the head it was decided on
//     was confirmed, in the append itself or by a query of its own. A moved head means deciding again; a
//     taken key gets its first answer; an unknown outcome is settled by raising the fence, after which a
//     missing key is final.
//   - cache.go: states are bounded in bytes, and what other replicas append is folded in before
//     anything is decided on them.
package handlers
