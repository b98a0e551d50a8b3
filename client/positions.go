package client

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// Positions keep a subscription's place in the log: the position of the last event that was handled, 0 before the first.
// One subscription uses them at a time.
type Positions interface {
	Load(ctx context.Context) (int64, error)
	Save(ctx context.Context, position int64) error
}

// PositionFile keeps the position in a file, which is replaced as a whole and synced. An event is handled again when the
// process dies between handling it and saving its position.
func PositionFile(path string) Positions { return positionFile(path) }

type positionFile string

func (f positionFile) Load(context.Context) (int64, error) {
	raw, err := os.ReadFile(string(f))
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	position, err := strconv.ParseInt(strings.TrimSpace(string(raw)), 10, 64)
	if err != nil || position < 0 {
		return 0, fmt.Errorf("%s has no position in it", string(f))
	}
	return position, nil
}

func (f positionFile) Save(_ context.Context, position int64) error {
	dir := filepath.Dir(string(f))
	temp, err := os.CreateTemp(dir, filepath.Base(string(f))+".*")
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(temp, position)
	err = errors.Join(err, temp.Sync(), temp.Close())
	if err == nil {
		err = os.Rename(temp.Name(), string(f))
	}
	if err != nil {
		return errors.Join(err, os.Remove(temp.Name()))
	}
	return nil
}

// PositionFuncs keep the position in the caller's own database. With SaveFunc nil, the handler itself keeps e.Position in
// the transaction with which it handles the event: that is exactly once.
type PositionFuncs struct {
	LoadFunc func(ctx context.Context) (int64, error)
	SaveFunc func(ctx context.Context, position int64) error
}

// Load calls LoadFunc.
func (f PositionFuncs) Load(ctx context.Context) (int64, error) { return f.LoadFunc(ctx) }

// Save calls SaveFunc, if there is one.
func (f PositionFuncs) Save(ctx context.Context, position int64) error {
	if f.SaveFunc == nil {
		return nil
	}
	return f.SaveFunc(ctx, position)
}
