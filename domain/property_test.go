package domain_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"testing"

	"orderledger/domain"
)

// Each run plays commandsPerRun commands on a ledger of its own. PROPERTY_COMMANDS says how many there are in all,
// PROPERTY_SEED the seed of the first run; each next run has the next seed.
const (
	commandsPerRun   = 400
	commandsInTest   = 50_000
	runsAtOnce       = 8
	shrinkingReplays = 2_000
)

// Any sequence of commands, over a few organisations, their orders, money, resources and months, keeps the books:
// what they are stands in the files check_*_test.go. The default seed is fixed, so that this test fails for a reason in
// the change at hand; the nightly target takes another one each time.
func TestAnyCommandsKeepTheBooks(t *testing.T) {
	t.Parallel()
	first, runs := number(t, "PROPERTY_SEED", 1), (number(t, "PROPERTY_COMMANDS", commandsInTest)+commandsPerRun-1)/commandsPerRun
	tallies := make([]tally, runsAtOnce)
	t.Run("runs", func(t *testing.T) {
		for shard := range uint64(runsAtOnce) {
			tallies[shard] = tally{}
			t.Run(strconv.FormatUint(shard, 10), func(t *testing.T) {
				t.Parallel()
				for i := shard; i < runs && !t.Failed(); i += runsAtOnce {
					oneRun(t, first+i, tallies[shard])
				}
			})
		}
	})
	if runs*commandsPerRun >= commandsInTest && !t.Failed() {
		wantAllTried(t, tallies)
	}
}

func number(t *testing.T, name string, otherwise uint64) uint64 {
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return n
}

// turn is a command and its moment.
type turn struct {
	Clock   domain.Clock
	Command domain.Command
}

// tally counts commands by name and answer.
type tally map[string]int

// oneRun plays a run, and on failure the shortest part of it that fails, as far as leaving commands out finds it.
func oneRun(t *testing.T, seed uint64, seen tally) {
	g := newGenerator(rand.New(rand.NewPCG(seed, 0)))
	var steps []turn
	broken := guarded(func(w *world) {
		g.world = w
		m := newModel(w)
		for range commandsPerRun {
			s := g.next()
			steps = append(steps, s)
			seen[describe(s.Command)+" "+m.play(s)]++
		}
		m.end()
	})
	if broken == "" {
		return
	}
	steps, broken = shrunk(steps, broken)
	var script strings.Builder
	for _, s := range steps {
		fmt.Fprintln(&script, s)
	}
	t.Fatalf("%s\n\nafter these commands, of run PROPERTY_SEED=%d PROPERTY_COMMANDS=1 go test ./domain -run TestAnyCommandsKeepTheBooks:\n%s", broken, seed, script.String())
}

func (s turn) String() string {
	body, err := json.Marshal(s.Command)
	if err != nil {
		body = []byte(err.Error())
	}
	text := s.Clock.At.Format("2006-01-02T15:04:05.000000Z07:00")
	if s.Clock.Imported() {
		text += " (imported " + s.Clock.Now.Format("2006-01-02T15:04:05Z07:00") + ")"
	}
	return text + " " + s.Clock.Actor + " " + s.Command.Name() + " " + string(body)
}

// replay plays given commands on a new ledger and says what broke, "" if nothing did.
func replay(steps []turn) string {
	return guarded(func(w *world) {
		m := newModel(w)
		for _, s := range steps {
			m.play(s)
		}
		m.end()
	})
}

// shrunk leaves commands out, ever fewer at once, as long as what is left breaks in the same way.
func shrunk(steps []turn, broken string) ([]turn, string) {
	kind := func(s string) string { first, _, _ := strings.Cut(s, ":"); return first }
	replays := 0
	for size := len(steps) / 2; size > 0; size /= 2 {
		for at := 0; at < len(steps) && replays < shrinkingReplays; {
			fewer := append(append([]turn(nil), steps[:at]...), steps[min(at+size, len(steps)):]...)
			replays++
			if now := replay(fewer); now != "" && kind(now) == kind(broken) {
				steps, broken = fewer, now
			} else {
				at += size
			}
		}
	}
	return steps, broken
}

// breach ends a run.
type breach struct{ text string }

// inRun is the fataler of a run: it ends the run and not the test.
type inRun struct{}

func (inRun) Helper()                           {}
func (inRun) Fatal(args ...any)                 { panic(breach{fmt.Sprint(args...)}) }
func (inRun) Fatalf(format string, args ...any) { panic(breach{fmt.Sprintf(format, args...)}) }

func guarded(run func(w *world)) (broken string) {
	defer func() {
		switch r := recover().(type) {
		case nil:
		case breach:
			broken = r.text
		default:
			broken = fmt.Sprintf("panic: %v\n%s", r, debug.Stack())
		}
	}()
	run(newWorld(inRun{}))
	return ""
}

// wantAllTried keeps the generator honest: each command is accepted often and refused often, or the checks check little.
func wantAllTried(t *testing.T, tallies []tally) {
	sum := tally{}
	for _, one := range tallies {
		for name, n := range one {
			sum[name] += n
		}
	}
	names := slices.DeleteFunc(slices.Clone(domain.CommandNames), func(name string) bool { return name == "place_order" })
	for _, t := range append([]domain.OrderType{domain.Purchase, domain.TransferIn}, followTypes...) {
		names = append(names, "place_order "+string(t))
	}
	for _, name := range names {
		if sum[name+" accepted"] < 5 || sum[name+" refused"] < 3 {
			t.Errorf("%s was accepted %d times and refused %d times", name, sum[name+" accepted"], sum[name+" refused"])
		}
	}
	t.Logf("commands: %v", map[string]int(sum))
}
