package main

import (
	"fmt"
	"io"
	"log/slog"
	"time"
)

// logTo sends the program's log to w: text for a person who looks on, JSON with UTC times for machines.
func logTo(w io.Writer, s settings, asJSON bool, level slog.Level) error {
	if s.LogLevel != "" {
		if err := level.UnmarshalText([]byte(s.LogLevel)); err != nil {
			return usage(fmt.Errorf("LEDGER_LOG_LEVEL: %w", err))
		}
	}
	if !asJSON {
		slog.SetDefault(slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{Level: level})))
		return nil
	}
	inUTC := func(groups []string, a slog.Attr) slog.Attr {
		if len(groups) == 0 && a.Key == slog.TimeKey {
			return slog.Time(a.Key, a.Value.Time().UTC().Truncate(time.Microsecond))
		}
		return a
	}
	slog.SetDefault(slog.New(slog.NewJSONHandler(w, &slog.HandlerOptions{Level: level, ReplaceAttr: inUTC})))
	return nil
}
