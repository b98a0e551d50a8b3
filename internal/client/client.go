// Package client talks to a ledger's HTTP API: one call, or a long file of commands.
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
	"strings"
	"time"
)

// Bounds of a call. A bulk request has none on its length in time: it lasts as long as its commands.
const (
	callTimeout = 30 * time.Second
	answerMax   = 64 << 20 // bytes of one answer
)

// Client calls one server with one API key. It is safe for concurrent use.
type Client struct {
	base *url.URL
	key  string
	http *http.Client
}

// New makes a client of a server, named by URL or by host:port. It does not connect.
func New(server, key string) (*Client, error) {
	if !strings.Contains(server, "://") {
		server = "http://" + server
	}
	base, err := url.Parse(server)
	if err != nil || base.Host == "" || base.Scheme != "http" && base.Scheme != "https" {
		return nil, fmt.Errorf("the server %q is neither host:port nor an http or https URL", server)
	}
	transport := &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           (&net.Dialer{Timeout: 5 * time.Second}).DialContext,
		TLSHandshakeTimeout:   10 * time.Second,
		MaxIdleConnsPerHost:   4,
		IdleConnTimeout:       time.Minute,
		ExpectContinueTimeout: time.Second,
	}
	return &Client{base: base, key: key, http: &http.Client{Transport: transport}}, nil
}

// Close gives idle connections back.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// Get reads path, which begins with a slash, into out. An answer other than 2xx is a *Problem.
func (c *Client) Get(ctx context.Context, path string, query url.Values, out any) error {
	return c.call(ctx, http.MethodGet, path, query, "", nil, out)
}

// Command sends a command with its idempotency key: the same key again does nothing twice.
func (c *Client) Command(ctx context.Context, method, path, key string, body, out any) error {
	raw, err := json.Marshal(body)
	if err != nil {
		return fmt.Errorf("write request: %w", err)
	}
	return c.call(ctx, method, path, nil, key, raw, out)
}

// Again is what an answer may implement to be told that it is the first answer to a command that was carried out before.
type Again interface{ Again() }

func (c *Client) call(ctx context.Context, method, path string, query url.Values, key string, body []byte, out any) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	req, err := c.request(ctx, method, path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.URL.RawQuery = query.Encode()
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if key != "" {
		req.Header.Set("Idempotency-Key", key)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return c.unreachable(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode/100 != 2 {
		return problemOf(resp)
	}
	raw, err := io.ReadAll(io.LimitReader(resp.Body, answerMax))
	if err != nil {
		return fmt.Errorf("read answer: %w", err)
	}
	if again, ok := out.(Again); ok && resp.Header.Get("Idempotency-Replayed") == "true" {
		again.Again()
	}
	if out == nil || len(raw) == 0 {
		return nil
	}
	if err := json.Unmarshal(raw, out); err != nil {
		return fmt.Errorf("%s answered what is not JSON: %w", c.base.Host, err)
	}
	return nil
}

func (c *Client) request(ctx context.Context, method, path string, body io.Reader) (*http.Request, error) {
	req, err := http.NewRequestWithContext(ctx, method, c.base.JoinPath(path).String(), body)
	if err != nil {
		return nil, fmt.Errorf("make request: %w", err)
	}
	if c.key != "" {
		req.Header.Set("Authorization", "Bearer "+c.key)
	}
	req.Header.Set("User-Agent", "ledger")
	return req, nil
}

func (c *Client) unreachable(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err // without the method and the URL, which the sentence has
	}
	return fmt.Errorf("ask %s: %w", c.base.Host, err)
}

// Problem is an answer that is not a success, as RFC 9457 has it.
type Problem struct {
	Status  int    `json:"status"`
	Code    string `json:"code"`
	Title   string `json:"title"`
	Detail  string `json:"detail"`
	Hint    string `json:"hint"`
	Field   string `json:"field"`
	Missing string `json:"missing"`
}

func (p *Problem) Error() string {
	text := p.Detail
	if text == "" {
		text = p.Title
	}
	if text == "" {
		text = http.StatusText(p.Status)
	}
	if p.Field != "" {
		text = p.Field + ": " + text
	}
	if p.Code != "" {
		text += " (" + p.Code + ")"
	}
	return text
}

func problemOf(resp *http.Response) error {
	raw, _ := io.ReadAll(io.LimitReader(resp.Body, 64<<10)) // what came of it is all there is to tell
	p := &Problem{}
	if json.Unmarshal(raw, p) != nil || p.Status == 0 {
		p.Status = resp.StatusCode
	}
	return p
}
