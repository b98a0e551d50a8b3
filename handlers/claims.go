package handlers

import (
	"context"
	"fmt"

	"orderledger/domain"
	"orderledger/eventstore"
)

// Taken says whether a claim is known to be made: by an earlier command, in the log, on its way there, or in this batch.
func (b *batch) Taken(orgID, kind, value string) bool {
	return b.taken(b.deciding, eventstore.Claim{OrgID: orgID, Kind: kind, Value: value})
}

func (b *batch) taken(t *task, c eventstore.Claim) bool {
	if b.claims[c] || b.before != nil && b.before.claims[c] {
		return true
	}
	if t == nil {
		return false // nothing is being decided: a command says what it needs
	}
	for _, known := range t.taken {
		if known[c] {
			return true
		}
	}
	return false
}

// claim makes an accepted command's claims, with the event of that index; why is the refusal of the first that is
// taken. A command that takes what it was told is taken, or one claim twice, would be decided and refused by the
// log for ever: that is an error.
func (b *batch) claim(t *task, claims []domain.Claim, event int) (why *domain.Rejection, err error) {
	made := len(b.Claims)
	for _, c := range claims {
		key := eventstore.Claim{OrgID: t.org, Kind: c.Kind, Value: c.Value}
		if b.taken(t, key) {
			if why = c.Taken; why == nil {
				err = fmt.Errorf("%s claims %s %q, which it was told is taken", t.Command.Name(), c.Kind, c.Value)
			}
			b.unclaim(made)
			return why, err
		}
		b.claims[key] = true
		key.Event = event
		b.Claims = append(b.Claims, key)
	}
	return nil, nil
}

// unclaim takes the claims after the first made ones back.
func (b *batch) unclaim(made int) {
	for _, c := range b.Claims[made:] {
		c.Event = 0
		delete(b.claims, c)
	}
	b.Claims = b.Claims[:made]
}

// markTaken finds which claims of a refused append are in the log, all in one query, and tells every task of the
// batch, whoever made the claim: once it is known, others that would make it next decide rightly at once.
func (e *Executor) markTaken(ctx context.Context, b *batch) (found bool, err error) {
	if len(b.Claims) == 0 {
		return false, nil
	}
	claims := make([]eventstore.Claim, 0, len(b.claims))
	for c := range b.claims {
		claims = append(claims, c)
	}
	taken, err := e.log.TakenClaims(ctx, claims)
	if err != nil || len(taken) == 0 {
		return false, err
	}
	for _, t := range b.tasks {
		t.taken = append(t.taken, taken) // beside what it was told before, which stays taken
	}
	return true, nil
}
