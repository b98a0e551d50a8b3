package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/pprof"
	"time"
)

// openPprof serves profiles on an address of their own, which only this machine reaches.
func (a *app) openPprof(context.Context) error {
	if a.config.pprof == "" {
		return nil
	}
	host, _, err := net.SplitHostPort(a.config.pprof)
	if err != nil {
		return usage(fmt.Errorf("LEDGER_PPROF_ADDR: %w", err))
	}
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return usage(fmt.Errorf("LEDGER_PPROF_ADDR is %q: profiles tell secrets, and are served on the loopback only", host))
	}
	l, err := net.Listen("tcp", a.config.pprof)
	if err != nil {
		return fmt.Errorf("serve profiles: %w", err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/debug/pprof/", pprof.Index)
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("/debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
	a.serve("the profiles", l, &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second})
	return nil
}
