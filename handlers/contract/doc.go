// Package contract writes the documents that other people's programs are written by, from the tables that this program
// works by: OpenAPI, AsyncAPI, and a JSON Schema of every event version and every command. `make docs` puts them into
// docs/api, from where the server has them too; a test compares.
//
//   - files.go: which files there are.
//   - schemas.go: a type, its examples and its comments as a JSON Schema.
//   - asyncapi.go, messages.go: the streams on NATS, as an AsyncAPI document.
//   - comments.go: what the source says of a type and its fields.
package contract
