package handlers

import (
	"errors"
	"sync/atomic"
	"time"

	"orderledger/domain"
	"orderledger/eventstore"
)

// Why a command was neither carried out nor refused by a rule.
var (
	// ErrBusy: too much is waiting; nothing was done, the same key may be sent again soon.
	ErrBusy = errors.New("too many commands are waiting")
	// ErrOutcomeUnknown: the command may or may not have been carried out; its key will tell.
	ErrOutcomeUnknown = errors.New("the outcome of the command is not known yet")
	// ErrKeyReused: the key belongs to another command.
	ErrKeyReused = errors.New("the idempotency key was used for another command")
	// ErrFenced: the ledger accepts nothing until an operator has looked.
	ErrFenced = errors.New("the ledger is fenced")
	// ErrTooLarge: an event would be larger than the log takes.
	ErrTooLarge = errors.New("the command makes an event that is too large")
)

// Request is a command on its way: well formed (domain.Command.Check), and its caller allowed to send it.
type Request struct {
	Command domain.Command
	// Key is unique in the command's organisation for ever; Fingerprint stands for its body.
	Key         string
	Fingerprint eventstore.Hash
	// Actor is who sent it: "key:…" or "timer".
	Actor string
	// At is when it happened, for imported history; zero means now.
	At          time.Time
	Correlation string
	// Bytes is the size of the body, for the bound on a batch.
	Bytes int
	// Brief: a repeated command is answered with its positions alone, which spares reading the log.
	Brief bool
}

// Result is a command that was carried out.
type Result struct {
	// First and Last are the positions of the command's events.
	First, Last int64
	// Replayed says that it had been carried out before; this is that first answer.
	Replayed bool
	// Event is the first event, State its stream's state after the command.
	Event domain.Event
	State domain.State
}

// task is a request in the executor.
type task struct {
	Request
	// org is the command's organisation, once known.
	org string
	// waiting becomes 0 when the executor takes the task, or its caller gives it up before that.
	waiting atomic.Int32
	// left: its caller went away after that.
	left   atomic.Bool
	done   chan struct{}
	result Result
	events []domain.StreamEvent
	err    error

	// sent: it was on its way once, and what became of it was unknown.
	sent bool
	// alone: a batch with it failed for no known reason, so it is tried by itself.
	alone bool
	// taken are claims that the log was found to hold when a batch with the task was refused, one map each time.
	taken []map[eventstore.Claim]bool
	// followers carry the same key and wait for what becomes of this one.
	followers []*task
}

func newTask(r Request) *task {
	t := &task{Request: r, org: r.Command.Org(), done: make(chan struct{})}
	t.waiting.Store(1)
	return t
}

// claim takes the task out of the waiting state; only one side ever succeeds.
func (t *task) claim() bool { return t.waiting.CompareAndSwap(1, 0) }

// refuse answers a task that nobody has taken.
func (t *task) refuse() {
	if t.claim() {
		t.answer(Result{}, ErrBusy)
	}
}

func (t *task) ref() eventstore.KeyRef { return eventstore.KeyRef{OrgID: t.org, Key: t.Key} }

// fail answers a task with an error, unless it was answered.
func (t *task) fail(err error) {
	select {
	case <-t.done:
	default:
		t.answer(Result{}, err)
	}
}

func (t *task) answer(r Result, err error) {
	t.result, t.err = r, err
	close(t.done)
}

// replay answers with the command that has the task's key; whoever waits loads the first answer. After
// a lost answer that command may be this very one.
func (t *task) replay(c eventstore.Command) {
	if c.Fingerprint != t.Fingerprint {
		t.answer(Result{}, ErrKeyReused)
		return
	}
	t.answer(Result{First: c.First, Last: c.Last, Replayed: !t.sent}, nil)
}
