package handlers

import (
	"slices"
	"strconv"

	"orderledger/domain"
	"orderledger/internal/auth"
)

// ReadCommand makes a request of a command whose name, key and sender stand outside of its body, as in a message. unknown
// is why the sender isn't known, nil when it is. What the body says of a service or an actor is passed over: the
// sender is known otherwise. The request's command is there, if it could be read, even when the sender may not send it.
func ReadCommand(name, key string, body []byte, who auth.Identity, unknown error) (Request, error) {
	if len(body) == 0 {
		body = []byte("{}")
	}
	t, err := parseBody(body)
	if err != nil {
		return Request{}, err
	}
	t.drop("service", "actor")
	from := sender{who, unknown}
	r, err := newRequest(t, 0, name, key, from)
	if err != nil {
		return Request{}, err
	}
	r.Bytes = len(body)
	_, r.Brief = knownOrder(r.Command)
	return r, from.may(r)
}

// drop takes members out of the root object.
func (t *tree) drop(names ...string) {
	root := &t.nodes[0]
	root.members = slices.DeleteFunc(slices.Clone(root.members), func(m int) bool { return slices.Contains(names, t.nodes[m].name) })
}

// CheckKey says what is wrong with an idempotency key, nil when nothing is.
func CheckKey(key string) error { return checkKey(key) }

// KnowsCommand says whether a command of that name may come in.
func KnowsCommand(name string) bool { _, ok := commandKinds[name]; return ok }

// NewProblem is a problem with a code that was told before.
func NewProblem(code, detail string) *Problem { return problem(code, detail) }

// Unauthenticated is what a sender is told who isn't known.
func Unauthenticated(detail string) *Problem { return problem(codeUnauthenticated, detail) }

// AppendAnswer writes what became of a command that came at a sequence of a stream: a line as POST /v1/commands answers
// it, with the sequence as its number, and again under its own name. c may be nil when there is an error.
func AppendAnswer(b []byte, sequence uint64, key string, c domain.Command, r Result, err error) []byte {
	p := pending{line: int(sequence), key: key, err: err}
	if c != nil {
		p.id, _ = knownOrder(c)
	}
	b = appendAnswerLine(b, p, r)
	b = append(b[:len(b)-2], `,"sequence":`...) // over the line's end
	return append(strconv.AppendUint(b, sequence, 10), '}')
}
