package handlers

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"orderledger/internal/auth"
)

// positionPatience is how long a read waits for min_position.
const positionPatience = 5 * time.Second

// readRoute makes a route that reads.
func readRoute(path, id, summary string, answer any, handle func(*call) error, parameters ...parameter) route {
	return route{
		method: http.MethodGet, path: path, id: id, summary: summary, needs: auth.Read, status: http.StatusOK,
		answer: answer, handle: handle, query: append(parameters, orgParameter, positionParameter),
	}
}

// begin checks a read's caller, finds the organisation that it may see, and waits for min_position in the
// read models that it rests on; for the log itself when it names none.
func (s *Server) begin(q query, models ...string) (org string, err error) {
	q.checkOrg()
	position := q.position()
	if err := q.allow(s.limits); err != nil {
		return "", err
	}
	if org, err = q.org(); err != nil || position == 0 {
		return org, err
	}
	return org, s.reach(q.r.Context(), position, models...)
}

// reach waits for a position in read models; in the log itself when none is named.
func (s *Server) reach(ctx context.Context, position int64, models ...string) error {
	ctx, cancel := context.WithTimeout(ctx, positionPatience)
	defer cancel()
	if len(models) > 0 {
		return s.Reader.WaitFor(ctx, position, models...)
	}
	if reached, err := s.Watch.Wait(ctx, position-1); err != nil {
		return problem(codePositionNotReached, "the log ends at "+strconv.FormatInt(reached, 10))
	}
	return nil
}

// beginFor is begin for a path that names the organisation.
func (s *Server) beginFor(q query, models ...string) (org string, err error) {
	org = q.r.PathValue("org_id")
	if _, err := s.begin(q, models...); err != nil {
		return "", err
	}
	return org, q.ownOrg(org)
}

// asOf adds as_of_position to a stored object.
func asOf(doc json.RawMessage, position int64) json.RawMessage {
	end := len(doc)
	for end > 0 && doc[end-1] != '}' {
		end--
	}
	b := append(make(json.RawMessage, 0, end+40), doc[:end-1]...)
	b = strconv.AppendInt(append(b, `,"as_of_position":`...), position, 10)
	return append(b, '}')
}
