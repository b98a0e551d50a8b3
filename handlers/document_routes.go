package handlers

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"html/template"
	"net/http"
	"strings"
	"time"

	"orderledger/docs/api"
)

// documents are the API's description, made once of the routes.
type documents struct{ json, yaml, page []byte }

func (s *Server) documentRoutes() []route {
	document := func(path, id, summary, kind string, text func(*http.Request) []byte) route {
		return route{method: http.MethodGet, path: path, id: id, summary: summary, status: http.StatusOK, handle: serveDocument(kind, text)}
	}
	return []route{
		document("/openapi.json", "get-openapi-json", "This document", "application/openapi+json", func(*http.Request) []byte { return s.pages.json }),
		document("/openapi.yaml", "get-openapi-yaml", "This document as YAML", "application/openapi+yaml", func(*http.Request) []byte { return s.pages.yaml }),
		document("/asyncapi.json", "get-asyncapi-json", "The streams on NATS, as AsyncAPI 3.0", "application/vnd.aai.asyncapi+json;version=3.0.0", committed),
		document("/asyncapi.yaml", "get-asyncapi-yaml", "The streams on NATS, as AsyncAPI 3.0 in YAML", "application/vnd.aai.asyncapi+yaml;version=3.0.0", committed),
		document("/schemas/", "list-schemas", "The addresses of all JSON Schemas, by name", "application/json", schemaIndex),
		document("/schemas/{kind}/{name}", "get-schema", "The JSON Schema of an event version, a command or a result; kind is events, commands or results, and a name ends in .json",
			"application/schema+json", committed),
		document("/docs", "get-docs", "Routes and error codes, for people", "text/html; charset=utf-8", func(*http.Request) []byte { return s.pages.page }),
	}
}

// serveDocument answers a document to everybody; whoever has it asks whether it is still the same. One of nil is not there.
func serveDocument(kind string, text func(*http.Request) []byte) func(*call) error {
	return func(c *call) error {
		body := text(c.r)
		if c.wrong != nil || body == nil {
			return cmp.Or(c.wrong, problem(codeNotFound, "there is no such document; /schemas/ lists the schemas"))
		}
		h := c.w.Header()
		h.Set("Content-Type", kind)
		h.Set("Cache-Control", "no-cache")
		sum := sha256.Sum256(body)
		h.Set("ETag", `"`+hex.EncodeToString(sum[:16])+`"`)
		http.ServeContent(c.w, c.r, "", time.Time{}, bytes.NewReader(body))
		return nil
	}
}

// committed is a document as it lies in the repository, at the same address; nil where there is none.
func committed(r *http.Request) []byte {
	text, err := api.Files.ReadFile(strings.TrimPrefix(r.URL.Path, "/"))
	if err != nil {
		return nil
	}
	return text
}

// schemaIndex is at the folder's own address, beneath which nothing else is.
func schemaIndex(r *http.Request) []byte {
	if r.URL.Path != "/schemas/" {
		return nil
	}
	text, _ := api.Files.ReadFile("schemas/index.json")
	return text
}

// docsPage needs nothing from anywhere else: no script, no font, no network.
var docsPage = template.Must(template.New("docs").Parse(`<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Order ledger API</title>
<style>
body{font:16px/1.5 system-ui,sans-serif;max-width:64rem;margin:2rem auto;padding:0 1rem;color:#1c2024;background:#fff}
table{border-collapse:collapse;width:100%}td,th{text-align:left;padding:.3rem .6rem;border-bottom:1px solid #ddd;vertical-align:top}
code{font:14px ui-monospace,monospace}tr:target{background:#fff3c4}
@media(prefers-color-scheme:dark){body{color:#e8eaed;background:#16181b}td,th{border-color:#333}tr:target{background:#4a3d00}a{color:#8ab4f8}}
</style>
<h1>Order ledger API</h1>
<p>The whole description, for programs: <a href="/openapi.json">openapi.json</a>, <a href="/openapi.yaml">openapi.yaml</a> (OpenAPI 3.1).
Events and commands over NATS: <a href="/asyncapi.json">asyncapi.json</a>, <a href="/asyncapi.yaml">asyncapi.yaml</a> (AsyncAPI 3.0),
and a <a href="/schemas/">JSON Schema</a> of each, with an example.</p>
<p>Send <code>Authorization: Bearer KEY</code>, and with every command an <code>Idempotency-Key</code>.</p>
<h2>Routes</h2>
<table><tr><th>Route<th>Does<th>Parameters</tr>
{{range .Routes}}<tr><td><code>{{.Method}} {{.Path}}</code><td>{{.Summary}}<td>{{range .Query}}<code>{{.}}</code> {{end}}</tr>
{{end}}</table>
<h2>Error codes</h2>
<table><tr><th>Code<th>Status<th>What it means, and what to do</tr>
{{range .Problems}}<tr id="{{.Code}}"><td><code>{{.Code}}</code><td>{{.Status}}<td>{{.Title}}. {{.Hint}}</tr>
{{end}}</table>
`))

// makePage writes the page for people.
func makePage(routes []route) []byte {
	type shownRoute struct {
		Method, Path, Summary string
		Query                 []string
	}
	type shownProblem struct {
		Code, Title, Hint string
		Status            int
	}
	var page struct {
		Routes   []shownRoute
		Problems []shownProblem
	}
	for _, rt := range routes {
		r := shownRoute{Method: rt.method, Path: rt.path, Summary: rt.summary}
		for _, p := range rt.query {
			r.Query = append(r.Query, p.name)
		}
		page.Routes = append(page.Routes, r)
	}
	for _, k := range kindsOfProblems {
		page.Problems = append(page.Problems, shownProblem{k.code, k.title, k.hint, k.status})
	}
	var b strings.Builder
	if err := docsPage.Execute(&b, page); err != nil {
		panic("handlers: " + err.Error())
	}
	return []byte(b.String())
}
