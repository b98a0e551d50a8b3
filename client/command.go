package client

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/google/uuid"
)

// Outcome is what became of a command that was carried out.
type Outcome struct {
	Key string
	// OrderID is the order's, with commands about one.
	OrderID string
	// Position is that of the command's last event.
	Position int64
	// Replayed says that the command had been carried out before; this is that outcome.
	Replayed bool
}

// Option is for one command.
type Option func(*sending)

// WithKey gives a command a key of the caller's own: 1 to 255 printable ASCII characters, unique in the organisation.
func WithKey(key string) Option { return func(s *sending) { s.key = key } }

// WithCorrelation notes an id of the caller's, of up to 64 characters, with the command's events. Over HTTP it is left out.
func WithCorrelation(id string) Option { return func(s *sending) { s.correlation = id } }

// WaitingUntil has a command over NATS that comes before the one it needs, a fulfilment before its payment, wait so long,
// up to ten minutes; without it, 30 seconds. Over HTTP it is refused at once.
func WaitingUntil(t time.Time) Option { return func(s *sending) { s.until = t } }

// sending is a command on its way: the same in each attempt.
type sending struct {
	name, key   string
	body        json.RawMessage
	correlation string
	until       time.Time
}

// patience is how long the command is sent again: what may wait is waited for.
func (s *sending) patience() time.Duration {
	if s.until.IsZero() {
		return GiveUpAfter
	}
	return max(GiveUpAfter, time.Until(s.until)+GiveUpAfter/2)
}

// line is the answer to a command, the same on HTTP and NATS.
type line struct {
	Key      string `json:"key"`
	Outcome  string `json:"outcome"`
	Position int64  `json:"position"`
	ID       string `json:"id"`
	Code     string `json:"code"`
	Detail   string `json:"detail"`
	Sequence uint64 `json:"sequence"`
}

// Place places an order and returns when the ledger has it; an error leaves Key and OrderID in the outcome. Without an
// order id, one is made (a UUID, version 7). The key is "place/" and the order id: whoever must not place an order twice
// keeps the id before, or takes it from an id of its own ([OrderID]).
func (c *Client) Place(ctx context.Context, o PlaceOrder, options ...Option) (Outcome, error) {
	if o.OrderID == "" {
		id, err := uuid.NewV7()
		if err != nil {
			return Outcome{}, fmt.Errorf("make an order id: %w", err)
		}
		o.OrderID = id.String()
	}
	return c.about(ctx, o.OrderID, "place_order", "place/"+o.OrderID, o, options)
}

// OrderID makes an order id from another system's name and its id of the order, always the same from the same. Ids
// that Place makes are kinder to the database's indexes.
func OrderID(system, id string) string {
	return uuid.NewSHA1(uuid.NameSpaceOID, []byte(system+"\x00"+id)).String()
}

// Pay pays an order from its organisation's account, all or nothing. The key is "pay/" and the order id. It may be
// used again after a refusal, such as insufficient_funds.
func (c *Client) Pay(ctx context.Context, p PayOrder, options ...Option) (Outcome, error) {
	return c.about(ctx, p.OrderID, "pay_order", "pay/"+p.OrderID, p, options)
}

// Cancel cancels an order that is not paid. The key is "cancel/" and the order id.
func (c *Client) Cancel(ctx context.Context, o CancelOrder, options ...Option) (Outcome, error) {
	return c.about(ctx, o.OrderID, "cancel_order", "cancel/"+o.OrderID, o, options)
}

// Fulfil reports how the provisioning of a paid order goes. The key is "fulfil/", the order id and the state, and, from the
// second on, the attempt: who starts again after a failure says Attempt 2, or it would be the first one's repetition.
func (c *Client) Fulfil(ctx context.Context, f Fulfilment, options ...Option) (Outcome, error) {
	key := "fulfil/" + f.OrderID + "/" + string(f.State)
	if f.Attempt > 1 {
		key += "/" + strconv.Itoa(f.Attempt)
	}
	return c.about(ctx, f.OrderID, "report_fulfilment", key, f, options)
}

// ReportUsage reports what resources used, up to 5,000 records and 512 KiB. Unless all can be priced, nothing is recorded.
// The key is "usage/" and a digest of the report; beyond that, each record counts once by its id, whatever report it is in.
func (c *Client) ReportUsage(ctx context.Context, u Usage, options ...Option) (Outcome, error) {
	body, err := json.Marshal(u)
	if err != nil {
		return Outcome{}, fmt.Errorf("write report_usage: %w", err)
	}
	return c.Do(ctx, "report_usage", "usage/"+digest(body), json.RawMessage(body), options...)
}

// Release closes a resource that is to be released, before its service takes it down. It is refused (release_not_due) if
// the lease was renewed or the arrears were paid meanwhile, whether the withdrawal was heard of or not: the resource
// stays. The key is "release/" and a digest of the resource and the cause.
func (c *Client) Release(ctx context.Context, due ReleaseDue, options ...Option) (Outcome, error) {
	key := "release/" + digest([]byte(due.ResourceID+"\x00"+due.OrderID+"\x00"+due.Reason+"\x00"+due.Since.UTC().Format(time.RFC3339Nano)))
	return c.Do(ctx, "close_resource", key, closeResource{due.OrgID, due.ResourceID, due.Reason, true}, options...)
}

func digest(b []byte) string {
	sum := sha256.Sum256(b)
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

func (c *Client) about(ctx context.Context, orderID, name, key string, body any, options []Option) (Outcome, error) {
	if orderID == "" {
		return Outcome{}, &Refusal{Code: "invalid_value", Detail: "order_id: it is missing", Command: name}
	}
	out, err := c.Do(ctx, name, key, body, options...)
	out.OrderID = orderID
	return out, err
}

// Do sends any command by its name, as docs/api/schemas/commands describes it; body is written as JSON once. It returns
// when the command is carried out or refused. An error leaves Key in the outcome.
func (c *Client) Do(ctx context.Context, name, key string, body any, options ...Option) (Outcome, error) {
	raw, err := json.Marshal(body)
	if err != nil {
		return Outcome{}, fmt.Errorf("write %s: %w", name, err)
	}
	s := &sending{name: name, key: key, body: raw}
	for _, o := range options {
		o(s)
	}
	out := Outcome{Key: s.key}
	if !isKey(s.key) {
		return out, &Refusal{Code: "invalid_value", Detail: "a key has 1 to 255 printable ASCII characters", Command: name, Key: s.key}
	}
	var l line
	err = c.persist(ctx, s.patience(), func(ctx context.Context) (err error) {
		l, err = c.via.try(ctx, s)
		if err == nil {
			err = l.refusal(name)
		}
		return err
	})
	var refused *Refusal
	switch {
	case errors.As(err, &refused):
		refused.Command, refused.Key = name, s.key
		return out, refused
	case err != nil:
		return out, &NoAnswer{Command: name, Key: s.key, Err: err}
	}
	c.saw(l.Position)
	out.OrderID, out.Position, out.Replayed = l.ID, l.Position, l.Outcome == "replayed"
	return out, nil
}

// refusal is the answer's error: a *Refusal, or a *passing.
func (l *line) refusal(name string) error {
	switch {
	case l.Outcome == "accepted" || l.Outcome == "replayed":
		return nil
	case passes[l.Code]:
		return &passing{err: fmt.Errorf("%s: %s", l.Code, l.Detail)}
	case l.Code == "":
		return &passing{err: fmt.Errorf("the answer to %s can't be read", name)}
	}
	return &Refusal{Code: l.Code, Detail: l.Detail}
}

func isKey(s string) bool {
	for _, b := range []byte(s) {
		if b < ' ' || b > '~' {
			return false
		}
	}
	return len(s) > 0 && len(s) <= 255
}
