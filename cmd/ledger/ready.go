package main

import (
	"context"
	"fmt"
	"net/http"
	"time"
)

const readyWithin = time.Minute

// awaitReady returns when the server says that it is ready; its worker may first have to catch up.
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
			resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
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
