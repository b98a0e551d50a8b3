package console

import (
	"slices"

	"orderledger/domain"
	"orderledger/handlers"
	"orderledger/internal/auth"
)

// action is something that a person can do about an order.
type action struct {
	// Name is the end of its address, and of its words.
	Name      string
	command   string
	operation auth.Operation
	statuses  []domain.Status
	// fits says of an order of such a status whether the action may apply; nil is always.
	fits func(*view, *domain.Order) bool
}

// Main says whether it is what most people come for, Danger whether it takes something away.
func (a action) Main() bool { return a.Name == "pay" || a.Name == "approve" }

func (a action) Danger() bool { return a.Name == "cancel" || a.Name == "void" || a.Name == "reject" }

// waiting are the statuses of an order that nothing was paid for yet.
var waiting = []domain.Status{domain.Unpaid, domain.AwaitingApproval}

// actions are what an order's page offers. They leave out what is sure to be refused; the domain decides.
var actions = []action{
	{"pay", "pay_order", auth.PayOrder, []domain.Status{domain.Unpaid}, func(v *view, o *domain.Order) bool {
		return o.PayBefore == nil || v.now.Before(*o.PayBefore)
	}},
	{"approve", "approve_order", auth.ApproveOrder, []domain.Status{domain.AwaitingApproval}, (*view).mayDecide},
	{"reject", "reject_order", auth.ApproveOrder, []domain.Status{domain.AwaitingApproval}, (*view).mayDecide},
	{"cancel", "cancel_order", auth.CancelOrder, waiting, func(_ *view, o *domain.Order) bool { return !o.Arrears }},
	{"void", "void_order", auth.VoidOrder, waiting, nil},
	{
		"refund", "refund_order", auth.RefundOrder,
		[]domain.Status{domain.Paid, domain.FulfilmentFailure, domain.Completed, domain.PartiallyRefunded},
		func(_ *view, o *domain.Order) bool {
			return o.Paid.Total().Sign() > 0 && (o.Fulfilment == nil || o.Fulfilment.State != "started")
		},
	},
}

// mayDecide says whether the order was placed by somebody else.
func (v *view) mayDecide(o *domain.Order) bool { return o.PlacedBy != "key:"+v.who.KeyID }

func (v *view) orderActions(o *domain.Order) []action {
	var all []action
	for _, a := range actions {
		if v.May(a.operation) && slices.Contains(a.statuses, o.Status) && (a.fits == nil || a.fits(v, o)) {
			all = append(all, a)
		}
	}
	return all
}

// decisionPages are the pages of the actions that need no more than a reason.
func decisionPages() []page {
	var all []page
	for _, a := range actions {
		if a.Name == "pay" || a.Name == "refund" {
			continue
		}
		all = append(all,
			page{"GET /orders/{order_id}/" + a.Name, a.operation, func(v *view) error { return v.decisionPage(a) }},
			page{"POST /orders/{order_id}/" + a.Name, a.operation, func(v *view) error { return v.decide(a) }})
	}
	return all
}

// decisionPage asks whether the person is sure.
type decisionPage struct {
	form
	Order  handlers.OrderAnswer
	Action action
	// Blocked: the order can't be acted on, whatever is typed.
	Blocked bool
}

// bodyAbout is the body of a command about an order, in the making.
func bodyAbout(o *domain.Order) fields { return fields{"order_id": o.OrderID, "org_id": o.OrgID} }

func (v *view) decisionPage(a action) error {
	o, err := v.readOrder()
	if err != nil {
		return err
	}
	p := decisionPage{form: v.form(), Order: o, Action: a}
	body := bodyAbout(o.Order)
	body["reason"] = a.Name // a void needs one
	if _, err := v.try(a.command, body); err != nil {
		p.Problem, p.Blocked = handlers.ProblemOf(err), true
	}
	return v.dialog("order_decision", p)
}

func (v *view) decide(a action) error {
	o, err := v.readOrder()
	if err != nil {
		return err
	}
	p := decisionPage{form: v.form(), Order: o, Action: a}
	body := bodyAbout(o.Order)
	body.text("reason", v.r.PostFormValue("reason"))
	result, err := p.send(a.command, body)
	if err != nil {
		p.refused(err)
		return v.show("order_decision", p)
	}
	return v.did(result, v.To("/orders/"+o.OrderID, "done", "order_"+a.Name))
}

// try says what a command would do.
func (v *view) try(command string, body fields) (*handlers.Outcome, error) {
	text, err := body.json()
	if err != nil {
		return nil, err
	}
	return v.c.Server.Try(v.r.Context(), v.who, command, text)
}

// dialog answers with a page, or with its dialog alone, which a script shows over the page that it was opened from.
func (v *view) dialog(name string, data any) error {
	if v.isPart() {
		return v.part(name, "dialog", data)
	}
	return v.show(name, data)
}
