package main

import (
	"context"
	"errors"
	"net/http"

	"orderledger/internal/client"
)

// Exit codes, fixed for scripts.
const (
	exitDone       = 0
	exitFailed     = 1
	exitUsage      = 2
	exitNotFound   = 3
	exitNotAllowed = 4
	exitConflict   = 5
)

// failure is an error with an exit code of its own, and what a person can do about it.
type failure struct {
	code  int
	cause error
	hint  string
}

func (f *failure) Error() string { return f.cause.Error() }
func (f *failure) Unwrap() error { return f.cause }

func usage(err error) error { return &failure{code: exitUsage, cause: err} }

// hinted adds what a person can do to an error, and leaves its exit code as it is.
func hinted(err error, hint string) error {
	if err == nil {
		return nil
	}
	return &failure{code: exitCode(err), cause: err, hint: hint}
}

func exitCode(err error) int {
	var f *failure
	var p *client.Problem
	switch {
	case err == nil:
		return exitDone
	case errors.As(err, &f):
		return f.code
	case errors.As(err, &p):
		return exitCodeOf(p.Status)
	}
	return exitFailed
}

func exitCodeOf(status int) int {
	switch status {
	case http.StatusBadRequest, http.StatusRequestEntityTooLarge:
		return exitUsage
	case http.StatusUnauthorized, http.StatusForbidden:
		return exitNotAllowed
	case http.StatusNotFound:
		return exitNotFound
	case http.StatusConflict, http.StatusPreconditionFailed, http.StatusUnprocessableEntity:
		return exitConflict
	}
	return exitFailed
}

func hintOf(err error) string {
	var f *failure
	if errors.As(err, &f) && f.hint != "" {
		return f.hint
	}
	var p *client.Problem
	if errors.As(err, &p) {
		return p.Hint
	}
	if errors.Is(err, context.Canceled) {
		return "It was interrupted."
	}
	return ""
}
