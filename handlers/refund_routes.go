package handlers

import (
	"fmt"

	"orderledger/domain"
)

// refundAnswer has both sides of a refund, as the command left them.
type refundAnswer struct {
	RefundOrder OrderAnswer `json:"refund_order" doc:"Gives back; of a preview, as it would be placed"`
	Origin      OrderAnswer `json:"origin" doc:"What it takes back from"`
}

func (s *Server) refund(c *call) error {
	t, size, err := c.commandBody([]string{"order_id"})
	if err != nil {
		return err
	}
	if m := t.member(0, "preview"); m > 0 && t.nodes[m].kind == jsonTrue {
		return s.previewRefund(c, t)
	}
	_, result, err := s.carryOut(c, t, size, "refund_order")
	if err != nil {
		return err
	}
	o, ok := result.State.(*domain.Order)
	if !ok {
		return fmt.Errorf("the answer to refund_order is a %T", result.State)
	}
	var answer refundAnswer
	if answer.RefundOrder, err = s.filled(c.r.Context(), o); err != nil {
		return err
	}
	if answer.Origin, err = s.orderAt(c.r.Context(), c.r.PathValue("order_id"), result.Last); err != nil {
		return err
	}
	return c.answer(answer)
}

// keyOfPreviews stands in for the key that a preview does not need.
const keyOfPreviews = "preview"

func (s *Server) previewRefund(c *call, t *tree) error {
	request, err := s.readCommand(c, t, "refund_order", keyOfPreviews)
	if err != nil {
		return err
	}
	refund, ok := request.Command.(domain.RefundOrder)
	if !ok {
		return fmt.Errorf("a preview of a %T", request.Command)
	}
	refund.Preview = false
	request.Command, request.Key = refund, ""
	outcome, err := s.Executor.Preview(c.r.Context(), request)
	if err != nil {
		return err
	}
	order, _ := outcome.State.(*domain.Order)
	origin, _ := outcome.After[domain.OrderRef(refund.OrderID)].(*domain.Order)
	if order == nil || origin == nil {
		return fmt.Errorf("the preview of refund_order gave a %T", outcome.State)
	}
	var answer refundAnswer
	if answer.RefundOrder, err = s.filled(c.r.Context(), order); err != nil {
		return err
	}
	if answer.Origin, err = s.filled(c.r.Context(), origin); err != nil {
		return err
	}
	return c.answer(answer)
}

// quoteAnswer is an order as it would be placed: the fields here hide those of the order, which has none of them yet.
type quoteAnswer struct {
	OrderAnswer
	OrderID  *string `json:"order_id,omitempty"`
	Position *int64  `json:"position,omitempty"`
}

// quote says what an order would come to; nothing happens, and no key is needed.
func (s *Server) quote(c *call) error {
	t, _, err := c.commandBody(nil)
	if err != nil {
		return err
	}
	request, err := s.readCommand(c, t, "place_order", keyOfPreviews)
	if err != nil {
		return err
	}
	request.Key = ""
	outcome, err := s.Executor.Preview(c.r.Context(), request)
	if err != nil {
		return err
	}
	o, ok := outcome.State.(*domain.Order)
	if !ok {
		return fmt.Errorf("the quote of place_order is a %T", outcome.State)
	}
	personal := map[string]string{}
	if placed, ok := request.Command.(domain.PlaceOrder); ok {
		personal = placed.Personal
	}
	return c.answer(quoteAnswer{OrderAnswer: withPersonal(o, personal)})
}
