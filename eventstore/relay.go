package eventstore

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

const (
	// relayPage bounds what is read at once, and read ahead: events, and bytes of payload.
	relayPage      = 2000
	relayPageBytes = 8 << 20
	// relayProbe is how often the stream is compared with the log though nothing is published: a tail
	// that was lost must not stay unnoticed until the next event.
	relayProbe = 5 * time.Second
	// relayRetryFirst and relayRetryMax bound the pauses after a failure. A relay that loses every race
	// against another one comes to rest at the longer, and takes over when the other is gone.
	relayRetryFirst = 20 * time.Millisecond
	relayRetryMax   = time.Second
	// relayStopped is how often a stopped relay looks for a new epoch.
	relayStopped = 250 * time.Millisecond
)

// RelayOptions are what a relay can't find out by itself.
type RelayOptions struct {
	// SyncedWrites: the broker syncs every write to disk before it acknowledges (sync_interval: always).
	// Then events that wait go as one atomic batch, which is synced once.
	SyncedWrites bool
	// Replicas of the stream, where it is made; 0 is 1.
	Replicas int
}

// Relay copies the log to the stream LEDGER, each event at the sequence that is its position. It keeps no
// state of its own: the stream's last sequence says where to go on, and each event is accepted only after
// the one before it. So any number of relays may run, anywhere; crashes and races lead to "wrong last
// sequence" and no further.
type Relay struct {
	log      *Log
	watch    *Watch
	nc       *nats.Conn
	synced   bool
	replicas int

	mu     sync.Mutex
	status RelayStatus
}

// RelayStatus is how a relay fares.
type RelayStatus struct {
	// Position is the last that is known to stand on the stream, Lag how many events of the log are not.
	Position, Lag int64
	// State is "starting", "running", "waiting" (for the broker or the database) or "stopped: why".
	State string
	// LastError is the latest failure, "" when there was none since all went well.
	LastError string
}

// NewRelay makes a relay; Run runs it. The connection should reconnect for ever; the caller closes it.
func NewRelay(log *Log, watch *Watch, nc *nats.Conn, o RelayOptions) *Relay {
	return &Relay{
		log: log, watch: watch, nc: nc, synced: o.SyncedWrites, replicas: max(o.Replicas, 1), status: RelayStatus{State: "starting"},
	}
}

// Status may be asked at any time, by anybody.
func (r *Relay) Status() RelayStatus {
	head, _ := r.watch.Position()
	r.mu.Lock()
	defer r.mu.Unlock()
	s := r.status
	s.Lag = max(0, head-s.Position)
	return s
}

// Run relays until ctx ends, and returns its error. Whatever fails is tried again, with pauses of up to a
// second. Only when the stream and the log contradict each other it stops, fences the head, and waits for
// an operator to open a new epoch; then it sets the stream's surplus aside and fills it anew.
func (r *Relay) Run(ctx context.Context) error {
	js, err := jetstream.New(r.nc)
	if err != nil {
		return fmt.Errorf("use JetStream: %w", err)
	}
	status := r.nc.StatusChanged()
	defer r.nc.RemoveStatusListener(status)
	pause := relayRetryFirst
	for {
		progress, err := r.session(ctx, js, status)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		var split *divergence
		if errors.As(err, &split) {
			r.stop(ctx, split)
			continue
		}
		if progress {
			pause = relayRetryFirst
		}
		r.failed(ctx, err, pause)
		r.rest(ctx, status, pause)
		pause = min(2*pause, relayRetryMax)
	}
}

// rest waits, but not once the broker is back.
func (r *Relay) rest(ctx context.Context, status <-chan nats.Status, pause time.Duration) {
	t := time.NewTimer(pause)
	defer t.Stop()
	for {
		select {
		case s := <-status:
			if s == nats.CONNECTED {
				return
			}
		case <-t.C:
			return
		case <-ctx.Done():
			return
		}
	}
}

// session finds out where the stream stands and goes on from there until something fails. It made
// progress when it published anything.
func (r *Relay) session(ctx context.Context, js jetstream.JetStream, status <-chan nats.Status) (progress bool, err error) {
	if s := r.nc.Status(); s != nats.CONNECTED {
		return false, fmt.Errorf("%w: the connection is %s", errDisconnected, s)
	}
	at, err := r.agree(ctx, js)
	if err != nil {
		return false, err
	}
	r.reached(at)
	p, err := newPublisher(r.nc, r.synced, status)
	if err != nil {
		return false, err
	}
	defer p.close()

	ctx, cancel := context.WithCancel(ctx)
	next := r.read(ctx, at)
	defer func() { cancel(); <-next }()
	probe := time.NewTicker(relayProbe)
	defer probe.Stop()
	for {
		select {
		case page := <-next:
			if page.err != nil {
				next = closedPages
				return progress, page.err
			}
			last := page.events[len(page.events)-1].Position
			// Only while there is more than a page the next one is read ahead: later it would be read too
			// early, and hold a single event when a hundred have gathered.
			if next = closedPages; page.full {
				next = r.read(ctx, last)
			}
			if err := p.publish(ctx, page.events); err != nil {
				return progress, err
			}
			if at, progress = last, true; !page.full {
				next = r.read(ctx, at)
			}
			r.reached(at)
		case <-probe.C:
			if now, err := r.agree(ctx, js); err != nil {
				return progress, err
			} else if now != at {
				return progress, fmt.Errorf("%w: %d in place of %d", errStreamMoved, now, at)
			}
		case <-status:
			if s := r.nc.Status(); s != nats.CONNECTED {
				return progress, fmt.Errorf("%w: the connection is %s", errDisconnected, s)
			}
		case <-ctx.Done():
			return progress, ctx.Err()
		}
	}
}

// pages is what a read came to.
type pages struct {
	events []Event
	full   bool
	err    error
}

// closedPages stands for no read under way.
var closedPages = func() chan pages { c := make(chan pages); close(c); return c }()

// read waits until the log reaches beyond a position and reads a page. The channel is closed after the answer.
func (r *Relay) read(ctx context.Context, after int64) chan pages {
	answer := make(chan pages, 1)
	go func() {
		defer close(answer)
		var p pages
		for p.err == nil && len(p.events) == 0 {
			if _, p.err = r.watch.Wait(ctx, after); p.err != nil {
				break
			}
			p.events, p.full, p.err = r.log.readPage(ctx, after, relayPage, relayPageBytes)
			if p.err == nil && len(p.events) == 0 {
				// The watch knows more than the database: one that was restored. The probe will tell.
				p.err = sleep(ctx, relayStopped)
			}
		}
		answer <- p
	}()
	return answer
}

func (r *Relay) reached(position int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.status.Position, r.status.State, r.status.LastError = position, "running", ""
}

// failed notes a failure, and tells of it when it is a new one. Losing a race to another relay is none.
func (r *Relay) failed(ctx context.Context, err error, pause time.Duration) {
	if errors.Is(err, errStreamMoved) {
		slog.DebugContext(ctx, "the relay goes on from the stream's end", "cause", err)
		return
	}
	r.mu.Lock()
	told := r.status.LastError == err.Error()
	r.status.State, r.status.LastError = "waiting", err.Error()
	r.mu.Unlock()
	if !told {
		slog.WarnContext(ctx, "the relay tries again", "error", err, "pause", pause)
	}
}
