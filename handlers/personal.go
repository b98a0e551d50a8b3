package handlers

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"

	"orderledger/domain"
)

// OrderAnswer is an order as the API answers it. Of personal values the order itself has digests only;
// the values are kept where they can be erased.
type OrderAnswer struct {
	*domain.Order
	Personal map[string]*string `json:"personal,omitempty" doc:"null for a value that was erased"`
}

// withPersonal puts values in the place of an order's digests.
func withPersonal(o *domain.Order, values map[string]string) OrderAnswer {
	answer := OrderAnswer{Order: o}
	if len(o.Personal) > 0 {
		answer.Personal = make(map[string]*string, len(o.Personal))
	}
	for name := range o.Personal {
		answer.Personal[name] = nil
		if v, there := values[name]; there {
			answer.Personal[name] = &v
		}
	}
	return answer
}

// fillPersonal puts personal values into orders as they are stored. Most have none and stay as they are.
func (s *Server) fillPersonal(ctx context.Context, docs []json.RawMessage) error {
	orders := map[int]*domain.Order{}
	var streams []string
	for i, doc := range docs {
		// Within a text the quotes would be escaped: what is found is a member, here or further inside.
		if !bytes.Contains(doc, []byte(`"personal":{`)) {
			continue
		}
		o := &domain.Order{}
		if err := json.Unmarshal(doc, o); err != nil {
			return fmt.Errorf("read a stored order: %w", err)
		}
		orders[i] = o
		streams = append(streams, domain.OrderRef(o.OrderID).String())
	}
	if len(orders) == 0 {
		return nil
	}
	values, err := s.Log.Personal(ctx, streams)
	if err != nil {
		return err
	}
	for i, o := range orders {
		docs[i] = encodeAnswer(withPersonal(o, values[domain.OrderRef(o.OrderID).String()]))
	}
	return nil
}
