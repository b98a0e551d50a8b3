package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// HTTP is the way over the ledger's HTTP API.
type HTTP struct {
	// URL is the server's, such as https://ledger.example.com; host:port is http.
	URL string
	// Key is an API key.
	Key string
	// Client, if any, makes the requests. It should have no timeout of its own: events are one long answer.
	Client *http.Client
}

const (
	attemptTimeout = 30 * time.Second
	answerMax      = 16 << 20 // bytes
)

type httpVia struct {
	base *url.URL
	key  string
	http *http.Client
}

func (h HTTP) open() (transport, error) {
	text := h.URL
	if !strings.Contains(text, "://") {
		text = "http://" + text
	}
	base, err := url.Parse(text)
	if err != nil || base.Host == "" || base.Scheme != "http" && base.Scheme != "https" {
		return nil, fmt.Errorf("%q is neither host:port nor an http or https URL", h.URL)
	}
	v := &httpVia{base: base, key: h.Key, http: h.Client}
	if v.http == nil {
		v.http = &http.Client{Transport: &http.Transport{
			Proxy:               http.ProxyFromEnvironment,
			DialContext:         (&net.Dialer{Timeout: 5 * time.Second}).DialContext,
			TLSHandshakeTimeout: 10 * time.Second,
			MaxIdleConnsPerHost: 64,
			IdleConnTimeout:     time.Minute,
		}}
	}
	return v, nil
}

func (v *httpVia) close() { v.http.CloseIdleConnections() }

// try sends the command as the only line of POST /v1/commands, whose answer is the one that NATS has too.
func (v *httpVia) try(ctx context.Context, s *sending) (line, error) {
	ctx, cancel := context.WithTimeout(ctx, attemptTimeout)
	defer cancel()
	body, err := json.Marshal(struct {
		Key     string          `json:"key"`
		Command string          `json:"command"`
		Body    json.RawMessage `json:"body"`
	}{s.key, s.name, s.body})
	if err != nil {
		return line{}, err
	}
	resp, err := v.ask(ctx, http.MethodPost, "/v1/commands", nil, append(body, '\n'))
	if err != nil {
		return line{}, err
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(resp.Body, answerMax))
	var l line
	if err == nil {
		err = json.Unmarshal(raw, &l)
	}
	if err != nil {
		return line{}, &passing{err: fmt.Errorf("the answer was cut short: %w", err)}
	}
	return l, nil
}

// order looks a second time before it says that there is no such order: the read model may not have come to it yet.
func (v *httpVia) order(ctx context.Context, orderID string, atLeast int64) (o Order, err error) {
	err = v.get(ctx, "/v1/orders/"+url.PathEscape(orderID), atLeast, &o)
	if !IsRefused(err, "not_found") {
		return o, err
	}
	var log struct {
		AsOf int64 `json:"as_of_position"`
	}
	if err := v.get(ctx, "/v1/events", 0, &log, "limit", "1"); err != nil {
		return o, err
	}
	err = v.get(ctx, "/v1/orders/"+url.PathEscape(orderID), max(log.AsOf, atLeast), &o)
	return o, err
}

// get reads path, no older than a position.
func (v *httpVia) get(ctx context.Context, path string, atLeast int64, into any, parameters ...string) error {
	ctx, cancel := context.WithTimeout(ctx, attemptTimeout)
	defer cancel()
	query := url.Values{}
	if atLeast > 0 {
		query.Set("min_position", strconv.FormatInt(atLeast, 10))
	}
	for i := 0; i+1 < len(parameters); i += 2 {
		query.Set(parameters[i], parameters[i+1])
	}
	resp, err := v.ask(ctx, http.MethodGet, path, query, nil)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(resp.Body, answerMax))
	if err == nil {
		err = json.Unmarshal(raw, into)
	}
	if err != nil {
		return &passing{err: fmt.Errorf("read %s: %w", path, err)}
	}
	return nil
}

// decided looks at the order, and follows the log from where the look was taken: nothing can happen in between.
func (v *httpVia) decided(ctx context.Context, orderID string, atLeast int64) (Order, error) {
	for {
		o, err := v.order(ctx, orderID, atLeast)
		if err != nil || o.decided() {
			return o, err
		}
		f := &Filter{OrgID: o.OrgID, OrderID: orderID}
		err = v.follow(ctx, f, o.AsOf, func(e Event) error {
			if f.matches(&e) {
				atLeast = e.Position
				return errMoved
			}
			return nil
		})
		if !errors.Is(err, errMoved) {
			return o, err
		}
	}
}

var errMoved = errors.New("something happened to the order")

// ask makes a request whose answer is a success; anything else is a *Refusal or a *passing. path may be escaped.
func (v *httpVia) ask(ctx context.Context, method, path string, query url.Values, body []byte, headers ...string) (*http.Response, error) {
	address := strings.TrimSuffix(v.base.String(), "/") + path
	if len(query) > 0 {
		address += "?" + query.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, method, address, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+v.key)
	if body != nil {
		req.Header.Set("Content-Type", "application/x-ndjson")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	resp, err := v.http.Do(req)
	if err != nil {
		return nil, &passing{err: err}
	}
	if resp.StatusCode == http.StatusOK {
		return resp, nil
	}
	defer resp.Body.Close()
	return nil, problemOf(resp)
}

func problemOf(resp *http.Response) error {
	var p struct{ Code, Detail, Field string }
	raw, err := io.ReadAll(io.LimitReader(resp.Body, 64<<10))
	if err == nil {
		err = json.Unmarshal(raw, &p)
	}
	if p.Field != "" {
		p.Detail = p.Field + ": " + p.Detail
	}
	if err == nil && p.Code != "" && !passes[p.Code] {
		return &Refusal{Code: p.Code, Detail: p.Detail}
	}
	if p.Code == "" {
		p.Code = resp.Status // of something in between, which speaks for itself
	}
	if resp.StatusCode/100 == 4 && resp.StatusCode != http.StatusTooManyRequests && resp.StatusCode != http.StatusRequestTimeout {
		return &Refusal{Code: p.Code, Detail: p.Detail}
	}
	seconds, _ := strconv.Atoi(resp.Header.Get("Retry-After"))
	return &passing{err: fmt.Errorf("%s: %s", p.Code, p.Detail), after: time.Duration(seconds) * time.Second}
}
