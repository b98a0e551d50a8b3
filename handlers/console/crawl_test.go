package console_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"orderledger/internal/auth"
	"orderledger/projections"
)

// story imports the histories of the four clouds, and what people have open now, with texts that try to be more.
func story(t *testing.T, s *system) {
	t.Helper()
	_, key, err := s.keys.Create(t.Context(), "", auth.Platform, "", "test")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"daocloud", "baidu", "ucloud", "zilliz"} {
		file, err := os.ReadFile(filepath.Join("..", "..", "examples", name, "commands.jsonl"))
		if err != nil {
			t.Fatal(err)
		}
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL+"/v1/commands", bytes.NewReader(file))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+key)
		r.Header.Set("Content-Type", "application/x-ndjson")
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(answer.Body)
		answer.Body.Close()
		if err != nil || answer.StatusCode != http.StatusOK || bytes.Contains(body, []byte(`"invalid"`)) {
			t.Fatalf("import %s: %s, %v\n%s", name, answer.Status, err, body)
		}
	}
	for _, text := range []string{`<script>alert(1)</script>`, `=cmd()|' /C calc'!A0`, strings.Repeat("长名字", 20), strings.Repeat("a-very-long-name-without-a-space", 4)} {
		s.place(t, fmt.Sprintf(`{"lines":[{"product_code":"gpu-instance","product_name":%q,"resource_type":"cloud-host","resource_name":%[1]q,"resource_id":"r/%% %d",
"region":"cn-north-1","new_config":[{"component":%[1]q,"value":"4","unit":"card"}],"count":"1","charge_mode":"month","quantity":"1","unit":"month","unit_price":"28.86"}]}`, text, len(text)))
	}
	s.do(t, "issue_voucher", `{"org_id":"org-acme","amount":"5.00","currency":"CNY","products":["gpu-instance"],"min_spend":"10.00"}`)
	s.do(t, "grant_gift", `{"org_id":"org-acme","amount":"50.00","currency":"USD","reason":"welcome"}`)
	s.topUp(t, "20.00")
	s.delivered(t, s.hook(t, "org-acme", "https://hooks.example/a-very-long-address/"+strings.Repeat("without-a-space-", 8), "order.paid", "order.*", "resource.closed.v1"), 3, 2, 503, "status 503")
	s.super(t, `UPDATE webhook_endpoints SET state = 'disabled', reason = 'gone', attempts = 1`)
	if _, err := s.services.Create(t.Context(), "gpu", "org-acme", auth.Service, "test"); err != nil {
		t.Fatal(err)
	}
}

// shape is the path of an address without what is one object's own: pages of one shape look alike.
func shape(u *url.URL) string {
	parts := strings.Split(u.EscapedPath(), "/")
	for i, part := range parts {
		if ownName.MatchString(part) || i == 2 && (parts[1] == "resources" || parts[1] == "services") {
			parts[i] = "ID"
		}
	}
	return strings.Join(parts, "/")
}

var ownName = regexp.MustCompile(`^([0-9a-f]{8}-[0-9a-f-]{27}|\d{4}-\d\d|\d+)$`)

const (
	crawlMost = 200 // pages
	perShape  = 5   // with other queries, or of other objects
)

var link = regexp.MustCompile(`<a\s[^>]*href="([^"]*)"`)

// crawl opens pages of every shape that links lead to and returns an address of each shape. Files are opened too, but not
// returned.
func (p *person) crawl(t *testing.T, from ...string) map[string]string {
	t.Helper()
	pages, opened, waiting := map[string]string{}, map[string]int{}, slices.Clone(from)
	for n := 0; len(waiting) > 0 && n < crawlMost; n++ {
		address := waiting[0]
		waiting = waiting[1:]
		u, err := url.Parse(address)
		if err != nil {
			t.Errorf("the link %q: %v", address, err)
			continue
		}
		if opened[shape(u)]++; opened[shape(u)] > perShape && !slices.Contains(from, address) {
			n--
			continue
		}
		page := p.send(t, http.MethodGet, address, nil)
		if page.StatusCode != http.StatusOK {
			t.Errorf("%s: %s: %s", address, page.Status, heading.FindString(page.Body))
			continue
		}
		if !strings.HasPrefix(page.Header.Get("Content-Type"), "text/html") {
			continue
		}
		if pages[shape(u)] == "" {
			pages[shape(u)] = address
		}
		page.sound(t)
		for _, found := range link.FindAllStringSubmatch(page.Body, -1) {
			to := html.UnescapeString(found[1])
			if u, err := url.Parse(to); err == nil && u.Host == "" && strings.HasPrefix(to, "/") && !strings.HasPrefix(to, "/docs") && opened[shape(u)] < perShape {
				waiting = append(waiting, strings.TrimSuffix(to, "#"+u.EscapedFragment()))
			}
		}
	}
	return pages
}

var heading = regexp.MustCompile(`<h1>.*?</h1>`)

var (
	machines = regexp.MustCompile(`(?s)<(code|pre|script|textarea)\b.*?</(code|pre|script|textarea)>`)
	value    = regexp.MustCompile(`\s(value|href|action|src|id|name|class|for|list|data-[a-z-]+|hx-[a-z]+|aria-(labelledby|controls|describedby))="[^"]*"`)
	keyLike  = regexp.MustCompile(`\b[a-z]+(\.[a-z_0-9]+)+\b`)
)

// sound fails for what no page may have: keys of words instead of words, markup of others, and what the policy refuses.
func (s seen) sound(t *testing.T) {
	t.Helper()
	s.lacks(t, "<script>", "ZgotmplZ", "%!", "<nil>", "{{", " style=")
	known, _ := words(t, "en")
	text := value.ReplaceAllString(machines.ReplaceAllString(s.Body, ""), "")
	for _, key := range keyLike.FindAllString(text, -1) {
		stem, _, _ := strings.Cut(key, ".")
		if known[key] != "" || hasPrefix(known, stem+".") && !isEventType(key) {
			t.Errorf("%s shows the key %q", s.Request.URL, key)
		}
	}
}

// isEventType says whether a text is the name of an event, which pages may tell as it is.
func isEventType(text string) bool {
	stem, _, _ := strings.Cut(text, ".")
	return slices.Contains([]string{"order", "account", "resource", "period", "org", "usage"}, stem)
}

func hasPrefix(all map[string]string, prefix string) bool {
	for key := range all {
		if strings.HasPrefix(key, prefix) {
			return true
		}
	}
	return false
}

func TestEveryLinkLeadsToAPage(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	story(t, s)
	for _, who := range []struct {
		org  string
		role auth.Role
		lang string
	}{{"", auth.Platform, "en"}, {"org-acme", auth.OrgAdmin, "zh"}} {
		p := s.signIn(t, who.org, who.role)
		p.lang(who.lang)
		p.get(t, "/").is(t, http.StatusOK, "")
		from := append([]string{"/", "/find", "/?org_id=org-acme"}, oneOfEach(t, s)...)
		if who.org != "" {
			from = from[:3]
		}
		pages := p.crawl(t, from...)
		for _, main := range []string{"/", "/orders", "/orders/ID", "/resources", "/bills", "/account", "/ledger", "/find"} {
			if pages[main] == "" {
				t.Errorf("no link leads to %s", main)
			}
		}
		t.Logf("%s: %d shapes: %v", who.role, len(pages), pages)
	}
}

// lang chooses the language.
func (p *person) lang(lang string) {
	c, _ := p.http.Transport.(cookies)
	c.session += "; ledger_lang=" + lang
	p.http.Transport = c
}

// oneOfEach has the address of an order of each type and status.
func oneOfEach(t *testing.T, s *system) []string {
	t.Helper()
	list, err := s.Reader.Orders(t.Context(), projections.AllOrgs, projections.OrderQuery{Limit: 500})
	if err != nil {
		t.Fatal(err)
	}
	seen, all := map[string]bool{}, []string{}
	for _, doc := range list.Items {
		var o struct {
			OrderID   string `json:"order_id"`
			OrderType string `json:"order_type"`
			Status    string `json:"status"`
		}
		if err := json.Unmarshal(doc, &o); err != nil {
			t.Fatal(err)
		}
		if kind := o.OrderType + " " + o.Status; !seen[kind] {
			seen[kind] = true
			all = append(all, "/orders/"+o.OrderID)
		}
	}
	return all
}
