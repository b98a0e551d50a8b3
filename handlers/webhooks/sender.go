package webhooks

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"syscall"
	"time"
	"unicode"
)

// Bounds of one delivery.
const (
	totalWithin   = 15 * time.Second
	connectWithin = 5 * time.Second
	headerBytes   = 16 << 10
	answerMax     = 1 << 10  // of an answer, kept in the log
	drainMax      = 64 << 10 // of an answer, read so that the connection can be used again
	errorMax      = 256
	hostConns     = 8 // kept for later
)

// SenderOptions say where a sender may send to.
type SenderOptions struct {
	// AllowPrivate lets endpoints be in private networks and on this machine, without https, on any port.
	AllowPrivate bool
	// Resolver and RootCAs are the system's when they are nil.
	Resolver *net.Resolver
	RootCAs  *x509.CertPool
	// Within bounds a delivery from the connection to the answer's end; 0 is 15 s.
	Within time.Duration
}

// Sender posts messages to endpoints. It is safe for concurrent use.
type Sender struct {
	options SenderOptions
	client  *http.Client
}

// errNotPublic keeps a request from being made. Where a name led to is not told: names of the inside are not for outsiders.
var errNotPublic = errors.New("the address is not a public one")

// NewSender makes a sender. It knows no proxy, whatever the environment says: the proxy would do the dialing.
func NewSender(o SenderOptions) *Sender {
	if o.Within == 0 {
		o.Within = totalWithin
	}
	s := &Sender{options: o}
	dialer := &net.Dialer{
		Timeout: connectWithin, Resolver: o.Resolver,
		// Here a name has become an address, and nothing comes in between this check and the connection.
		ControlContext: func(_ context.Context, _, address string, _ syscall.RawConn) error {
			to, err := netip.ParseAddrPort(address)
			if err != nil || !s.addressAllowed(to.Addr()) {
				return errNotPublic
			}
			return nil
		},
	}
	s.client = &http.Client{
		Transport: &http.Transport{
			DialContext:         dialer.DialContext,
			TLSClientConfig:     &tls.Config{RootCAs: o.RootCAs, MinVersion: tls.VersionTLS12},
			TLSHandshakeTimeout: connectWithin, ResponseHeaderTimeout: o.Within, ExpectContinueTimeout: time.Second,
			MaxIdleConns: 256, MaxIdleConnsPerHost: hostConns, IdleConnTimeout: 30 * time.Second,
			MaxResponseHeaderBytes: headerBytes, DisableCompression: true,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return s
}

// Close closes connections that are kept for later.
func (s *Sender) Close() { s.client.CloseIdleConnections() }

// outcome is what became of an attempt.
type outcome struct {
	at         time.Time
	took       time.Duration
	status     int    // 0: no answer
	fault      string // "" is success
	answer     string
	retryAfter time.Duration
	refused    bool // by us: the address is not allowed
}

// send posts a message once. It takes no longer than the sender allows.
func (s *Sender) send(ctx context.Context, address string, secrets [][]byte, p parcel, replay bool, now time.Time) outcome {
	o := outcome{at: now}
	began := time.Now()
	ctx, cancel := context.WithTimeout(ctx, s.options.Within)
	defer cancel()
	o.post(ctx, s, address, secrets, p, replay)
	o.took = time.Since(began)
	o.fault = clean(o.fault, errorMax)
	return o
}

func (o *outcome) post(ctx context.Context, s *Sender, address string, secrets [][]byte, p parcel, replay bool) {
	if err := s.checkURL(address); err != nil { // what was allowed when it was made may not be any more
		o.fault, o.refused = err.Error(), true
		return
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(p.body))
	if err != nil {
		o.fault = "the request can't be made"
		return
	}
	signatures := make([]string, len(secrets))
	for i, secret := range secrets {
		signatures[i] = signature(secret, p.id, o.at, p.body)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("User-Agent", "order-ledger-webhooks/1")
	r.Header.Set("Webhook-Id", p.id)
	r.Header.Set("Webhook-Timestamp", strconv.FormatInt(o.at.Unix(), 10))
	r.Header.Set("Webhook-Signature", strings.Join(signatures, " "))
	if replay {
		r.Header.Set("Ledger-Replay", "true")
	}
	answer, err := s.client.Do(r)
	if err != nil {
		o.fault, o.refused = faultOf(err), errors.Is(err, errNotPublic)
		return
	}
	defer answer.Body.Close()
	o.status = answer.StatusCode
	o.retryAfter = retryAfter(answer.Header.Get("Retry-After"), o.at)
	excerpt, _ := io.ReadAll(io.LimitReader(answer.Body, answerMax)) // the status counts, whatever follows
	_, _ = io.Copy(io.Discard, io.LimitReader(answer.Body, drainMax))
	o.answer = clean(string(excerpt), answerMax)
	if o.status < 200 || o.status > 299 {
		o.fault = fmt.Sprintf("status %d", o.status)
	}
}

// faultOf says what went wrong in words that hold nothing of the network within.
func faultOf(err error) string {
	var unknown *net.DNSError
	var operation *net.OpError
	var network net.Error
	var certificate *tls.CertificateVerificationError
	switch {
	case errors.Is(err, errNotPublic):
		return errNotPublic.Error()
	case errors.As(err, &network) && network.Timeout():
		return "no answer in time"
	case errors.As(err, &unknown):
		return "the name can't be resolved"
	case errors.As(err, &certificate):
		return "the certificate is not valid: " + certificate.Err.Error()
	case errors.As(err, &operation) && operation.Op == "dial":
		return "no connection"
	}
	return "the connection broke: " + innermost(err).Error()
}

func innermost(err error) error {
	for {
		next := errors.Unwrap(err)
		if next == nil {
			return err
		}
		err = next
	}
}

// clean makes a text that the database takes and a page may show.
func clean(text string, most int) string {
	text = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' && r != '\t' {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(text, "\uFFFD"))
	return cut(text, most)
}
