package handlers

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"orderledger/domain"
	"orderledger/internal/auth"
	"orderledger/projections"
)

// moneyRoutes move an organisation's money.
func (s *Server) moneyRoutes() []route {
	move := func(path, id, summary, command string, needs auth.Operation, body any) route {
		return route{
			method: http.MethodPost, path: "/v1/accounts/{org_id}/" + path, id: id, summary: summary, needs: needs, command: true,
			status: http.StatusCreated, body: body, answer: moneyAnswer{},
			handle: func(c *call) error { return s.moveMoney(c, command) },
		}
	}
	return []route{
		move("top-ups", "top-up", "Raise a balance by money that came in; arrears are paid from it, oldest first", "top_up", auth.TopUp, domain.TopUp{}),
		move("withdrawals", "withdraw", "Book cash that went out", "withdraw", auth.Withdraw, domain.Withdraw{}),
		move("grants", "grant-gift", "Give gift money", "grant_gift", auth.GrantFunds, domain.GrantGift{}),
		move("vouchers", "issue-voucher", "Give a voucher", "issue_voucher", auth.GrantFunds, domain.IssueVoucher{}),
		move("freezes", "freeze-funds", "Set cash apart, so that nothing is paid from it", "freeze_funds", auth.FreezeFunds, domain.FreezeFunds{}),
		move("releases", "release-funds", "Give frozen cash free again", "release_funds", auth.FreezeFunds, domain.ReleaseFunds{}),
	}
}

// moneyAnswer is made of the command's events alone, so that a repeated command gets the same bytes.
type moneyAnswer struct {
	OrgID    string                `json:"org_id"`
	Entry    projections.Entry     `json:"entry" doc:"The movement on the account's statement"`
	Balances []projections.Balance `json:"balances" doc:"Of the currency that was moved, after the command"`
	GrantID  string                `json:"grant_id,omitempty" doc:"With grants: what was given"`
	Voucher  *domain.Voucher       `json:"voucher,omitempty" doc:"With vouchers: what was given"`
	// PaidOrders are the arrears that a top-up paid.
	PaidOrders []string `json:"paid_orders,omitempty" doc:"With top-ups: the arrears that were paid from it, oldest first"`
	AsOf       int64    `json:"as_of_position"`
}

func (s *Server) moveMoney(c *call, command string) error {
	_, result, err := s.command(c, command, "org_id")
	if err != nil {
		return err
	}
	at, err := s.occurredAt(c.r.Context(), result)
	if err != nil {
		return err
	}
	entries := projections.EntriesOf(result.Event, result.First, at)
	if len(entries) == 0 {
		return fmt.Errorf("the answer to %s is a %T", command, result.Event)
	}
	answer := moneyAnswer{OrgID: c.r.PathValue("org_id"), Entry: entries[0], AsOf: result.Last}
	balance := balanceAfter(result.Event)
	switch e := result.Event.(type) {
	case domain.GiftGranted:
		answer.GrantID = e.GrantID
	case domain.VoucherIssued:
		answer.Voucher = &e.Voucher
	}
	if result.Last > result.First {
		if err := s.paidArrears(c.r.Context(), result, &answer, &balance); err != nil {
			return err
		}
	}
	answer.Balances = []projections.Balance{{
		Currency: balance.Currency, Cash: balance.Cash.String(), Gift: balance.Gift.String(), Voucher: balance.Voucher.String(),
		Frozen: balance.Frozen.String(),
	}}
	return c.answer(answer)
}

// balanceAfter is the balance that an event of an account leads to.
func balanceAfter(e domain.Event) domain.Balance {
	account, ok := domain.Evolve(nil, e, domain.Meta{}).(*domain.Account)
	if !ok || len(account.Balances) == 0 {
		return domain.Balance{}
	}
	return account.Balances[0]
}

// paidArrears adds the settlements that the rest of a top-up's events paid.
func (s *Server) paidArrears(ctx context.Context, result Result, answer *moneyAnswer, balance *domain.Balance) error {
	events, err := s.Log.Read(ctx, result.First, int(result.Last-result.First))
	if err != nil {
		return err
	}
	for i := range events {
		if events[i].Type != domain.TypeAccountCharged {
			continue
		}
		e, err := domain.DecodeEvent(events[i].Type, events[i].Payload)
		if err != nil {
			return err
		}
		if charged, ok := e.(domain.AccountCharged); ok {
			answer.PaidOrders = append(answer.PaidOrders, charged.OrderID)
			*balance = charged.Balance
		}
	}
	return nil
}

// occurredAt is when a command's first event happened. A first answer that was made again from the log
// comes without the account, which would tell.
func (s *Server) occurredAt(ctx context.Context, result Result) (time.Time, error) {
	if a, ok := result.State.(*domain.Account); ok && result.First == result.Last {
		return a.OccurredAt, nil
	}
	stored, _, err := s.eventAt(ctx, result.First)
	return stored.OccurredAt, err
}
