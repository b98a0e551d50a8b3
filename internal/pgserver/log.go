package pgserver

import (
	"fmt"
	"io"
	"os"
	"time"
)

const logMost = 32 << 20 // bytes of postgres.log; twice that with the one before

// openLog opens the log for appending, after moving an over-long one aside.
func openLog(path string) (*os.File, error) {
	if info, err := os.Stat(path); err == nil && info.Size() > logMost {
		if err := os.Rename(path, path+".1"); err != nil {
			return nil, fmt.Errorf("move log aside: %w", err)
		}
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR|os.O_APPEND, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open log: %w", err)
	}
	return f, nil
}

// boundLog empties the log whenever it is over its bound, until stopped. The server appends to the open
// file, so it can't be renamed under it.
func boundLog(f *os.File) (stop func()) {
	quit, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		tick := time.NewTicker(time.Minute)
		defer tick.Stop()
		for {
			select {
			case <-quit:
				return
			case <-tick.C:
				if info, err := f.Stat(); err == nil && info.Size() > logMost {
					_ = f.Truncate(0) // the next tick tries again
				}
			}
		}
	}()
	return func() { close(quit); <-ended }
}

// logTail is the end of the log, for error messages.
func logTail(path string) string {
	f, err := os.Open(path)
	if err != nil {
		return err.Error()
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil && info.Size() > 4096 {
		_, _ = f.Seek(-4096, io.SeekEnd)
	}
	raw, _ := io.ReadAll(f)
	return tail(raw)
}
