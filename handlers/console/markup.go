package console

import (
	"html/template"
	"net/url"
	"strings"
	"time"
)

// markup is HTML that is made without a template: the rows of large tables. A cell takes a template some twenty calls by
// reflection, which is most of the time of a page with hundreds of them. What raw writes must be ours; everything else
// goes through text, also within quoted attributes.
type markup struct {
	strings.Builder
	v *view
}

func (m *markup) raw(html string) { m.WriteString(html) }

func (m *markup) text(s string) {
	if strings.ContainsAny(s, "<>&'\"\x00") {
		s = template.HTMLEscapeString(s)
	}
	m.WriteString(s)
}

// html is what was written.
func (m *markup) html() template.HTML { return template.HTML(m.String()) } //nolint:gosec // what is not ours went through text

// link writes the beginning of a link.
func (m *markup) link(href string) {
	m.raw(`<a href="`)
	m.text(href)
	m.raw(`"`)
}

// toOrder is the address of an order's page, or of one below it.
func (v *view) toOrder(id, below string) string { return v.To("/orders/" + url.PathEscape(id) + below) }

// copyButton copies an id, as in the part "id".
func (m *markup) copyButton(id string) {
	m.raw(`<button type="button" class="copy" data-copy="`)
	m.text(id)
	m.raw(`" title="`)
	m.text(m.v.T("copy"))
	m.raw(`" aria-label="`)
	m.text(m.v.T("copy") + " " + id)
	m.raw(`"></button>`)
}

// orderID is a link to an order, as in the part "orderid".
func (m *markup) orderID(id string) {
	m.raw(`<span class="id">`)
	m.link(m.v.toOrder(id, ""))
	m.raw(` title="`)
	m.text(id)
	m.raw(`"><code>`)
	m.text(m.v.ShortID(id))
	m.raw(`</code></a>`)
	m.copyButton(id)
	m.raw(`</span>`)
}

// td begins a cell.
func (m *markup) td(c cell) {
	if c.Right() {
		m.raw(`<td class="num">`)
	} else {
		m.raw(`<td>`)
	}
}

// cell writes a value within its <td>: a time with the exact one as its title, a status with its colour, an id that can be
// copied, the first of several texts and how many others there are.
func (m *markup) cell(c cell) {
	v := m.v
	switch {
	case c.Raw == "":
		m.raw(`<span class="soft">`)
		m.text(v.T("none"))
		m.raw(`</span>`)
	case c.Kind == kindAmount:
		m.text(v.Money(c.Raw, c.Currency))
	case c.Kind == kindNumber:
		m.text(v.Number(c.Raw))
	case c.Kind == kindTime:
		m.time(c.At)
	case c.Kind == kindMonth:
		m.text(v.Month(c.Raw))
	case c.Words == "status":
		m.raw(`<span class="status `)
		m.text(c.Raw)
		m.raw(`">`)
		m.text(v.Label("status", c.Raw))
		m.raw(`</span>`)
	default:
		m.first(c)
	}
}

func (m *markup) time(t time.Time) { m.raw(string(m.v.Time(t))) }

// first writes the first of a cell's values.
func (m *markup) first(c cell) {
	switch c.Kind {
	case kindWord:
		m.text(m.v.Label(c.Words, c.First))
	case kindID:
		m.raw(`<span class="id"><code>`)
		m.text(c.First)
		m.raw(`</code>`)
		m.copyButton(c.First)
		m.raw(`</span>`)
	default:
		m.raw(`<span class="clip"`)
		if c.More == 0 {
			m.raw(` title="`)
			m.text(c.First)
			m.raw(`"`)
		}
		m.raw(`>`)
		m.text(c.First)
		m.raw(`</span>`)
	}
	if c.More > 0 {
		m.raw(` <span class="others" title="`)
		m.text(c.Raw)
		m.raw(`">+`)
		m.text(m.v.Number(c.More))
		m.raw(`</span>`)
	}
}
