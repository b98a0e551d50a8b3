package console

import "html/template"

// TableRows are the rows of the table of bill lines.
func (d billLinesData) TableRows() template.HTML {
	m := &markup{v: d.view}
	m.Grow(4096 * len(d.Rows))
	for _, line := range d.Rows {
		m.raw("<tr>")
		for _, c := range line.Cells {
			if c.Code == "amount" { // it stays in sight beside all the others
				m.raw(`<td class="num pinned">`)
			} else {
				m.td(c)
			}
			d.lineCell(m, line.OrgID, c)
			m.raw("</td>")
		}
		m.raw("</tr>\n")
	}
	return m.html()
}

// lineCell writes a cell; an order and a resource lead to their pages.
func (d billLinesData) lineCell(m *markup, org string, c cell) {
	switch {
	case c.Raw != "" && c.Code == "order_id":
		m.orderID(c.Raw)
	case c.Raw != "" && c.Code == "resource_id":
		m.raw(`<span class="id">`)
		m.link(d.ResourceLink(org, c.Raw))
		m.raw(`><code>`)
		m.text(c.Raw)
		m.raw(`</code></a>`)
		m.copyButton(c.Raw)
		m.raw(`</span>`)
	default:
		m.cell(c)
	}
}
