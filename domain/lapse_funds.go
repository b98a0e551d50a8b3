package domain

import "slices"

// LapseFunds ends what is left of the grants and vouchers whose time is over.
type LapseFunds struct {
	OrgID string `json:"org_id"`
}

func (c LapseFunds) Name() string             { return "lapse_funds" }
func (c LapseFunds) Org() string              { return c.OrgID }
func (c LapseFunds) ForOrg(id string) Command { c.OrgID = id; return c }

func (c LapseFunds) Needs(States) []Ref { return []Ref{AccountRef(c.OrgID)} }

// Check finds what is wrong with the command whatever the ledger holds.
func (c LapseFunds) Check() *Rejection {
	k := &checker{}
	k.id("org_id", c.OrgID)
	return k.first
}

func (c LapseFunds) decide(s States, clock Clock) (Decision, *Rejection) {
	var lapsed []FundsLapsed // by currency
	of := func(currency Currency) *FundsLapsed {
		i := slices.IndexFunc(lapsed, func(l FundsLapsed) bool { return l.Currency == currency })
		if i < 0 {
			i = len(lapsed)
			lapsed = append(lapsed, FundsLapsed{OrgID: c.OrgID, Currency: currency})
		}
		return &lapsed[i]
	}
	a := s.Account(c.OrgID)
	if a != nil {
		for _, g := range a.Gifts {
			if over(g.ExpiresAt, clock.At) {
				l := of(g.Currency)
				l.Gifts = append(l.Gifts, GiftPart{g.GrantID, g.Left, g.ExpiresAt})
			}
		}
		for _, v := range a.Vouchers {
			if over(v.ValidTo, clock.At) {
				l := of(v.Currency)
				l.Vouchers = append(l.Vouchers, VoucherPart{v.VoucherID, v.Left})
			}
		}
	}
	if len(lapsed) == 0 {
		return Decision{}, reject(NothingDue, "no gift or voucher is past its end")
	}
	var d Decision
	for _, l := range lapsed {
		funds := NoFunds(l.Currency)
		for _, g := range l.Gifts {
			funds.Gift = funds.Gift.Add(g.Amount)
		}
		for _, v := range l.Vouchers {
			funds.Voucher = funds.Voucher.Add(v.Amount)
		}
		l.Balance, l.Postings = a.Balance(l.Currency), fundPostings(l.Currency, funds, PlacePromotion)
		l.Balance.Funds = l.Balance.Sub(funds)
		d.Events = append(d.Events, StreamEvent{AccountRef(c.OrgID), l})
	}
	return d, nil
}
