// Package client is for services that work with an order ledger: it places and pays orders, waits until they are paid,
// reports how their provisioning goes and what was used, and follows what happens.
//
//	c, err := client.New(client.HTTP{URL: "http://127.0.0.1:8080", Key: key})
//	c, err := client.New(client.NATS{URL: "nats://127.0.0.1:4222", Service: "gpu"})
//
// Both ways do the same. Over NATS a command outlives the ledger's own absence: it waits in a stream of the broker's.
//
// # Once
//
// Every command has a key, and takes effect once, however often it is sent. A command is sent again, with the same key
// and the same bytes, for as long as its outcome is not known: connections break, servers start anew, a broker loses an
// acknowledgement. That ends with the context or after [GiveUpAfter], with a [*NoAnswer]. A refusal is final, a
// [*Refusal], and nothing is sent again.
//
// Keys are made from what a command is about ([Client.Place], [Client.Pay] and so on say how), so that a service which
// was killed and does the same thing again sends the same key. [WithKey] names another.
//
// # Events
//
// [Client.Subscribe] calls a handler with one event after another, in the order of the log, from a position that the
// caller keeps. Positions ascend; what was handled is known by its position alone. A service that keeps its position in
// the transaction with which it handles an event handles each exactly once.
//
// A Client is safe for concurrent use.
package client
