package webhooks

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Bounds of what people may ask for.
const (
	EndpointsMax   = 20 // of an organisation
	urlMax         = 2048
	descriptionMax = 256
	typesMax       = 100
)

// State is what becomes of an endpoint's events.
type State string

// The states. Events go on to be in the log while an endpoint is paused or disabled: made active again, it gets them all.
const (
	Active   State = "active"
	Paused   State = "paused"   // by people
	Disabled State = "disabled" // by the ledger
)

// Why an endpoint is disabled.
const (
	ReasonGone    = "gone"    // it answered 410
	ReasonFailing = "failing" // nothing was delivered for GiveUpAfter
)

// Endpoint is where an organisation's events are posted to. Its secret is told when it is made, once.
type Endpoint struct {
	ID          string    `json:"endpoint_id"`
	OrgID       string    `json:"org_id"`
	URL         string    `json:"url"`
	Types       []string  `json:"types" doc:"Which events: order.paid.v1, order.paid for every version of it, order.* for all of orders; none: all"`
	Description string    `json:"description"`
	State       State     `json:"state" enum:"active,paused,disabled"`
	Reason      string    `json:"reason" doc:"Why it is disabled: gone (it answered 410) or failing (nothing was delivered for three days); empty otherwise"`
	CreatedAt   time.Time `json:"created_at"`
	CreatedBy   string    `json:"created_by"`
	// PreviousUntil is how long the secret before the last change signs too.
	PreviousUntil *time.Time `json:"previous_secret_until" doc:"Until then, the secret before the last change signs too; null when it does not"`
	Position      int64      `json:"position" doc:"Every event up to here is delivered, or not asked for; it moves at least once a minute"`
	ReplayTo      int64      `json:"replay_to" doc:"Events up to here come again, after a replay; 0 when none was asked for"`
	Attempts      int        `json:"attempts" doc:"Of the event that comes next, all failed"`
	FailingSince  *time.Time `json:"failing_since" doc:"When the first of them failed; null when the last delivery was well"`
	NextAttemptAt *time.Time `json:"next_attempt_at" doc:"When it is tried again; null when nothing failed"`
	LastError     string     `json:"last_error" doc:"What went wrong at the last attempt; empty when it was well"`
}

// New asks for an endpoint.
type New struct {
	OrgID       string   `json:"org_id" doc:"With an organisation's key it may be left out"`
	URL         string   `json:"url" doc:"https, without user and password; port 443 or 1024 and above"`
	Types       []string `json:"types" doc:"Which events: order.paid.v1, order.paid for every version of it, order.* for all of orders; none: all"`
	Description string   `json:"description"`
}

// Change changes what is given of an endpoint.
type Change struct {
	URL         *string   `json:"url"`
	Types       *[]string `json:"types"`
	Description *string   `json:"description"`
	State       *State    `json:"state" enum:"active,paused" doc:"active lets a disabled endpoint go on where it stopped"`
}

// Errors of a store.
var (
	ErrNotFound = errors.New("there is no such endpoint")
	ErrTooMany  = fmt.Errorf("an organisation has at most %d endpoints", EndpointsMax)
	ErrTooOften = fmt.Errorf("an endpoint is tested at most %d times a minute, and not many endpoints at once", testsMax)
)

// InvalidError is a value that can't be.
type InvalidError struct{ Field, Detail string }

func (e *InvalidError) Error() string { return e.Field + ": " + e.Detail }

func invalid(field, detail string) error { return &InvalidError{field, detail} }

// check finds what is wrong with an endpoint that is asked for.
func (s *Sender) check(address string, types []string, description string) error {
	if err := s.checkURL(address); err != nil {
		return err
	}
	if len(types) > typesMax {
		return invalid("types", fmt.Sprintf("at most %d", typesMax))
	}
	for _, t := range types {
		if len(typesOf([]string{t})) == 0 {
			return invalid("types", "there is no event "+strconv.QuoteToASCII(cut(t, 64))+"; order.paid.v1, order.paid and order.* are")
		}
	}
	if len(description) > descriptionMax || !utf8.ValidString(description) || strings.ContainsFunc(description, unicode.IsControl) {
		return invalid("description", fmt.Sprintf("at most %d bytes, without control characters", descriptionMax))
	}
	return nil
}

// checkURL says what people should know at once. Where a name leads is checked at each dial: it may change at any time.
func (s *Sender) checkURL(address string) error {
	if len(address) > urlMax {
		return invalid("url", fmt.Sprintf("at most %d bytes", urlMax))
	}
	u, err := url.Parse(address)
	switch {
	case err != nil || u.Opaque != "" || u.Hostname() == "" || strings.ContainsFunc(address, notInURL):
		return invalid("url", "an address such as https://example.com/hooks, without spaces, in ASCII")
	case !slices.Contains(s.schemes(), u.Scheme):
		return invalid("url", "it begins with https://")
	case u.User != nil:
		return invalid("url", "it has no user and password: whoever gets an event knows the ledger by its signature")
	case u.Fragment != "":
		return invalid("url", "it has no #")
	case !s.portAllowed(u):
		return invalid("url", "its port is 443, or 1024 to 65535")
	}
	if ip, err := netip.ParseAddr(u.Hostname()); err == nil && !s.addressAllowed(ip) {
		return invalid("url", "its address is not a public one")
	}
	return nil
}

func notInURL(r rune) bool { return r <= ' ' || r > '~' }

func (s *Sender) schemes() []string {
	if s.options.AllowPrivate {
		return []string{"https", "http"}
	}
	return []string{"https"}
}

// portAllowed leaves out the ports of other protocols' servers, which a request might mean something to.
func (s *Sender) portAllowed(u *url.URL) bool {
	if u.Port() == "" {
		return true
	}
	port, err := strconv.ParseUint(u.Port(), 10, 16)
	return err == nil && (port == 443 || port >= 1024 || s.options.AllowPrivate && port > 0)
}

// cut shortens a text to so many bytes, between its characters.
func cut(text string, most int) string {
	if len(text) <= most {
		return text
	}
	for most > 0 && !utf8.RuneStart(text[most]) {
		most--
	}
	return text[:most]
}
