package handlers

import (
	"context"
	"time"

	"orderledger/domain"
	"orderledger/eventstore"
)

// commandFate is what became of a command. An unknown one was never heard of, or is still under way.
type commandFate struct {
	Key      string     `json:"key"`
	Command  *string    `json:"command" doc:"null while the outcome is unknown"`
	Outcome  string     `json:"outcome" enum:"accepted,refused,unknown"`
	Code     string     `json:"code,omitempty" doc:"Why it was refused"`
	Position int64      `json:"position,omitempty" doc:"Of the command's last event; of the log's end, when it was refused"`
	At       *time.Time `json:"at" doc:"When it was recorded"`
}

func (s *Server) getCommand(c *call) error {
	q := c.queryOf()
	if q.values.Get("org_id") == "" && c.unknown == nil && c.who.OrgID == "" {
		q.fail("org_id", "a platform key names the organisation")
	}
	orgID, err := s.begin(q)
	if err != nil {
		return err
	}
	fate, err := s.fate(c.r.Context(), eventstore.KeyRef{OrgID: orgID, Key: c.r.PathValue("key")})
	if err != nil {
		return err
	}
	return c.answer(fate)
}

func (s *Server) fate(ctx context.Context, ref eventstore.KeyRef) (commandFate, error) {
	fate := commandFate{Key: ref.Key, Outcome: "unknown"}
	known, err := s.Log.Lookup(ctx, []eventstore.KeyRef{ref})
	if err != nil {
		return fate, err
	}
	if c, ok := known[ref]; ok {
		events, err := s.Log.Read(ctx, c.First-1, 1)
		if err != nil || len(events) == 0 {
			return fate, err
		}
		name := commandOf[events[0].Type]
		fate.Outcome, fate.Command, fate.Position, fate.At = "accepted", &name, c.Last, &events[0].RecordedAt
		return fate, nil
	}
	r, found, err := s.Log.LastRefusal(ctx, ref)
	if err != nil || !found {
		return fate, err
	}
	at := r.At.UTC()
	fate.Outcome, fate.Command, fate.Code, fate.Position, fate.At = "refused", &r.Command, r.Code, r.Position, &at
	return fate, nil
}

// commandOf is the command that a first event of a type comes from.
var commandOf = map[string]string{
	domain.TypeOrderPlaced:        "place_order",
	domain.TypeOrderPaid:          "pay_order",
	domain.TypeOrderCancelled:     "cancel_order",
	domain.TypeOrderExpired:       "expire_order",
	domain.TypeAccountToppedUp:    "top_up",
	domain.TypeOrgSettingsChanged: "change_settings",
}
