package main

import (
	"fmt"
	"io"
	"time"

	"github.com/schollz/progressbar/v3"
)

// progress tells on standard error how far something long has come: a bar with rate and remaining time on a
// terminal, else a line every 5 s. It is not safe for concurrent use.
type progress struct {
	w     io.Writer
	what  string // "commands"
	total int64  // 0: not known
	start time.Time
	told  time.Time
	first int64
	begun bool
	bar   *progressbar.ProgressBar
}

const tellEvery = 5 * time.Second

func newProgress(w io.Writer, what string, total int64) *progress {
	p := &progress{w: w, what: what, total: total, start: time.Now(), told: time.Now()}
	if isTerminal(w) {
		most := total
		if most == 0 {
			most = -1
		}
		p.bar = progressbar.NewOptions64(most,
			progressbar.OptionSetWriter(w), progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionShowCount(),
			progressbar.OptionShowIts(), progressbar.OptionSetItsString(what), progressbar.OptionSetPredictTime(true),
			progressbar.OptionFullWidth(), progressbar.OptionClearOnFinish())
	}
	return p
}

// at tells that done of the total are done. The first call's count was there before and is no part of the rate.
func (p *progress) at(done int64) {
	if !p.begun {
		p.begun, p.first = true, done
	}
	if p.bar != nil {
		_ = p.bar.Set64(done) // a terminal that has gone away
		return
	}
	if time.Since(p.told) < tellEvery {
		return
	}
	p.told = time.Now()
	rate := float64(done-p.first) / time.Since(p.start).Seconds()
	fmt.Fprintf(p.w, "%s %s", grouped(done), p.what)
	if p.total > 0 {
		fmt.Fprintf(p.w, " of %s (%d %%)", grouped(p.total), done*100/p.total)
	}
	fmt.Fprintf(p.w, ", %s/s", grouped(int64(rate)))
	if p.total > 0 && rate > 0 {
		left := time.Duration(float64(p.total-done) / rate * float64(time.Second))
		fmt.Fprintf(p.w, ", %s left", left.Round(time.Second))
	}
	fmt.Fprintln(p.w)
}

// say prints a line without breaking the bar.
func (p *progress) say(format string, args ...any) {
	if p.bar != nil {
		_ = p.bar.Clear()
	}
	fmt.Fprintf(p.w, format+"\n", args...)
}

// end takes the bar away.
func (p *progress) end() {
	if p.bar != nil {
		_ = p.bar.Finish()
	}
}

// grouped writes a number with a comma after every three digits.
func grouped(n int64) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
