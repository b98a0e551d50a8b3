package domain

import "slices"

// arrearsPerCommand bounds how many orders one command pays.
const arrearsPerCommand = 100

// CollectArrears pays settlements that wait, oldest first, as far as the account's money goes: for money that came in
// otherwise than by a top-up.
type CollectArrears struct {
	OrgID string `json:"org_id"`
}

func (c CollectArrears) Name() string             { return "collect_arrears" }
func (c CollectArrears) Org() string              { return c.OrgID }
func (c CollectArrears) ForOrg(id string) Command { c.OrgID = id; return c }

// Needs the account, and the orders that wait.
func (c CollectArrears) Needs(s States) []Ref {
	refs := []Ref{AccountRef(c.OrgID), OrgRef(c.OrgID)}
	a := s.Account(c.OrgID)
	for _, currency := range a.inArrears() {
		refs = append(refs, a.arrearRefs(currency)...)
	}
	return refs
}

// Check finds what is wrong with the command whatever the ledger holds.
func (c CollectArrears) Check() *Rejection {
	k := &checker{}
	k.id("org_id", c.OrgID)
	return k.first
}

func (c CollectArrears) decide(s States, clock Clock) (Decision, *Rejection) {
	d := newDraft(s, clock)
	for _, currency := range s.Account(c.OrgID).inArrears() {
		d.collect(c.OrgID, currency)
	}
	if len(d.Events) == 0 {
		return Decision{}, reject(NothingDue, "nothing waits that the account's money could pay")
	}
	return d.Decision, nil
}

// collect pays what waits in a currency, oldest first, and stops at the first order that can't be paid whole.
func (d *draft) collect(orgID string, currency Currency) {
	for _, ref := range d.Account(orgID).arrearRefs(currency) {
		o := d.Order(ref.ID)
		if o == nil || o.Status != Unpaid || d.clock.At.Before(o.OccurredAt) {
			return // history that is brought in may come before the settlement
		}
		if d.charge(o, nil, settlementPeriod(d.Org(orgID), o)) != nil {
			return
		}
	}
}

// settlementPeriod is the month of a settlement, however late it is paid: that of what it bills, while it is open.
func settlementPeriod(org *Org, o *Order) Period {
	begins := o.CreatedAt
	for i := range o.Lines {
		if from := o.Lines[i].EffectiveAt; from != nil && from.Before(begins) {
			begins = *from
		}
	}
	return bookingPeriod(org, begins)
}

// inArrears are the currencies that orders wait in.
func (a *Account) inArrears() []Currency {
	var all []Currency
	if a != nil {
		for _, chunk := range a.Arrears.chunks {
			for i := range chunk {
				if !slices.Contains(all, chunk[i].Currency) {
					all = append(all, chunk[i].Currency)
				}
			}
		}
	}
	return all
}

// arrearRefs are the oldest orders that wait in a currency.
func (a *Account) arrearRefs(c Currency) []Ref {
	var refs []Ref
	if a != nil {
		for _, chunk := range a.Arrears.chunks {
			for i := range chunk {
				if chunk[i].Currency == c {
					if refs = append(refs, OrderRef(chunk[i].OrderID)); len(refs) == arrearsPerCommand {
						return refs
					}
				}
			}
		}
	}
	return refs
}
