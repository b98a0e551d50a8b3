package console

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io/fs"
	"net/http"
	"path"
	"strings"
)

// Styles and scripts are written in several files, by what they are about, and sent as one. htmx.min.js is htmx 4.0.1, as
// it was published (Zero-Clause BSD licence).
//
//go:embed assets
var assetFiles embed.FS

// asset is a file that browsers may keep for ever: its address has its digest.
type asset struct {
	path, kind    string
	plain, zipped []byte
}

// assets by name.
var assets = map[string]*asset{
	"console.css": joined("text/css; charset=utf-8", "console.css", "*.css"),
	"console.js":  joined("text/javascript; charset=utf-8", "console.js", "htmx.min.js", "*.js"),
	"icon.svg":    joined("image/svg+xml", "icon.svg", "icon.svg"),
}

// joined makes one asset of the files that match patterns, in the order of the patterns, each once.
func joined(kind, name string, patterns ...string) *asset {
	a := &asset{kind: kind}
	taken := map[string]bool{}
	for _, p := range patterns {
		files, _ := fs.Glob(assetFiles, "assets/"+p) // the patterns are good ones
		for _, f := range files {
			if text, err := assetFiles.ReadFile(f); err == nil && !taken[f] {
				taken[f] = true
				a.plain = append(append(a.plain, text...), '\n')
			}
		}
	}
	sum := sha256.Sum256(a.plain)
	a.path = "/assets/" + hex.EncodeToString(sum[:8]) + "/" + name
	var b bytes.Buffer
	z, _ := gzip.NewWriterLevel(&b, gzip.BestCompression) // the level is a good one
	_, _ = z.Write(a.plain)                               // a buffer takes everything
	_ = z.Close()
	a.zipped = b.Bytes()
	return a
}

func assetPath(name string) string { return assets[name].path }

func (c *Console) assetRoutes() {
	c.mux.HandleFunc("GET /assets/{digest}/{name}", func(w http.ResponseWriter, r *http.Request) {
		a := assets[path.Base(r.URL.Path)]
		if a == nil || a.path != r.URL.Path {
			http.NotFound(w, r)
			return
		}
		h := w.Header()
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
		h.Set("Content-Type", a.kind)
		h.Set("Vary", "Accept-Encoding")
		body := a.plain
		if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
			h.Set("Content-Encoding", "gzip")
			body = a.zipped
		}
		_, _ = w.Write(body) // who left does not get it
	})
}
