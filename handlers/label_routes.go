package handlers

import (
	"net/http"

	"orderledger/domain"
)

// labelRoutes are open to everybody: a console shows words before anybody has signed in, and there is no secret in them.
func (s *Server) labelRoutes() []route {
	return []route{{
		method: http.MethodGet, path: "/v1/labels", id: "get-labels", summary: "What people read in the place of codes, in English and Chinese",
		status: http.StatusOK, answer: map[string][]domain.Label{},
		handle: func(c *call) error { return c.answer(domain.Labels) },
	}}
}
