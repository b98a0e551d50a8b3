// Package webhooks posts events to the endpoints of organisations that have no NATS, signed as Standard Webhooks says.
//
//   - endpoint.go, filter.go, address.go: what an endpoint is, which events it wants, where it may be.
//   - store.go, change.go, deliveries.go: endpoints and the log of deliveries in Postgres, for the API and the console.
//   - message.go, secret.go, sender.go: one delivery.
//   - worker.go: one process of all works.
//   - shift.go: it follows the log once for all endpoints, and gives turns to those that there is something for.
//   - run.go, settle.go, schedule.go: a turn: events in order, each written down, until one fails.
//   - house.go, metrics.go: what people change, what is kept, what is counted.
package webhooks
