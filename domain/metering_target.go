package domain

// resolve finds the resource and the term that a record of use is about.
func (m *metering) resolve(t usageTarget) (*Resource, *Term, *Rejection) {
	if t.orderID == "" {
		return m.termOf(t.resourceID, t.meter, "resource_id", nil)
	}
	o := m.states.Order(t.orderID)
	if o == nil || o.OrgID != m.orgID {
		return nil, nil, noSuch("order_id", "order", t.orderID)
	}
	lines := meteredLines(o, t)
	if len(lines) == 0 {
		return nil, nil, invalid("order_id", "the order %s has no line of use with a resource; name one that is opened, or the resource", t.orderID)
	}
	var resource *Resource
	var term *Term
	for _, l := range lines {
		r, found, refused := m.termOf(l.ResourceID, t.meter, "order_id", l)
		if refused != nil {
			return nil, nil, refused
		}
		if term != nil && found != term {
			return nil, nil, invalid("meter", "several lines of the order have the meter %s; name the resource, too", t.meter)
		}
		resource, term = r, found
	}
	return resource, term, nil
}

// termOf finds the term of a resource that has the meter: that of the order line, or else the only one.
func (m *metering) termOf(resourceID, meter, field string, line *Line) (*Resource, *Term, *Rejection) {
	r := m.states.Resource(m.orgID, resourceID)
	if r == nil {
		return nil, nil, noSuch(field, "resource", resourceID)
	}
	if r.Status != ResourceActive {
		return nil, nil, &Rejection{Code: ResourceIsClosed, Field: field, Detail: "the resource " + resourceID + " is closed; its use is settled"}
	}
	var found *Term
	for i := range r.Terms {
		t := &r.Terms[i]
		if !t.has(meter) || line != nil && !t.of(line) {
			continue
		}
		if found != nil {
			return nil, nil, invalid("meter", "the resource has several meters %s; name the order, too", meter)
		}
		found = t
	}
	if found == nil {
		return nil, nil, invalid("meter", "the resource %s has no meter %s", resourceID, meter)
	}
	return r, found, nil
}

// has says whether the term counts, or counted, by the meter.
func (t *Term) has(meter string) bool {
	for i := range t.Rates {
		if _, ok := t.Rates[i].meter(meter); ok {
			return true
		}
	}
	return false
}

// of says whether an order line is about the term.
func (t *Term) of(l *Line) bool {
	return t.ProductCode == l.ProductCode && t.BillingItem == l.BillingItem
}

// meteredLines are the lines of an order that a record may be about: those that have its meter, or else all that have
// any, as the meter may have been added later.
func meteredLines(o *Order, t usageTarget) []*Line {
	var having, others []*Line
	for i := range o.Lines {
		l := &o.Lines[i]
		if len(l.Meters) == 0 || l.ResourceID == "" || t.resourceID != "" && l.ResourceID != t.resourceID {
			continue
		}
		others = append(others, l)
		for j := range l.Meters {
			if l.Meters[j].Meter == t.meter {
				having = append(having, l)
				break
			}
		}
	}
	if len(having) > 0 {
		return having
	}
	return others
}

func noSuch(field, kind, id string) *Rejection {
	return &Rejection{Code: NotFound, Field: field, Detail: "there is no " + kind + " " + id, Early: true}
}
