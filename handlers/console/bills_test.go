package console_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"orderledger/domain"
	"orderledger/internal/auth"
)

// bought places an order that is paid at some time of the past, or now.
func (s *system) bought(t *testing.T, at string, changes ...string) string {
	t.Helper()
	id := s.placeAt(t, at, changes...)
	s.doAt(t, at, "pay_order", `{"order_id":"`+id+`"}`)
	return id
}

// month is the month that it is now in the organisation's zone.
func month() string {
	zone, _ := domain.Zone(domain.DefaultTimeZone)
	return string(domain.PeriodOf(time.Now(), zone))
}

func TestBills(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	p := s.signIn(t, "org-acme", auth.Finance)
	p.get(t, "/bills").has(t, "Nothing has been billed yet")
	s.topUp(t, "1000.00")
	s.bought(t, "")
	s.bought(t, "", `{"lines":[{"product_code":"disk","product_name":"<b>Disk</b>","resource_type":"disk","resource_name":"d","region":"",
"new_config":[],"count":"1","charge_mode":"day","quantity":"3","unit":"day","unit_price":"2.00"}]}`)
	p.get(t, "/bills").has(t, "¥34.86", "GPU instance", "&lt;b&gt;Disk&lt;/b&gt;", `href="/bills/`+month()+`"`, `role="img"`, "Open")
	bill := p.get(t, "/bills/"+month())
	bill.has(t, "¥34.86", "¥28.86", "82.8%", `href="/bills/`+month()+`/lines?product=gpu-instance"`, "Open")
	bill.lacks(t, "<b>Disk</b>", "Close the month") // it is not over
	p.get(t, "/bills/"+month()+"?group_by=region").has(t, "cn-north-1", "Not given", `lines?region=cn-north-1`)
	p.get(t, "/bills/"+month()+"?group_by=charge_mode").has(t, "By month", "By day")
	p.get(t, "/bills/"+month()+"?group_by=tag").has(t, "vision", `tag=team%3Dvision`)
	if answer := p.get(t, "/bills?month=2025-11"); answer.Request.URL.Path != "/bills/2025-11" {
		t.Errorf("a month that is chosen leads to %s", answer.Request.URL)
	}
	for _, path := range []string{"/bills/2025-13", "/bills/next", "/bills?month=x"} {
		if answer := p.get(t, path); answer.StatusCode != http.StatusBadRequest {
			t.Errorf("%s: %s", path, answer.Status)
		}
	}
	if answer := p.get(t, "/bills/"+month()+"?org_id=org-other"); answer.StatusCode != http.StatusNotFound {
		t.Errorf("another organisation's bill: %s", answer.Status)
	}
	s.signIn(t, "", auth.Platform).get(t, "/bills").has(t, "¥34.86")
}

// A month stands beside the one before it, whole and group by group.
func TestBillComparesMonths(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	s.doAt(t, "2025-09-01T00:00:00Z", "top_up", `{"org_id":"org-acme","amount":"1000.00","currency":"CNY","reference":"bank-old"}`)
	s.bought(t, "2025-09-03T00:00:00Z")
	s.bought(t, "2025-10-03T00:00:00Z")
	s.bought(t, "2025-10-04T00:00:00Z")
	s.bought(t, "2025-09-04T00:00:00Z", `{"lines":[{"product_code":"disk","product_name":"Disk","resource_type":"disk","resource_name":"d","region":"",
"new_config":[],"count":"1","charge_mode":"day","quantity":"3","unit":"day","unit_price":"2.00"}]}`)
	p := s.signIn(t, "org-acme", auth.Viewer)
	// 57.72 after 34.86; the host 57.72 after 28.86, the disk nothing after 6.00.
	p.get(t, "/bills/2025-10").has(t, "&#43;¥22.86", "&#43;65.6%", "&#43;¥28.86", "&#43;100.0%", "−¥6.00", "−100.0%", "September 2025")
	p.get(t, "/bills").has(t, "&#43;¥22.86", "&#43;65.6%")
}

func TestBillLinesOfAMonth(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	s.topUp(t, "1000.00")
	id := s.bought(t, "")
	disk := s.bought(t, "", `{"lines":[{"product_code":"disk","product_name":"Disk","resource_type":"disk","resource_name":"d","region":"cn-south-1",
"new_config":[{"component":"size","value":"40","unit":"GB"}],"count":"1","charge_mode":"day","quantity":"3","unit":"day","unit_price":"2.00"}]}`)
	p := s.signIn(t, "org-acme", auth.Viewer)
	path := "/bills/" + month() + "/lines"
	all := p.get(t, path)
	all.has(t, id, disk, "By month", "size 40 GB", "team=vision", "¥28.86", "cn-south-1", `format=csv`)
	for _, f := range domain.BillFields {
		if label := domain.LabelOf("field", f.Code, "en"); strings.Count(all.Body, ">"+label+"</th>") != 1 {
			t.Errorf("there is no one column %s", label)
		}
	}
	one := p.get(t, path+"?product=disk&columns=order_id,amount")
	one.has(t, disk, "¥6.00", "Take off the filter: </span>Product: <strong>disk")
	one.lacks(t, id, "size 40 GB")
	p.get(t, path+"?limit=1").has(t, disk, `rel="next"`)
	p.get(t, path+"?product=none").has(t, "No bill lines match")
	wrong := p.get(t, path+"?min_amount=much")
	wrong.has(t, "min_amount", `value="much"`)
	if wrong.StatusCode != http.StatusBadRequest {
		t.Errorf("a wrong filter: %s", wrong.Status)
	}
}

func TestClosingAMonth(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	s.doAt(t, "2025-10-02T00:00:00Z", "top_up", `{"org_id":"org-acme","amount":"100.00","currency":"CNY","reference":"bank-old"}`)
	s.bought(t, "2025-10-03T00:00:00Z")
	finance, viewer := s.signIn(t, "org-acme", auth.Finance), s.signIn(t, "org-acme", auth.Viewer)
	finance.get(t, "/bills/2025-10").has(t, "Close the month", "¥28.86")
	viewer.get(t, "/bills/2025-10").lacks(t, "Close the month")
	for _, answer := range []seen{viewer.get(t, "/bills/2025-10/close"), viewer.post(t, "/bills/2025-10/close", url.Values{"key": {"console-1"}})} {
		if answer.StatusCode != http.StatusForbidden {
			t.Errorf("a viewer closes a month: %s", answer.Status)
		}
	}
	s.signIn(t, "", auth.Platform).get(t, "/bills/2025-10/close").has(t, "Choose one")
	ask := finance.get(t, "/bills/2025-10/close")
	ask.has(t, "can’t be undone", "¥28.86", "Close for good")
	if early := finance.get(t, "/bills/"+month()+"/close"); early.StatusCode != http.StatusConflict || strings.Contains(early.Body, "Close for good") {
		t.Errorf("a month that is not over: %s", early.Status)
	}
	closed := finance.post(t, "/bills/2025-10/close", url.Values{"key": {"console-2"}})
	closed.has(t, "The month is closed.", "Closing", `hx-get=`)
	closed.lacks(t, "Close the month…")
	if again := finance.post(t, "/bills/2025-10/close", url.Values{"key": {"console-3"}}); again.StatusCode != http.StatusConflict {
		t.Errorf("closing it again: %s", again.Status)
	} else {
		again.has(t, "period_closed")
	}
	finance.get(t, "/bills").has(t, "Closing")
}
