package handlers

import (
	"net/http"
	"strconv"

	"orderledger/domain"
	"orderledger/handlers/webhooks"
	"orderledger/internal/auth"
	"orderledger/projections"
)

func (s *Server) webhookRoutes() []route {
	one := func(method, step, id, summary string, body, answer any, handle func(*call) error) route {
		return route{
			method: method, path: "/v1/webhooks/{endpoint_id}" + step, id: id, summary: summary,
			needs: auth.ManageWebhooks, status: http.StatusOK, body: body, answer: answer, handle: handle,
		}
	}
	remove := one(http.MethodDelete, "", "delete-webhook", "Delete an endpoint", nil, nil, s.deleteWebhook)
	remove.status = http.StatusNoContent
	deliveries := one(http.MethodGet, "/deliveries", "list-webhook-deliveries", "List an endpoint's deliveries, the latest first", nil,
		projections.List[webhooks.Delivery]{}, s.listDeliveries)
	deliveries.query = append(pageParameters(), positionParameter)
	get := one(http.MethodGet, "", "get-webhook", "An endpoint, and how its deliveries go", nil, webhookAnswer{}, s.getWebhook)
	get.query = []parameter{positionParameter}
	return []route{
		{
			method: http.MethodPost, path: "/v1/webhooks", id: "create-webhook",
			summary: "Let an address have an organisation's events from now on; the secret of its signatures is shown this once",
			needs:   auth.ManageWebhooks, status: http.StatusCreated, body: webhooks.New{}, answer: webhookSecret{}, handle: s.createWebhook,
		},
		{
			method: http.MethodGet, path: "/v1/webhooks", id: "list-webhooks", summary: "List endpoints, without their secrets",
			needs: auth.ManageWebhooks, status: http.StatusOK, answer: projections.List[webhooks.Endpoint]{}, handle: s.listWebhooks,
			query: append(pageParameters(), orgParameter, positionParameter),
		},
		get,
		one(http.MethodPut, "", "change-webhook", "Change what is given; pause an endpoint, or let it go on where it stopped",
			webhooks.Change{}, webhooks.Endpoint{}, s.changeWebhook),
		remove,
		one(http.MethodPost, "/secret", "rotate-webhook-secret", "Make a new secret, shown this once; the one before signs too for 24 hours", nil,
			webhookSecret{}, s.rotateWebhook),
		deliveries,
		one(http.MethodPost, "/replay", "replay-webhook", "Go on after a position: an earlier one, to have its events again, or a later one",
			webhookReplay{}, webhooks.Endpoint{}, s.replayWebhook),
		one(http.MethodPost, "/test", "test-webhook", "Send a ping now, and say what became of it", nil, webhooks.Delivery{}, s.testWebhook),
	}
}

// webhookSecret is an endpoint with its secret, which is shown this once.
type webhookSecret struct {
	webhooks.Endpoint
	Secret string `json:"secret" doc:"whsec_ and base64: the key of the signatures"`
}

// webhookAnswer is an endpoint, beside where the log ends.
type webhookAnswer struct {
	webhooks.Endpoint
	AsOf int64 `json:"as_of_position"`
}

type webhookReplay struct {
	After int64 `json:"after" doc:"A position, 0 for the whole log"`
}

// webhook reads what every route of one endpoint is asked with, and its body, if it has one.
func (s *Server) webhook(c *call, into any) (orgID, id string, err error) {
	if into != nil {
		if err := c.read(into); err != nil {
			return "", "", err
		}
	}
	if err := c.allow(s.limits); err != nil {
		return "", "", err
	}
	if s.Webhooks == nil {
		return "", "", notFound()
	}
	return c.who.OrgID, c.r.PathValue("endpoint_id"), nil
}

// beginWebhooks is begin for webhooks, where all organisations are "".
func (s *Server) beginWebhooks(q query) (orgID string, err error) {
	if orgID, err = s.begin(q); orgID == projections.AllOrgs {
		orgID = ""
	}
	if err == nil && s.Webhooks == nil {
		err = notFound()
	}
	return orgID, err
}

func (s *Server) createWebhook(c *call) error {
	var ask webhooks.New
	if err := c.read(&ask); err != nil {
		return err
	}
	if ask.OrgID == "" {
		ask.OrgID = c.who.OrgID
	}
	if c.unknown == nil && !domain.ValidID(ask.OrgID) {
		c.fail("org_id", "1 to 64 letters, digits, _ or -")
	}
	if _, _, err := s.webhook(c, nil); err != nil {
		return err
	}
	if err := c.ownOrg(ask.OrgID); err != nil {
		return err
	}
	e, secret, err := s.Webhooks.Create(c.r.Context(), ask, c.who.Actor())
	if err != nil {
		return err
	}
	return c.answer(webhookSecret{e, secret})
}

func (s *Server) listWebhooks(c *call) error {
	q := c.queryOf()
	limit, after := q.limit(), q.after()
	orgID, err := s.beginWebhooks(q)
	if err != nil {
		return err
	}
	all, err := s.Webhooks.List(c.r.Context(), orgID, after, limit)
	if err != nil {
		return err
	}
	position, _ := s.Watch.Position()
	answer := projections.List[webhooks.Endpoint]{Items: all, AsOf: position}
	if len(all) == limit {
		answer.NextCursor = cursorOf(all[limit-1].ID)
	}
	return c.answer(answer)
}

func (s *Server) getWebhook(c *call) error {
	orgID, err := s.beginWebhooks(c.queryOf())
	if err != nil {
		return err
	}
	position, _ := s.Watch.Position()
	e, err := s.Webhooks.Get(c.r.Context(), orgID, c.r.PathValue("endpoint_id"))
	if err != nil {
		return err
	}
	return c.answer(webhookAnswer{e, position})
}

func (s *Server) changeWebhook(c *call) error {
	var change webhooks.Change
	orgID, id, err := s.webhook(c, &change)
	if err != nil {
		return err
	}
	e, err := s.Webhooks.Change(c.r.Context(), orgID, id, change)
	if err != nil {
		return err
	}
	return c.answer(e)
}

func (s *Server) deleteWebhook(c *call) error {
	orgID, id, err := s.webhook(c, nil)
	if err != nil {
		return err
	}
	if err := s.Webhooks.Delete(c.r.Context(), orgID, id); err != nil {
		return err
	}
	c.w.WriteHeader(http.StatusNoContent)
	return nil
}

func (s *Server) rotateWebhook(c *call) error {
	orgID, id, err := s.webhook(c, nil)
	if err != nil {
		return err
	}
	e, secret, err := s.Webhooks.Rotate(c.r.Context(), orgID, id)
	if err != nil {
		return err
	}
	return c.answer(webhookSecret{e, secret})
}

func (s *Server) listDeliveries(c *call) error {
	q := c.queryOf()
	limit := q.limit()
	var before int64
	if cursor := q.after(); cursor != "" {
		var err error
		if before, err = strconv.ParseInt(cursor, 10, 64); err != nil || before < 1 {
			q.fail("cursor", "it is not one that this list gave out")
		}
	}
	orgID, err := s.beginWebhooks(q)
	if err != nil {
		return err
	}
	all, err := s.Webhooks.Deliveries(c.r.Context(), orgID, c.r.PathValue("endpoint_id"), before, limit)
	if err != nil {
		return err
	}
	position, _ := s.Watch.Position()
	answer := projections.List[webhooks.Delivery]{Items: all, AsOf: position}
	if len(all) == limit {
		answer.NextCursor = cursorOf(strconv.FormatInt(all[limit-1].ID, 10))
	}
	return c.answer(answer)
}

func (s *Server) replayWebhook(c *call) error {
	var replay webhookReplay
	orgID, id, err := s.webhook(c, &replay)
	if err != nil {
		return err
	}
	e, err := s.Webhooks.Replay(c.r.Context(), orgID, id, replay.After)
	if err != nil {
		return err
	}
	return c.answer(e)
}

func (s *Server) testWebhook(c *call) error {
	orgID, id, err := s.webhook(c, nil)
	if err != nil {
		return err
	}
	d, err := s.Webhooks.Test(c.r.Context(), orgID, id)
	if err != nil {
		return err
	}
	return c.answer(d)
}
