package domain

import "time"

// giftsMax bounds the grants of an account that have something left.
const giftsMax = 200

// GrantGift gives gift money, which pays before cash and lapses at its end.
type GrantGift struct {
	OrgID     string     `json:"org_id"`
	Amount    Amount     `json:"amount"`
	Currency  Currency   `json:"currency"`
	ExpiresAt *time.Time `json:"expires_at"`
	Reason    string     `json:"reason"`
}

func (c GrantGift) Name() string             { return "grant_gift" }
func (c GrantGift) Org() string              { return c.OrgID }
func (c GrantGift) ForOrg(id string) Command { c.OrgID = id; return c }

func (c GrantGift) Needs(States) []Ref { return []Ref{AccountRef(c.OrgID)} }

// Check finds what is wrong with the grant whatever the ledger holds.
func (c GrantGift) Check() *Rejection {
	k := &checker{}
	k.id("org_id", c.OrgID)
	k.money("amount", c.Amount, c.Currency)
	k.time("expires_at", c.ExpiresAt)
	k.text("reason", c.Reason, reasonMax)
	return k.first
}

func (c GrantGift) decide(s States, clock Clock) (Decision, *Rejection) {
	a := s.Account(c.OrgID)
	amount, _ := c.Amount.In(c.Currency) // checked
	if over(c.ExpiresAt, clock.At) {
		return Decision{}, invalid("expires_at", "a gift ends after it is given")
	}
	if a != nil && len(a.Gifts) >= giftsMax {
		return Decision{}, reject(LimitReached, "the account has %d gifts that are not used up, and can't have more", giftsMax)
	}
	balance := a.Balance(c.Currency)
	if balance.Gift = balance.Gift.Add(amount); !balance.Gift.inRange() {
		return Decision{}, tooLarge()
	}
	return one(AccountRef(c.OrgID), GiftGranted{
		OrgID: c.OrgID, GrantID: derivedID("grant", c.OrgID, numbered(a.nextVersion())), Currency: c.Currency, Amount: amount,
		ExpiresAt: utc(c.ExpiresAt), Reason: c.Reason, Balance: balance, Postings: transfer(c.Currency, amount, PlacePromotion, PlaceGift),
	}), nil
}
