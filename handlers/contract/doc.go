// Package contract writes the documents that other people's programs are written by, from the tables that this program
// works by: OpenAPI, AsyncAPI, and a JSON Schema of every event version, every command and their result. `make docs` puts
// them into docs/api. The server makes OpenAPI of its routes when it starts, and carries the others from there, as they
// need the source; tests compare what lies there with the code, and hold it to the standards' own schemas.
// A client in docs/api that knows nothing else takes an order through its life by them.
//
//   - files.go: which files there are.
//   - schemas.go: a type, its examples and its comments as a JSON Schema.
//   - asyncapi.go, jetstream.go, messages.go, headers.go: the streams on NATS, as an AsyncAPI document.
//   - comments.go: what the source says of a type and its fields.
package contract
