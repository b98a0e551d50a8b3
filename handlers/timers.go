package handlers

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"sync"
	"time"

	"orderledger/domain"
	"orderledger/projections"
)

const (
	timersLook  = time.Second // between looks, at most: other replicas' work falls due too
	timersAgain = 50 * time.Millisecond
	timersPage  = 250 // commands of one kind that are under way at once, twice: the queue is for others too
	timersEase  = 10  // a look that found nothing is followed by a pause of so many times its own length
	// What was refused is tried again after a pause, which doubles from restFirst to restMost.
	restFirst = 2 * time.Second
	restMost  = 10 * time.Minute
	restsMax  = 100_000
)

// Timers do what falls due by itself, by command as everybody else: each kind of work has a file timers_*.go. Any
// number of replicas may run them: what is done is done once, as the commands' keys are the same from every replica and
// the rules refuse what is not due.
type Timers struct {
	executor *Executor
	reader   *projections.Reader
	kinds    []timer
}

// timer is one kind of work that falls due.
type timer struct {
	name string
	// due lists what is due, a page after an item.
	due func(ctx context.Context, now time.Time, after projections.Due, limit int) (projections.DuePage, error)
	// request is the command that does it; a zero one does nothing yet.
	request func(context.Context, projections.Due) (Request, error)
}

// NewTimers makes timers; Run runs them. The reader works as ledger_reader.
func NewTimers(executor *Executor, reader *projections.Reader) *Timers {
	return &Timers{executor, reader, []timer{
		expireTimer(reader), refundTimer(reader), lapseTimer(reader), arrearsTimer(reader),
		settleTimer(reader), overdueTimer(reader), renewTimer(reader), sealTimer(reader),
		fulfilTimer(reader), unfulfilledTimer(reader), releaseTimer(reader), debtorTimer(reader), withdrawTimer(reader),
	}}
}

// Run does what falls due, until ctx ends. A command that is under way then goes on.
func (t *Timers) Run(ctx context.Context) {
	var all sync.WaitGroup
	for _, kind := range t.kinds {
		r := &timerRun{timer: kind, executor: t.executor, rests: map[string]*rest{}}
		all.Go(func() { r.run(ctx) })
	}
	all.Wait()
}

// timed is the command of a timer. The key is the same from every replica; body stands for what is asked, and may not
// change from one build to the next.
func timed(c domain.Command, key string, body map[string]string) Request {
	text, _ := json.Marshal(body) // strings always encode
	t, err := parseBody(text)
	if err != nil {
		panic("handlers: " + err.Error())
	}
	return Request{Command: c, Key: "ledger:" + key, Fingerprint: t.fingerprint(0, c.Name()), Actor: "timer", Bytes: len(text), Brief: true}
}

// timerKey names work by what it is about and when it fell due.
func timerKey(kind string, d projections.Due) string {
	return kind + ":" + d.ID + ":" + d.At.UTC().Format(time.RFC3339Nano)
}

// timerRun is a timer at work. One goroutine runs it.
type timerRun struct {
	timer
	executor *Executor
	// reached is the last position of what was done: read models that are not there yet still list it.
	reached int64
	rests   map[string]*rest
	looks   int
	done    int // in this look
}

// rest is work that is left alone for a while after it was refused or repeated, by key.
type rest struct {
	until time.Time
	pause time.Duration
	look  int // that listed it last
}

func (r *timerRun) run(ctx context.Context) {
	for {
		began := time.Now()
		next, err := r.look(ctx)
		if err != nil && ctx.Err() == nil {
			slog.WarnContext(ctx, "due work could not be done; trying again", "timer", r.name, "error", err)
		}
		pause := min(max(time.Until(next), timersAgain), timersLook)
		switch {
		case err != nil:
			pause = timersLook
		case r.done > 0: // that may have made more due
			pause = timersAgain
		default:
			pause = max(pause, timersEase*time.Since(began))
		}
		again := time.NewTimer(pause)
		select {
		case <-again.C:
		case <-ctx.Done():
			again.Stop()
			return
		}
	}
}

// look does what is due once, all of it, page by page: while one page's commands are carried out, the next is read. It
// says when to look again; zero is soon, and a time that has not come yet must be asked of the next look.
func (r *timerRun) look(ctx context.Context) (next time.Time, err error) {
	r.looks++
	r.done = 0
	now := time.Now()
	next = now.Add(timersLook)
	var before []dueCommand
	for after := (projections.Due{}); ; {
		page, err := r.due(ctx, now, after, timersPage)
		if err != nil {
			return next, errors.Join(err, r.finish(ctx, before))
		}
		if page.AsOf < r.reached && after == (projections.Due{}) {
			return now, nil // it lists what was done already
		}
		if !page.Next.IsZero() {
			next = page.Next
		}
		started, err := r.start(ctx, page, now)
		if failed := r.finish(ctx, before); err != nil || failed != nil {
			return next, errors.Join(err, failed, r.finish(ctx, started))
		}
		if before = started; !page.More {
			break
		}
		after = page.Last
	}
	for key, rest := range r.rests {
		if rest.look != r.looks { // it is listed no more
			delete(r.rests, key)
		}
	}
	return next, r.finish(ctx, before)
}

// dueCommand is a command of a timer under way.
type dueCommand struct {
	key  string
	wait func(context.Context) (Result, error)
}

// start sends the commands of a page.
func (r *timerRun) start(ctx context.Context, page projections.DuePage, now time.Time) (started []dueCommand, err error) {
	for _, d := range page.Items {
		request, err := r.request(ctx, d)
		if err != nil {
			return started, err
		}
		if request.Command == nil {
			continue
		}
		if rest := r.rests[request.Key]; rest != nil {
			if rest.look = r.looks; now.Before(rest.until) {
				continue
			}
		}
		wait, err := r.executor.Start(ctx, request)
		if err != nil {
			return started, err
		}
		started = append(started, dueCommand{request.Key, wait})
	}
	return started, nil
}

// finish waits for commands. What was refused, mostly because somebody else was first, and what was done before is not
// done again at once if the read models go on listing it.
func (r *timerRun) finish(ctx context.Context, started []dueCommand) (err error) {
	for _, c := range started {
		result, failed := c.wait(ctx)
		var refused *domain.Rejection
		switch {
		case failed == nil:
			r.reached = max(r.reached, result.Last)
			if !result.Replayed {
				r.done++
				continue
			}
			r.leave(c.key)
		case errors.As(failed, &refused), errors.Is(failed, ErrKeyReused), errors.Is(failed, ErrTooLarge):
			r.leave(c.key)
		default:
			err = failed
		}
	}
	return err
}

func (r *timerRun) leave(key string) {
	known := r.rests[key]
	if known == nil {
		if len(r.rests) >= restsMax {
			return
		}
		known = &rest{pause: restFirst / 2}
		r.rests[key] = known
	}
	known.pause = min(2*known.pause, restMost)
	known.until, known.look = time.Now().Add(known.pause), r.looks
}
