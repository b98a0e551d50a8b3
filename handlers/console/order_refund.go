package console

import (
	"strconv"

	"orderledger/domain"
	"orderledger/handlers"
)

// refundPage shows what a refund would give back, and gives it back.
type refundPage struct {
	form
	Order handlers.OrderAnswer
	// Refund is the order that would give back, Origin this one as it would be then, Note what came back; nil if it would
	// be refused.
	Refund, Origin *domain.Order
	Note           *domain.RefundNote
	// Blocked: the order can't be refunded, whatever is typed.
	Blocked bool
}

// refundPage shows what would come back of what the address asks for; without anything, what is refundable now.
func (v *view) refundPage() error {
	p, err := v.newRefundPage()
	if err != nil {
		return err
	}
	if err := p.plan(); err != nil {
		p.Problem = handlers.ProblemOf(err)
	}
	return v.dialog("order_refund", p)
}

func (v *view) refund() error {
	p, err := v.newRefundPage()
	if err != nil {
		return err
	}
	body, err := p.body()
	if err != nil {
		return err
	}
	result, err := p.send("refund_order", body)
	if err == nil {
		return v.did(result, v.To("/orders/"+p.Order.OrderID, "done", "order_refund"))
	}
	_ = p.plan() // the refusal that counts is the refund's
	p.refused(err)
	return v.show("order_refund", p)
}

func (v *view) newRefundPage() (*refundPage, error) {
	p := &refundPage{form: v.form(), Blocked: true}
	var err error
	if p.Order, err = v.readOrder(); err != nil {
		return p, err
	}
	for _, a := range v.orderActions(p.Order.Order) {
		p.Blocked = p.Blocked && a.Name != "refund"
	}
	return p, nil
}

// Asked is what was typed into a field, of the address or of the form.
func (p *refundPage) Asked(field string) string { return p.r.FormValue(field) }

// AskedLine says whether a line was ticked.
func (p *refundPage) AskedLine(no int) bool {
	for _, n := range p.r.Form["line"] {
		if n == strconv.Itoa(no) {
			return true
		}
	}
	return false
}

// body is the command for what was typed.
func (p *refundPage) body() (fields, error) {
	body := bodyAbout(p.Order.Order)
	body.text("amount", amountTyped(p.Asked("amount")))
	body.text("reason", p.Asked("reason"))
	if p.Asked("return_vouchers") != "" {
		body["return_vouchers"] = true
	}
	var lines []int
	for _, text := range p.r.Form["line"] {
		no, err := strconv.Atoi(text)
		if err != nil {
			return nil, &domain.Rejection{Code: domain.InvalidValue, Field: "line_nos", Detail: "a line's number is a whole number"}
		}
		lines = append(lines, no)
	}
	if len(lines) > 0 {
		body["line_nos"] = lines
	}
	return body, nil
}

// plan works out what would come back.
func (p *refundPage) plan() error {
	body, err := p.body()
	if err != nil {
		return err
	}
	outcome, err := p.try("refund_order", body)
	if err != nil {
		return err
	}
	p.Refund, _ = outcome.State.(*domain.Order)
	p.Origin, _ = outcome.After[domain.OrderRef(p.Order.OrderID)].(*domain.Order)
	if p.Origin != nil && len(p.Origin.Refunds) > 0 {
		p.Note = &p.Origin.Refunds[len(p.Origin.Refunds)-1]
	}
	return nil
}
