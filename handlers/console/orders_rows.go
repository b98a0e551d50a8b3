package console

import "html/template"

// TableRows are the rows of the list's table. Rows of orders that may be paid or cancelled have a box to choose them by.
func (p *ordersPage) TableRows() template.HTML {
	m := &markup{v: p.view}
	m.Grow(4096 * len(p.Rows))
	boxes := p.Anything()
	for i := range p.Rows {
		m.raw("<tr>")
		if boxes {
			p.box(m, &p.Rows[i])
		}
		for _, c := range p.Rows[i].Cells {
			p.orderCell(m, &p.Rows[i], c)
		}
		p.operations(m, &p.Rows[i])
		m.raw("</tr>\n")
	}
	return m.html()
}

func (p *ordersPage) box(m *markup, o *orderListed) {
	m.raw(`<td class="check">`)
	if o.Open {
		m.raw(`<input type="checkbox" name="order_id" value="`)
		m.text(o.OrderID)
		m.raw(`" data-amount="`)
		m.text(o.PayableAmount.String())
		m.raw(`" data-zero="`)
		m.text(p.Money("0", o.Currency))
		m.raw(`" aria-label="`)
		m.text(p.T("orders.choose_one", o.OrderID))
		m.raw(`">`)
	}
	m.raw(`</td>`)
}

func (p *ordersPage) orderCell(m *markup, o *orderListed, c cell) {
	if c.Code == "order_id" {
		m.raw(`<th scope="row">`)
		m.orderID(c.Raw)
		m.raw(`</th>`)
		return
	}
	m.td(c)
	if c.Code == "parent_order_id" && c.Raw != "" {
		m.orderID(c.Raw)
	} else {
		m.cell(c)
	}
	if c.Code == "status" && o.Left != "" {
		m.raw(` <span class="left">`)
		m.text(o.Left)
		m.raw(`</span>`)
	}
	m.raw(`</td>`)
}

// operations are what can be done with an order.
func (p *ordersPage) operations(m *markup, o *orderListed) {
	link := func(below, begin, word, end string) {
		m.link(p.toOrder(o.OrderID, below))
		m.raw(begin)
		m.text(p.T(word))
		m.raw(end)
	}
	m.raw(`<td class="ops">`)
	link("", `>`, "orders.view", `</a>`)
	if o.Payable {
		m.raw(` `)
		link("/pay", `><b>`, "orders.pay", `</b></a>`)
	}
	if o.Cancellable {
		m.raw(` `)
		link("/cancel", `>`, "orders.cancel", `</a>`)
	}
	m.raw(` `)
	link("/document", `>`, "orders.document", `</a>`)
	m.raw(`</td>`)
}
