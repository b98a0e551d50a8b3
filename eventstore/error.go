package eventstore

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5/pgconn"
)

// What an append can come to, beside success.
var (
	// ErrHeadMoved: the log has grown, or was fenced, since the head that the batch was decided on.
	// Nothing was written.
	ErrHeadMoved = errors.New("the head has moved")
	// ErrOutcomeUnknown: the connection broke; the batch is on disk as a whole or not at all. Fence settles it.
	ErrOutcomeUnknown = errors.New("the outcome of the append is unknown")
	// ErrKeyTaken: a command's key is in the log. Nothing was written.
	ErrKeyTaken = errors.New("a command key is taken")
	// ErrClaimTaken: a claim is in the log. Nothing was written.
	ErrClaimTaken = errors.New("a claim is taken")
	// ErrNotSent: nothing reached the database, so nothing was written.
	ErrNotSent = errors.New("the append was not sent")
)

// translate turns a driver's error of an append that was sent into ours, once, here: by severity, SQLSTATE
// and constraint name. The cause stays attached for operators. Whether the driver calls an error safe to
// retry is not asked: it says so of a connection that broke while the answer was awaited.
func translate(err error) error {
	var pg *pgconn.PgError
	if !errors.As(err, &pg) || pg.SeverityUnlocalized != "ERROR" {
		return fmt.Errorf("%w: %w", ErrOutcomeUnknown, err)
	}
	switch pg.ConstraintName {
	case "events_command_key":
		return fmt.Errorf("%w: %w", ErrKeyTaken, err)
	case "claims_pkey":
		return fmt.Errorf("%w: %w", ErrClaimTaken, err)
	}
	return err
}

// IsTransient says whether the database could not be asked just now, so that asking again may help.
func IsTransient(err error) bool {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		switch pg.Code[:2] {
		case "08", "40", "53", "55", "57", "58":
			return true
		}
		return false
	}
	return err != nil && !errors.Is(err, context.Canceled)
}
