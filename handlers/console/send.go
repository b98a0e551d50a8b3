package console

import (
	"compress/gzip"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
)

// zippedFrom is the size from which a page is worth compressing.
const zippedFrom = 1 << 10

// zippers are writers to use again: a new one takes a quarter of a megabyte. Pages hold no secret that a guess beside it
// could bring out by its size: the session is in a cookie, and a form's key is used once.
var zippers = sync.Pool{New: func() any {
	z, _ := gzip.NewWriterLevel(io.Discard, 5) // the level is a good one
	return z
}}

// send answers with a page's HTML, compressed for who takes that.
func (v *view) send(body []byte) {
	h := v.w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Language", v.Lang)
	h.Add("Vary", "Accept-Encoding")
	if v.asOf > 0 {
		h.Set("Ledger-Position", strconv.FormatInt(v.asOf, 10))
	}
	zipped := len(body) >= zippedFrom && takesGzip(v.r)
	if zipped {
		h.Set("Content-Encoding", "gzip")
	}
	if v.status != 0 {
		v.w.WriteHeader(v.status)
	}
	if !zipped {
		_, _ = v.w.Write(body) // who left does not see it
		return
	}
	z, _ := zippers.Get().(*gzip.Writer) // the pool has nothing else
	defer zippers.Put(z)
	z.Reset(v.w)
	_, _ = z.Write(body)
	_ = z.Close()
}

// takesGzip says whether the browser takes compressed answers.
func takesGzip(r *http.Request) bool {
	for _, part := range strings.Split(r.Header.Get("Accept-Encoding"), ",") {
		name, q, _ := strings.Cut(strings.TrimSpace(part), ";")
		if strings.EqualFold(strings.TrimSpace(name), "gzip") {
			weight := strings.ReplaceAll(q, " ", "")
			return weight != "q=0" && weight != "q=0.0" && weight != "q=0.00" && weight != "q=0.000"
		}
	}
	return false
}
