// Package handlers has the ways into the ledger: the command executor, which joins the domain's rules
// to the log, and the HTTP API above it.
//
// # The executor
//
// Commands are decided in batches against one head. One goroutine (run.go) takes whatever waits,
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
//   - known.go: keys that the log knows are found before a batch is decided, when a whole file comes again.
//   - cache.go, catch_up.go: states are bounded in bytes, and what other replicas append is folded in
//     before anything is decided on them.
//   - claims.go: what may happen once is known to be taken, or the log says so and the batch is decided again.
//   - load.go: what a command needs may grow by what was loaded for it, and by what commands before it did.
//   - rehearse.go: the same decisions on the side, for previews and dry runs; nothing is appended.
//   - turn.go: replicas that keep moving the head from under each other take turns, by its row lock.
//
// # The HTTP API
//
// routes.go and the files *_routes.go list every operation with what its caller must be allowed to do; the
// mux, the OpenAPI document and the tests of permissions are made of that list. A request passes, in the
// order in which errors win:
//
//   - body.go reads JSON strictly into a tree, body_decode.go puts the tree into a command, and
//     fingerprint.go makes of the same tree what the idempotency key is held against. Lines of POST
//     /v1/commands go the same way (intake.go), and so will whatever else brings commands in.
//   - call.go and intake.go ask who sends it (internal/auth), what the role allows, and for whom.
//   - the executor carries commands out; the read models answer queries (package projections), confined
//     to the caller's organisation by the database itself.
//   - problem.go turns whatever went wrong into what the caller is told.
//
// bulk.go carries many commands in one request, event_routes.go streams the log live, and timers.go does what
// falls due by itself (timers_*.go, a kind of work each), by command as everybody else.
package handlers
