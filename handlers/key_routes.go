package handlers

import (
	"net/http"
	"slices"
	"strings"
	"unicode"

	"orderledger/domain"
	"orderledger/internal/auth"
	"orderledger/projections"
)

func (s *Server) keyRoutes() []route {
	return []route{
		{
			method: http.MethodPost, path: "/v1/keys", id: "create-key", summary: "Make an API key; its secret is shown this once",
			needs: auth.ManageKeys, status: http.StatusCreated, body: newKey{}, answer: createdKey{}, handle: s.createKey,
		},
		{
			method: http.MethodGet, path: "/v1/keys", id: "list-keys", summary: "List API keys, without their secrets",
			needs: auth.ManageKeys, status: http.StatusOK, answer: projections.List[auth.Key]{}, handle: s.listKeys,
			query: append(pageParameters(), orgParameter, positionParameter),
		},
		{
			method: http.MethodDelete, path: "/v1/keys/{key_id}", id: "revoke-key", summary: "Revoke an API key; it fails within five seconds",
			needs: auth.ManageKeys, status: http.StatusNoContent, handle: s.revokeKey,
		},
	}
}

// newKey asks for an API key.
type newKey struct {
	OrgID string `json:"org_id" doc:"With an organisation's key it may be left out; a key with the role platform has none"`
	Role  string `json:"role"`
	Name  string `json:"name" doc:"What people know it by"`
}

// createdKey is a key with its text, which is shown this once.
type createdKey struct {
	auth.Key
	Text string `json:"key" doc:"For the header Authorization: Bearer"`
}

func (s *Server) createKey(c *call) error {
	var ask newKey
	if err := c.read(&ask); err != nil {
		return err
	}
	role := auth.Role(ask.Role)
	if ask.OrgID == "" {
		ask.OrgID = c.who.OrgID
	}
	switch {
	case !slices.Contains(auth.Roles, role):
		c.fail("role", "one of platform, org_admin, project_admin, finance, approver, viewer, service")
	case ask.OrgID != "" && !domain.ValidID(ask.OrgID):
		c.fail("org_id", "1 to 64 letters, digits, _ or -")
	case len(ask.Name) > 256 || strings.ContainsFunc(ask.Name, unicode.IsControl):
		c.fail("name", "at most 256 bytes, without control characters")
	case c.unknown == nil && c.who.OrgID == "" && (ask.OrgID == "") != (role == auth.Platform):
		c.fail("org_id", "a key is either of an organisation or has the role platform")
	}
	if err := c.allow(s.limits); err != nil {
		return err
	}
	if c.who.OrgID != "" && role == auth.Platform {
		return problem(codeNotAllowed, "an organisation's key does not make platform keys")
	}
	if err := c.ownOrg(ask.OrgID); err != nil {
		return err
	}
	key, text, err := s.Keys.Create(c.r.Context(), ask.OrgID, role, ask.Name, c.who.Actor())
	if err != nil {
		return err
	}
	return c.answer(createdKey{key, text})
}

func (s *Server) listKeys(c *call) error {
	q := c.queryOf()
	limit, after := q.limit(), q.after()
	orgID, err := s.begin(q)
	if err != nil {
		return err
	}
	if orgID == projections.AllOrgs {
		orgID = ""
	}
	keys, err := s.Keys.List(c.r.Context(), orgID, after, limit)
	if err != nil {
		return err
	}
	position, _ := s.Watch.Position()
	answer := projections.List[auth.Key]{Items: keys, AsOf: position}
	if len(keys) == limit {
		answer.NextCursor = cursorOf(keys[limit-1].KeyID)
	}
	return c.answer(answer)
}

func (s *Server) revokeKey(c *call) error {
	if err := c.allow(s.limits); err != nil {
		return err
	}
	if err := s.Keys.Revoke(c.r.Context(), c.who.OrgID, c.r.PathValue("key_id")); err != nil {
		return err
	}
	c.w.WriteHeader(http.StatusNoContent)
	return nil
}
