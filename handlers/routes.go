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
		s.eventRoutes(), s.keyRoutes(), s.statusRoutes(), s.labelRoutes(), s.documentRoutes())
}

func (s *Server) commandRoutes() []route {
	return []route{
		{
			method: http.MethodPost, path: "/v1/orders", id: "place-order", summary: "Place an order",
			needs: auth.PlaceOrder, command: true, status: http.StatusCreated,
			body: domain.PlaceOrder{}, answer: orderAnswer{}, handle: s.orderCommand("place_order"),
		},
		{
			method: http.MethodPost, path: "/v1/orders/{order_id}/pay", id: "pay-order", summary: "Pay an order, all or nothing, from its organisation's account",
			needs: auth.PayOrder, command: true, status: http.StatusOK,
			body: domain.PayOrder{}, answer: orderAnswer{}, handle: s.orderCommand("pay_order", "order_id"),
		},
		{
			method: http.MethodPost, path: "/v1/orders/{order_id}/cancel", id: "cancel-order", summary: "Cancel an unpaid order",
			needs: auth.CancelOrder, command: true, status: http.StatusOK,
			body: domain.CancelOrder{}, answer: orderAnswer{}, handle: s.orderCommand("cancel_order", "order_id"),
		},
		{
			method: http.MethodPost, path: "/v1/orders/{order_id}/refund", id: "refund-order",
			summary: "Give back what an order was paid with: what is refundable now, or an amount; with preview, only show it",
			needs:   auth.RefundOrder, command: true, status: http.StatusOK,
			body: domain.RefundOrder{}, answer: refundAnswer{}, handle: s.refund,
		},
		{
			method: http.MethodPost, path: "/v1/quotes", id: "quote-order", summary: "Say what an order would come to; nothing happens, and no key is needed",
			needs: auth.PlaceOrder, status: http.StatusOK,
			body: domain.PlaceOrder{}, answer: quoteAnswer{}, handle: s.quote,
		},
		{
			method: http.MethodPut, path: "/v1/orgs/{org_id}", id: "change-settings", summary: "Change those of an organisation's settings that are given",
			needs: auth.ChangeSettings, command: true, status: http.StatusOK,
			body: domain.ChangeSettings{}, answer: projections.Org{}, handle: s.changeSettings,
		},
		{
			method: http.MethodPost, path: "/v1/commands", id: "send-commands", summary: "Carry out many commands, one a line, answered one a line",
			needs: auth.Read, status: http.StatusOK, body: commandLine{}, answer: lineAnswer{}, handle: s.bulk,
			query: []parameter{{"dry_run", "true: nothing is carried out; each line is answered as if those before it had been, without a position"}},
		},
		readRoute("/v1/commands/{key}", "get-command", "The fate of a command", commandFate{}, s.getCommand),
	}
}
