package domain

import "time"

// refundUnit is the unit of lines that give back what was paid.
const refundUnit = "refund"

// complete adds what the order that it follows and its resources tell beside prices: the lines that return what is left
// of leases, and the bill lines that others take money back from.
func (e *OrderPlaced) complete(f *following) {
	for i, corrects := range f.corrects {
		e.Lines[i].Corrects, e.Lines[i].Prorated = corrects, f.prorated[i]
	}
	for _, l := range f.back {
		l.LineNo = len(e.Lines) + 1
		e.Lines = append(e.Lines, l)
	}
	if len(f.back) > 0 {
		e.sum()
	}
}

// giveBack posts an order of a negative amount back on the money of the order that it follows.
func (d *draft) giveBack(o *Order, period Period) *Rejection {
	parent := d.Order(*o.ParentOrderID)
	if refused := parent.notBefore(d.clock); refused != nil {
		return refused
	}
	plan, refused := d.planFor(o, parent)
	if refused != nil {
		return refused
	}
	return d.postBack(o, parent, plan, period)
}

// planFor finds the parent's money that the order gives back: of the line that each of its lines corrects, or of all.
func (d *draft) planFor(o, parent *Order) (refundPlan, *Rejection) {
	settings := SettingsOf(d.Org(o.OrgID))
	whole := refundPlan{returned: NoFunds(o.Currency), consumed: o.Currency.Zero(), forfeited: o.Currency.Zero()}
	seen := map[int]bool{}
	for i := range o.Lines {
		l := &o.Lines[i]
		if l.PayableAmount.Sign() == 0 {
			continue
		}
		n := lineCorrected(parent, l)
		if n == 0 || seen[n] {
			amount := o.PayableAmount.Neg()
			return refundable(parent, settings, refundAsk{amount: &amount, exact: true}, d.clock.At)
		}
		seen[n] = true
		ask := refundAsk{lineNos: []int{n}}
		if !givesBack(l) {
			amount := l.PayableAmount.Neg()
			if refused := d.worthIt(o, parent, l, settings); refused != nil {
				return refundPlan{}, refused
			}
			ask.amount, ask.exact = &amount, true
		}
		plan, refused := refundable(parent, settings, ask, d.clock.At)
		if refused != nil {
			return refundPlan{}, refused
		}
		if from, to, ok := d.cutBy(o, l); ok {
			for j := range plan.lines {
				plan.lines[j].Cuts = []LeaseCut{{Amount: plan.lines[j].Returned.Total(), From: from, To: to}}
			}
		}
		whole.add(plan)
	}
	return whole, nil
}

// worthIt refuses changes that would give back more of what a line was paid for than the time that they take is worth:
// what is used is used.
func (d *draft) worthIt(o, parent *Order, l *Line, settings Settings) *Rejection {
	from, to, ok := d.cutBy(o, l)
	if !ok {
		return nil
	}
	n := lineCorrected(parent, l)
	lines, refused := parent.paidLines(refundAsk{lineNos: []int{n}})
	if refused != nil {
		return refused
	}
	targetTime(lines, parent, settings, d.clock.At)
	worth, p := lines[0].target, parent.line(n)
	if o.OrderType == TermSettlement && p.EffectiveAt != nil && p.ExpiresAt != nil && !l.Prorated {
		left, total := timeLeft(*p.EffectiveAt, *p.ExpiresAt, from, time.Microsecond)
		worth = lesser(worth, lines[0].paid.Total().part(left, total))
	}
	if worth.Less(l.PayableAmount.Neg()) {
		return reject(NotRefundable, "of what line %d of the order %s was paid with, %s is for the time from %s to %s", n, parent.OrderID, worth, from.Format(time.RFC3339), to.Format(time.RFC3339))
	}
	return nil
}

// cutBy is the time that a line gives money back for.
func (d *draft) cutBy(o *Order, l *Line) (from, to time.Time, ok bool) {
	switch {
	case o.OrderType == Downgrade && l.EffectiveAt != nil && l.ExpiresAt != nil:
		return *l.EffectiveAt, *l.ExpiresAt, true
	case o.OrderType == TermSettlement:
		h := tenureOf(d, o.OrgID, l.ResourceID, o.ParentOrderID)
		if t := h.term(&l.LineSpec); t != nil && t.ExpiresAt != nil {
			return *l.ExpiresAt, *t.ExpiresAt, true
		}
	}
	return time.Time{}, time.Time{}, false
}

func lineCorrected(parent *Order, l *Line) int {
	for i := range parent.Lines {
		if n := parent.Lines[i].LineNo; l.Corrects == billLineID(parent.OrderID, n) {
			return n
		}
	}
	return 0
}

// add joins the plan of another line.
func (p *refundPlan) add(q refundPlan) {
	p.returned = p.returned.Add(q.returned)
	p.consumed, p.forfeited = p.consumed.Add(q.consumed), p.forfeited.Add(q.forfeited)
	p.lines = append(p.lines, q.lines...)
	p.timed = p.timed || q.timed
}
