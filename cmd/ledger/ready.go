package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"

	"orderledger/handlers"
)

const readyWithin = time.Minute

// awaitReady returns when the server is ready but for being held; its worker may first have to catch up.
func awaitReady(ctx context.Context, addr string) error {
	ctx, cancel := context.WithTimeoutCause(ctx, readyWithin, fmt.Errorf("the server is not ready within %s", readyWithin))
	defer cancel()
	h := &http.Client{Timeout: 5 * time.Second}
	defer h.CloseIdleConnections()
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+addr+"/readyz", nil)
		if err != nil {
			return fmt.Errorf("ask whether the server is ready: %w", err)
		}
		if resp, err := h.Do(req); err == nil {
			ready := resp.StatusCode == http.StatusOK || onlyHeld(resp.Body)
			resp.Body.Close()
			if ready {
				return nil
			}
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// onlyHeld says whether nothing that is needed is amiss in an answer of /readyz but that the server is held.
func onlyHeld(body io.Reader) bool {
	var health struct {
		Checks []struct {
			Name   string `json:"name"`
			OK     bool   `json:"ok"`
			Needed bool   `json:"needed"`
		} `json:"checks"`
	}
	if json.NewDecoder(body).Decode(&health) != nil || len(health.Checks) == 0 {
		return false
	}
	for _, c := range health.Checks {
		if c.Needed && !c.OK && c.Name != handlers.CheckHeld {
			return false
		}
	}
	return true
}
