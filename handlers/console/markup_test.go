package console

import (
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"
)

// TestRowsMadeWithoutTemplatesAreEscaped puts markup into everything that a row shows.
func TestRowsMadeWithoutTemplatesAreEscaped(t *testing.T) {
	t.Parallel()
	const evil = `"><script>alert('&')</script>`
	p := fullPage()
	o := p.Rows[0].orderRow
	o.OrderID, o.OrgID, o.ProjectID, o.ConsumerID, o.BusinessGroup, o.TradeNo = evil, evil, evil, evil, evil, evil
	o.Currency, o.Status, o.OrderType, o.ParentOrderID, o.BillingPeriod, o.RefundState = evil, evil, evil, new(evil), evil, evil
	o.Tags = map[string]string{evil: evil}
	l := &o.Lines[0]
	l.ProductName, l.ProductCode, l.ResourceName, l.ResourceID, l.Region, l.Zone, l.ResourceType, l.ChargeMode = evil, evil, evil, evil, evil, evil, evil, evil
	o.Lines = append(o.Lines, o.Lines[0])
	o.Lines[1].ProductName, o.Lines[1].ResourceID = evil+"2", evil+"2"
	p.Columns = orderColumns
	p.Rows = []orderListed{p.listed(o)}
	p.Rows[0].Open, p.Rows[0].Payable, p.Rows[0].Cancellable, p.Rows[0].Left = true, true, true, evil
	rows := string(p.TableRows())

	r := httptest.NewRequest("GET", "/bills/2026-01/lines", nil)
	d := billLinesData{view: &view{r: r, preferences: preferencesOf(r), zone: time.UTC}}
	for _, c := range p.Rows[0].Cells {
		d.Rows = append(d.Rows, billRow{&billLine{}, []cell{c}})
	}
	rows += string(d.TableRows())

	tokens := html.NewTokenizer(strings.NewReader(rows))
	allowed := map[string]bool{"tr": true, "td": true, "th": true, "span": true, "a": true, "b": true, "code": true, "button": true, "input": true, "time": true}
	attributes := map[string]bool{
		"class": true, "title": true, "href": true, "scope": true, "type": true, "name": true, "value": true, "datetime": true, "aria-label": true,
		"data-copy": true, "data-amount": true, "data-zero": true,
	}
	seen := 0
	for tokens.Next() != html.ErrorToken {
		tag := tokens.Token()
		if tag.Type == html.TextToken {
			seen += strings.Count(tag.Data, evil)
			continue
		}
		if !allowed[tag.Data] {
			t.Errorf("a value became the element %s", tag.Data)
		}
		for _, a := range tag.Attr {
			if !attributes[a.Key] {
				t.Errorf("a value became the attribute %s of %s", a.Key, tag.Data)
			}
			if a.Key == "href" && !strings.HasPrefix(a.Val, "/orders/") && !strings.HasPrefix(a.Val, "/resources/") {
				t.Errorf("a link leads to %s", a.Val)
			}
		}
	}
	if seen < 20 {
		t.Errorf("the value is shown %d times as it is", seen)
	}
}
