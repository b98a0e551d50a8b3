package handlers_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"orderledger/eventstore"
	"orderledger/handlers"
	"orderledger/internal/schema"
	"orderledger/internal/testkit"
)

// wire stands between pools and the database. It knows enough of the protocol to find an append, and does to
// the next one what the test asks for, once.
type wire struct {
	mu   sync.Mutex
	next func(c *wireConn, group []byte) error
	late chan func() string
	hits int
}

// cut makes the next append meet with what is given.
func (w *wire) cut(do func(c *wireConn, group []byte) error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.next = do
}

func (w *wire) take() func(c *wireConn, group []byte) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	do := w.next
	if w.next = nil; do != nil {
		w.hits++
	}
	return do
}

// adjust makes a pool's connections go through the wire.
func (w *wire) adjust(c *pgxpool.Config) {
	dial := c.ConnConfig.DialFunc
	c.ConnConfig.DialFunc = func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := dial(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		return &wireConn{Conn: conn, wire: w, appends: map[string]bool{}}, nil
	}
}

// openWired starts an executor whose connections go through a wire.
func openWired(t *testing.T, db *testkit.DB) (*ledger, *wire) {
	t.Helper()
	return openWiredAt(t, db, time.Now)
}

func openWiredAt(t *testing.T, db *testkit.DB, now func() time.Time) (*ledger, *wire) {
	t.Helper()
	w := &wire{late: make(chan func() string, 8)}
	pool, err := schema.Pool(t.Context(), db.URL, schema.App, 4, w.adjust)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	log := eventstore.NewLog(pool)
	e, err := handlers.NewExecutor(t.Context(), log, now)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	return &ledger{e, db, log}, w
}

// wireConn holds what the driver writes until a Sync, and then lets it through, or does what was asked for.
type wireConn struct {
	net.Conn
	wire    *wire
	started bool            // the first message has no type
	appends map[string]bool // prepared statements that append
	group   []byte          // whole messages since the last Sync
	rest    []byte          // of a message that is not whole yet
	append  bool            // the group has an append
	held    bool            // the server must not notice yet
	// gone is set when the connection has ended for the driver, and closed when the driver may notice.
	gone atomic.Pointer[chan struct{}]
}

// end makes the connection end for the driver once do has returned. The driver must not wait in Write
// meanwhile: after 15 ms it would begin to read.
func (c *wireConn) end(do func()) {
	gone := make(chan struct{})
	c.gone.Store(&gone)
	go func() {
		defer close(gone)
		do()
	}()
}

func (c *wireConn) Write(b []byte) (int, error) {
	if c.gone.Load() != nil {
		return 0, io.ErrClosedPipe // the driver's good-bye, too, stays here
	}
	c.rest = append(c.rest, b...)
	for {
		n, whole := c.message()
		if !whole {
			break
		}
		m := c.rest[:n]
		c.rest = c.rest[n:]
		if err := c.sent(m); err != nil {
			return 0, err
		}
	}
	return len(b), nil
}

// message finds the length of the message at the front.
func (c *wireConn) message() (int, bool) {
	at := 1
	if !c.started {
		at = 0
	}
	if len(c.rest) < at+4 {
		return 0, false
	}
	n := at + int(binary.BigEndian.Uint32(c.rest[at:]))
	return n, len(c.rest) >= n
}

func (c *wireConn) sent(m []byte) error {
	if !c.started {
		c.started = true
		_, err := c.Conn.Write(m)
		return err
	}
	switch body := m[5:]; m[0] {
	case 'P': // Parse: statement, query
		name, query, _ := bytes.Cut(body, []byte{0})
		if bytes.Contains(query, []byte("INSERT INTO events")) {
			c.appends[string(name)] = true
		}
	case 'B': // Bind: portal, statement
		_, after, _ := bytes.Cut(body, []byte{0})
		name, _, _ := bytes.Cut(after, []byte{0})
		c.append = c.append || c.appends[string(name)]
	}
	if c.group = append(c.group, m...); m[0] == 'P' || m[0] == 'B' || m[0] == 'D' || m[0] == 'E' || m[0] == 'C' {
		return nil // a Sync or a Flush will come
	}
	group := c.group
	c.group = nil
	if c.append && m[0] == 'S' {
		c.append = false
		if do := c.wire.take(); do != nil {
			return do(c, group)
		}
	}
	_, err := c.Conn.Write(group)
	return err
}

func (c *wireConn) Read(b []byte) (int, error) {
	if gone := c.gone.Load(); gone != nil {
		<-*gone
		return 0, io.EOF
	}
	return c.Conn.Read(b)
}

func (c *wireConn) Close() error {
	if c.held {
		return nil
	}
	return c.Conn.Close()
}

// The ways in which an append can meet with its connection's end.
var cuts = map[string]func(c *wireConn, group []byte) error{
	"nothing was sent": func(c *wireConn, _ []byte) error {
		_ = c.Conn.Close()
		return errors.New("broken pipe")
	},
	"sent, and lost on the way": func(c *wireConn, _ []byte) error {
		c.end(func() {})
		return nil
	},
	"lost before its end": func(c *wireConn, group []byte) error {
		_, _ = c.Conn.Write(group[:len(group)-5]) // all but the Sync: executed, not committed
		c.end(func() {})
		return nil
	},
	"committed, the answer lost": func(c *wireConn, group []byte) error {
		c.end(func() {
			_, _ = c.Conn.Write(group)
			c.answer()
		})
		return nil
	},
	"late, after it was given up": func(c *wireConn, group []byte) error {
		c.held = true
		c.end(func() {})
		c.wire.late <- func() string {
			defer c.Conn.Close()
			_, _ = c.Conn.Write(group)
			return c.answer()
		}
		return nil
	},
}

// answer reads the server's answer up to its ReadyForQuery, and returns its command tags.
func (c *wireConn) answer() (tags string) {
	_ = c.SetDeadline(time.Now().Add(20 * time.Second))
	var head [5]byte
	for head[0] != 'Z' {
		if _, err := io.ReadFull(c.Conn, head[:]); err != nil {
			return tags + err.Error()
		}
		body := make([]byte, binary.BigEndian.Uint32(head[1:])-4)
		if _, err := io.ReadFull(c.Conn, body); err != nil {
			return tags + err.Error()
		}
		if head[0] == 'C' || head[0] == 'E' {
			tags += string(bytes.Trim(body, "\x00")) + ";"
		}
	}
	return tags
}
