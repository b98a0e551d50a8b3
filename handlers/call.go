package handlers

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"sync/atomic"

	"orderledger/internal/auth"
)

// route is one operation of the API: what the mux, the document and the permissions know of it.
type route struct {
	method, path string
	id, summary  string
	// needs is what the caller must be allowed to do; "" is open to everybody.
	needs auth.Operation
	query []parameter
	// body and answer are values of the types that go in and out, nil for none.
	body, answer any
	// media is the type of an answer that is a file, "" for JSON.
	media  string
	status int
	// command says that the route takes an idempotency key.
	command bool
	handle  func(*call) error
}

// parameter is one of the query.
type parameter struct{ name, doc string }

// call is one request of a route.
type call struct {
	w     *statusWriter
	r     *http.Request
	route *route
	id    string
	// who calls, or why that isn't known.
	who     auth.Identity
	unknown error
	// wrong is the first thing that is wrong with the parameters.
	wrong *Problem
}

// allow answers what is wrong with the request in the order in which errors win: parameters, who
// calls, what they may do. Every handler asks it once it has read its parameters, and before anything else.
func (c *call) allow(limits *limiter) error {
	switch {
	case c.wrong != nil:
		return c.wrong
	case c.unknown != nil:
		return unauthenticated(c.unknown)
	case !c.who.Role.May(c.route.needs):
		return notAllowed(c.who, c.route.needs)
	}
	return limits.take(c.who)
}

func unauthenticated(err error) error {
	if errors.Is(err, auth.ErrUnauthenticated) {
		return problem(codeUnauthenticated, "the API key is missing, unknown or revoked")
	}
	return err
}

func notAllowed(who auth.Identity, o auth.Operation) error {
	return problem(codeNotAllowed, fmt.Sprintf("the role %s does not allow %s", who.Role, o))
}

// ownOrg is the organisation that a path names, if the caller may know of it.
func (c *call) ownOrg(orgID string) error {
	if c.who.OrgID != "" && c.who.OrgID != orgID {
		return notFound()
	}
	return nil
}

// fail keeps the first thing that is wrong.
func (c *call) fail(field, detail string) {
	if c.wrong == nil {
		c.wrong = invalidField(field, detail)
	}
}

// body reads the request's body, "{}" when there is none.
func (c *call) body() ([]byte, error) {
	if c.r.ContentLength > bodyMax {
		return nil, problem(codeTooLarge, fmt.Sprintf("the body has more than %d bytes", bodyMax))
	}
	var b bytes.Buffer
	b.Grow(int(max(c.r.ContentLength, 0)) + bytes.MinRead)
	if _, err := b.ReadFrom(http.MaxBytesReader(c.w, c.r.Body, bodyMax)); err != nil {
		var large *http.MaxBytesError
		if errors.As(err, &large) {
			return nil, problem(codeTooLarge, fmt.Sprintf("the body has more than %d bytes", bodyMax))
		}
		return nil, problem(codeMalformed, "the body could not be read to its end")
	}
	if b.Len() == 0 {
		return []byte("{}"), nil
	}
	return b.Bytes(), nil
}

// read reads the request's body into a value.
func (c *call) read(into any) error {
	body, err := c.body()
	if err != nil {
		return err
	}
	t, err := parseBody(body)
	if err != nil {
		return err
	}
	return decodeNode(t, 0, into)
}

// answer sends a value as JSON.
func (c *call) answer(v any) error {
	b := encodeAnswer(v)
	h := c.w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Content-Length", strconv.Itoa(len(b)))
	c.w.WriteHeader(c.route.status)
	_, _ = c.w.Write(b) // who left does not hear it
	return nil
}

// encodeAnswer writes an answer's JSON, with <, > and & as they are. Answers are our own types, which
// can always be written.
func encodeAnswer(v any) []byte {
	var b bytes.Buffer
	b.Grow(2048) // an order, so that the buffer need not grow in steps
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		panic(fmt.Sprintf("handlers: an answer can't be encoded: %v", err))
	}
	return b.Bytes()
}

// requestIDs gives requests ids: those that callers send, or the process's random prefix and a number.
type requestIDs struct {
	prefix string
	last   atomic.Int64
}

func newRequestIDs() *requestIDs {
	var random [6]byte
	rand.Read(random[:])
	return &requestIDs{prefix: hex.EncodeToString(random[:]) + "-"}
}

func (ids *requestIDs) of(r *http.Request) string {
	if id := r.Header.Get("X-Request-Id"); id != "" && len(id) <= 64 && printable(id) {
		return id
	}
	return ids.prefix + strconv.FormatInt(ids.last.Add(1), 10)
}

// printable says whether s is printable ASCII.
func printable(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}
