// Package api carries the documents of this folder that the server can't make of itself: they are made of the source.
package api

import "embed"

// Files are the documents for programs by their names in this folder, but for OpenAPI's.
//
//go:embed asyncapi.json asyncapi.yaml schemas
var Files embed.FS
