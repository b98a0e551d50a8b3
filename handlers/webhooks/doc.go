// Package webhooks posts events to the endpoints of organisations that have no NATS, signed as Standard Webhooks says.
//
//   - endpoint.go, filter.go, address.go: what an endpoint is, which events it wants, where it may be.
//   - store.go, change.go, deliveries.go: endpoints and the log of deliveries in Postgres, for the API and the console.
//   - message.go, secret.go, sender.go: one delivery.
package webhooks
