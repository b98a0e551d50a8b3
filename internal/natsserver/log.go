package natsserver

import (
	"fmt"
	"log/slog"
	"strings"
)

// logger hands the server's warnings and errors to slog and drops the rest. A fatal line doesn't end the
// program here: Start reports it.
type logger struct {
	log   *slog.Logger
	fatal chan string // holds the first fatal line
}

func (l *logger) Noticef(string, ...any) {}
func (l *logger) Debugf(string, ...any)  {}
func (l *logger) Tracef(string, ...any)  {}

func (l *logger) Warnf(format string, args ...any) {
	// True of every start with a password, and of no use: the password is our caller's, in memory only.
	if strings.HasPrefix(format, "Plaintext passwords") {
		return
	}
	l.log.Warn(fmt.Sprintf(format, args...))
}

func (l *logger) Errorf(format string, args ...any) { l.log.Error(fmt.Sprintf(format, args...)) }

func (l *logger) Fatalf(format string, args ...any) {
	line := fmt.Sprintf(format, args...)
	l.log.Error(line)
	select {
	case l.fatal <- line:
	default: // later ones are in the log
	}
}
