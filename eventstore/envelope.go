package eventstore

import (
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// parseEnvelope reads what appendEnvelope writes, and nothing else: the form is fixed to the byte, so a
// general JSON parser would only be slower and more lenient. It returns the payload's SHA-256.
func parseEnvelope(s string, e *Event) (payload Hash, ok bool) {
	r := envelopeReader{rest: s}
	r.literal(`{"actor":`)
	e.Actor = r.text()
	r.literal(`,"causation":`)
	e.Causation = r.text()
	r.literal(`,"command_key":`)
	e.Key = r.text()
	r.literal(`,"correlation":`)
	e.Correlation = r.text()
	r.literal(`,"epoch":`)
	e.Epoch = r.number()
	r.literal(`,"fingerprint":`)
	if e.Key == "" {
		r.literal("null")
	} else {
		e.Fingerprint = r.digest()
	}
	r.literal(`,"occurred_at":`)
	e.OccurredAt = r.time()
	r.literal(`,"org_id":`)
	e.OrgID = r.text()
	r.literal(`,"payload_sha256":`)
	payload = r.digest()
	r.literal(`,"position":`)
	e.Position = r.number()
	r.literal(`,"recorded_at":`)
	e.RecordedAt = r.time()
	r.literal(`,"stream":`)
	e.Stream = r.text()
	r.literal(`,"type":`)
	e.Type = r.text()
	r.literal(`,"version":`)
	e.Version = r.number()
	r.literal(`}`)
	return payload, !r.bad && r.rest == ""
}

// envelopeReader reads from the front of a text; after something unexpected it is bad and reads nothing more.
type envelopeReader struct {
	rest string
	bad  bool
}

func (r *envelopeReader) literal(s string) {
	rest, ok := strings.CutPrefix(r.rest, s)
	if !ok || r.bad {
		r.bad = true
		return
	}
	r.rest = rest
}

// quoted takes a string's inside, still escaped.
func (r *envelopeReader) quoted() (inside string, escaped bool) {
	r.literal(`"`)
	for i := 0; !r.bad && i < len(r.rest); i++ {
		switch r.rest[i] {
		case '\\':
			escaped = true
			i++
		case '"':
			inside, r.rest = r.rest[:i], r.rest[i+1:]
			return inside, escaped
		}
	}
	r.bad = true
	return "", false
}

func (r *envelopeReader) text() string {
	if rest, ok := strings.CutPrefix(r.rest, "null"); ok {
		r.rest = rest
		return ""
	}
	inside, escaped := r.quoted()
	if !escaped {
		return inside
	}
	return r.unescape(inside)
}

// unescape undoes appendText.
func (r *envelopeReader) unescape(s string) string {
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' {
			b = append(b, s[i])
			continue
		}
		i++ // quoted has seen to it that something follows
		if at := strings.IndexByte(`"\btnfr`, s[i]); at >= 0 {
			b = append(b, "\"\\\b\t\n\f\r"[at])
			continue
		}
		if s[i] != 'u' || len(s)-i < 5 {
			r.bad = true
			return ""
		}
		c, err := strconv.ParseUint(s[i+1:i+5], 16, 16)
		if err != nil || c >= utf8.RuneSelf {
			r.bad = true
			return ""
		}
		b = append(b, byte(c))
		i += 4
	}
	return string(b)
}

func (r *envelopeReader) number() int64 {
	end := 0
	for end < len(r.rest) && (r.rest[end] == '-' || r.rest[end] >= '0' && r.rest[end] <= '9') {
		end++
	}
	n, err := strconv.ParseInt(r.rest[:end], 10, 64)
	if err != nil {
		r.bad = true
	}
	r.rest = r.rest[end:]
	return n
}

func (r *envelopeReader) time() time.Time {
	s, _ := r.quoted()
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		r.bad = true
	}
	return t.UTC()
}

func (r *envelopeReader) digest() (h Hash) {
	s, _ := r.quoted()
	if !h.parse(s) {
		r.bad = true
	}
	return h
}
