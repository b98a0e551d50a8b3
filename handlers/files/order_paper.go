package files

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"orderledger/domain"
)

// paper is an order as a document of some pages of A4, for people who file it.
type paper struct {
	*sheet
	o    *domain.Order
	lang string
	zone *time.Location
}

// WriteOrder writes an order as a PDF, in lang ("en", "zh") and with the times of zone. The same state of the order makes
// the same bytes. Personal details are left out: they can be erased from the ledger, and not from a file.
func WriteOrder(w io.Writer, o *domain.Order, lang string, zone *time.Location) error {
	p := &paper{sheet: newSheet(), o: o, lang: lang, zone: zone}
	p.pdf.SetTitle(p.say("order")+" "+o.OrderID, true)
	p.pdf.SetLang(map[string]string{"zh": "zh-CN"}[lang])
	p.pdf.SetCreationDate(o.OccurredAt)
	p.pdf.SetModificationDate(o.OccurredAt)
	p.head()
	p.facts()
	p.items()
	p.totals()
	p.payment()
	p.refunds()
	p.feet()
	if err := p.pdf.Output(w); err != nil {
		return fmt.Errorf("write the document of an order: %w", err)
	}
	return nil
}

// statusColours are those of statuses that ask for something or are good; others are grey.
var statusColours = map[domain.Status]colour{
	domain.AwaitingApproval: amber, domain.Unpaid: amber, domain.FulfilmentFailure: red,
	domain.Paid: green, domain.Fulfilling: green, domain.Completed: green,
}

// head has what it is, whose number, and where it stands.
func (p *paper) head() {
	p.textAt(titleStyle, marginX, p.y, p.say("order")+" – "+p.label("order_type", string(p.o.OrderType)), false)
	c, ok := statusColours[p.o.Status]
	if !ok {
		c = faint
	}
	mark := style{11, c, true}
	text := p.label("status", string(p.o.Status))
	p.use(mark)
	width := p.pdf.GetStringWidth(printable(text)) + 8
	p.pdf.SetDrawColor(c[0], c[1], c[2])
	p.pdf.SetLineWidth(0.4)
	p.pdf.RoundedRect(pageWidth-marginX-width, p.y+0.5, width, 7.5, 1.5, "1234", "D")
	p.textAt(mark, pageWidth-marginX-width+4, p.y+2, text, false)
	p.y += 10.5
	p.textAt(bodyStyle, marginX, p.y, p.label("field", "order_id")+"  "+p.o.OrderID, false)
	p.y += 7
	p.line(rule)
	p.y += 3
}

// fact is a name and its value.
type fact struct{ name, value string }

// facts has who, for whom and when, in two columns; what is not there is left out.
func (p *paper) facts() {
	o := p.o
	parent := ""
	if o.ParentOrderID != nil {
		parent = *o.ParentOrderID
	}
	var all []fact
	add := func(field, value string) {
		if value != "" {
			all = append(all, fact{p.label("field", field), value})
		}
	}
	add("org_id", o.OrgID)
	add("created_at", p.second(&o.CreatedAt))
	add("project_id", o.ProjectID)
	if o.Arrears {
		add("pay_before", p.say("arrears"))
	}
	if o.PaidAt == nil && o.ClosedAt == nil {
		add("pay_before", p.second(o.PayBefore))
	}
	add("paid_at", p.second(o.PaidAt))
	add("consumer_id", o.ConsumerID)
	add("billing_period", string(o.BillingPeriod))
	add("business_group", o.BusinessGroup)
	add("currency", string(o.Currency))
	add("trade_no", o.TradeNo)
	add("parent_order_id", parent)
	add("closed_at", p.second(o.ClosedAt))
	add("reason", o.Reason)
	add("close_reason", o.CloseReason)
	if a := o.Approval; a != nil {
		all = append(all, fact{p.say("approval"), p.label("approval_state", a.State) + "  " + p.second(a.At)})
	}
	var tags []string
	for _, name := range slices.Sorted(maps.Keys(o.Tags)) {
		tags = append(tags, name+" = "+o.Tags[name])
	}
	add("tags", strings.Join(tags, "\n"))
	p.pairs(all)
	p.y += 3
}

// pairs writes facts in two columns, row by row.
func (p *paper) pairs(all []fact) {
	const half, name = contentWidth / 2, 25.0
	value := style{8.5, ink, false}
	for i := 0; i < len(all); i += 2 {
		height := 0.0
		var cells [2][]piece
		for j := range all[i:min(i+2, len(all))] {
			var h float64
			cells[j], h = p.layOut([]part{{value, all[i+j].value}}, half-name+cellGap)
			height = max(height, h)
		}
		p.room(min(height+1, pageHeight/2))
		for j := range all[i:min(i+2, len(all))] {
			x := marginX + float64(j)*half
			p.textAt(labelStyle, x, p.y+0.2, all[i+j].name, false)
			for _, line := range cells[j] {
				p.textAt(line.style, x+name, p.y+line.y, line.text, false)
			}
		}
		p.y += height + 1
	}
}

// heading begins a part of the document, together with the first of what follows.
func (p *paper) heading(text string) {
	p.room(28)
	p.y += 4
	p.textAt(headStyle, marginX, p.y, text, false)
	p.y += 7
}

// totals has what all lines come to, at the right, the sum that counts the largest.
func (p *paper) totals() {
	o := p.o
	p.room(34)
	p.y += 3
	row := func(t style, name string, amount domain.Amount) {
		p.textAt(t, pageWidth-marginX-62, p.y, name, false)
		p.textAt(t, pageWidth-marginX-cellGap, p.y, p.money(amount), true)
		p.y += t.lineHeight() + 0.8
	}
	row(bodyStyle, p.label("field", "list_amount"), o.ListAmount)
	if o.DiscountAmount.Sign() != 0 {
		row(bodyStyle, p.label("field", "discount_amount"), o.DiscountAmount.Neg())
	}
	row(style{11, ink, true}, p.label("field", "payable_amount"), o.PayableAmount)
	row(bodyStyle, p.label("field", "paid"), o.Paid.Total())
	if o.Refunded.Total().Sign() != 0 {
		row(bodyStyle, p.label("field", "refunded"), o.Refunded.Total().Neg())
	}
	if o.Status == domain.Unpaid || o.Status == domain.AwaitingApproval {
		row(style{9, amber, true}, p.say("open_due"), o.PayableAmount)
	}
	p.y += 2
}

// feet writes the foot of every page, now that their number is known.
func (p *paper) feet() {
	pages := p.pdf.PageCount()
	notice := p.say("notice", p.zone.String())
	if len(p.o.Personal) > 0 {
		notice += " " + p.say("personless")
	}
	for i := 1; i <= pages; i++ {
		p.pdf.SetPage(i)
		p.y = pageHeight - marginBottom + 5
		p.line(rule)
		p.textAt(smallStyle, marginX, p.y+2, p.say("state", p.o.OrderID, strconv.FormatInt(p.o.Position, 10), strconv.FormatInt(p.o.Version, 10)), false)
		p.textAt(smallStyle, pageWidth-marginX, p.y+2, p.say("page", strconv.Itoa(i), strconv.Itoa(pages)), true)
		p.textAt(smallStyle, marginX, p.y+6, notice, false)
	}
}

// second and minute are times on the clock of the zone, "" for none.
func (p *paper) second(t *time.Time) string { return p.clock(t, time.DateTime) }
func (p *paper) minute(t *time.Time) string { return p.clock(t, "2006-01-02 15:04") }

func (p *paper) clock(t *time.Time, layout string) string {
	if t == nil || t.IsZero() {
		return ""
	}
	return t.In(p.zone).Format(layout)
}
