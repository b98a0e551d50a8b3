package handlers

import (
	"net/http"
	"slices"

	"orderledger/domain"
	"orderledger/internal/auth"
	"orderledger/projections"
)

// allRoutes lists every operation of the API: the mux, the document and the tests of permissions are
// made of it.
func (s *Server) allRoutes() []route {
	return slices.Concat(s.commandRoutes(), s.moneyRoutes(), s.orderRoutes(), s.resourceRoutes(), s.accountRoutes(), s.billRoutes(),
		s.eventRoutes(), s.webhookRoutes(), s.keyRoutes(), s.statusRoutes(), s.labelRoutes(), s.documentRoutes())
}

func (s *Server) commandRoutes() []route {
	return slices.Concat(s.orderCommandRoutes(), []route{
		{
			method: http.MethodPost, path: "/v1/quotes", id: "quote-order", summary: "Say what an order would come to; nothing happens, and no key is needed",
			needs: auth.PlaceOrder, status: http.StatusOK,
			body: domain.PlaceOrder{}, answer: OrderAnswer{}, handle: s.quote, // without id and position
		},
		{
			method: http.MethodPut, path: "/v1/orgs/{org_id}", id: "change-settings",
			summary: "Change those of an organisation's settings that are given; credit, proration and the like with a platform key",
			needs:   auth.ChangeSettings, command: true, status: http.StatusOK,
			body: domain.ChangeSettings{}, answer: projections.Org{}, handle: s.changeSettings,
		},
		{
			method: http.MethodPost, path: "/v1/commands", id: "send-commands", summary: "Carry out many commands, one a line, answered one a line",
			needs: auth.Read, status: http.StatusOK, body: commandLine{}, answer: lineAnswer{}, handle: s.bulk,
			query: []parameter{{"dry_run", "true: nothing is carried out; each line is answered as if those before it had been, without a position"}},
		},
		readRoute("/v1/commands/{key}", "get-command", "The fate of a command", commandFate{}, s.getCommand),
	})
}

// orderCommandRoutes are the commands about one order, which are answered with the order.
func (s *Server) orderCommandRoutes() []route {
	step := func(step, id, summary, command string, needs auth.Operation, body any) route {
		return route{
			method: http.MethodPost, path: "/v1/orders/{order_id}/" + step, id: id, summary: summary, needs: needs, command: true,
			status: http.StatusOK, body: body, answer: OrderAnswer{}, handle: s.orderCommand(command, "order_id"),
		}
	}
	return []route{
		{
			method: http.MethodPost, path: "/v1/orders", id: "place-order", summary: "Place an order",
			needs: auth.PlaceOrder, command: true, status: http.StatusCreated,
			body: domain.PlaceOrder{}, answer: OrderAnswer{}, handle: s.orderCommand("place_order"),
		},
		step("pay", "pay-order", "Pay an order, all or nothing, from its organisation's account", "pay_order", auth.PayOrder, domain.PayOrder{}),
		step("cancel", "cancel-order", "Cancel an unpaid order", "cancel_order", auth.CancelOrder, domain.CancelOrder{}),
		step("void", "void-order", "End an order that is not paid, as an operator", "void_order", auth.VoidOrder, domain.VoidOrder{}),
		step("approve", "approve-order", "Let an order that awaits approval go on", "approve_order", auth.ApproveOrder, domain.ApproveOrder{}),
		step("reject", "reject-order", "End an order that awaits approval", "reject_order", auth.ApproveOrder, domain.RejectOrder{}),
		step("fulfilment", "report-fulfilment", "Report how the provisioning of a paid order goes", "report_fulfilment", auth.ReportFulfilment,
			domain.ReportFulfilment{}),
		{
			method: http.MethodPost, path: "/v1/orders/{order_id}/refund", id: "refund-order",
			summary: "Give back what an order was paid with: what is refundable now, or an amount; with preview, only show it",
			needs:   auth.RefundOrder, command: true, status: http.StatusOK,
			body: domain.RefundOrder{}, answer: refundAnswer{}, handle: s.refund,
		},
	}
}
