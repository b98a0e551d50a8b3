package main

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"orderledger/domain"
)

// tellStory writes what the read models have of an organisation, as tables that a person can read. What differs from
// ledger to ledger (positions, times of recording) is left out.
func tellStory(t *testing.T, d *running, org string, lines []storyLine, refused []refusal) string {
	t.Helper()
	of := func() url.Values { return url.Values{"org_id": {org}} }
	ask := of()
	ask.Set("created_from", "2025-01-01T00:00:00Z")
	ask.Set("sort", "created_at")
	orders := getAll(t, d, "/v1/orders", ask)
	billLines := getAll(t, d, "/v1/bill-lines", of())
	slices.Reverse(billLines) // it lists the newest first
	entries := getAll(t, d, "/v1/accounts/"+org+"/entries", of())
	slices.Reverse(entries)

	w := &story{names: orderNames(lines, orders)}
	w.line("What `ledger import --allow-refusals commands.jsonl` leads to. Written by the test (`go test ./cmd/ledger -run Stories -update`), checked by hand.")
	w.line("Orders go by the key that placed them; those that the ledger made itself by what they follow. Times are Beijing time.")
	w.refusals(t, lines, refused)
	w.orders(orders)
	w.orderLines(orders)
	w.bills(t, d, org, billLines)
	w.account(t, d, org, entries)
	w.resources(t, d, org, orders)
	w.consumption(t, d, org, orders)
	w.filters(t, d, org)
	return w.b.String()
}

type story struct {
	b     strings.Builder
	names map[string]string
}

func (w *story) line(format string, args ...any) { fmt.Fprintf(&w.b, format+"\n", args...) }

func (w *story) table(title string, heading ...string) {
	w.line("\n## %s\n", title)
	w.row(heading...)
	w.line("|%s", strings.Repeat("---|", len(heading)))
}

func (w *story) row(cells ...string) { w.line("| %s |", strings.Join(cells, " | ")) }

// orderNames calls each order by the key that placed it, or by its type and the order that it follows.
func orderNames(lines []storyLine, orders []object) map[string]string {
	names := map[string]string{}
	for _, l := range lines {
		if l.Command == "place_order" {
			_, number, _ := strings.Cut(l.Key, "/")
			names[l.Body.OrderID] = number
		}
	}
	count := map[string]int{}
	for _, o := range orders {
		id := o.text("order_id")
		if names[id] == "" {
			name := o.text("order_type") + " of " + names[o.text("parent_order_id")]
			if count[name]++; count[name] > 1 {
				name = fmt.Sprintf("%s (%d)", name, count[name])
			}
			names[id] = name
		}
	}
	return names
}

func (w *story) refusals(t *testing.T, lines []storyLine, refused []refusal) {
	t.Helper()
	w.table("Refused", "line", "command", "code", "why")
	for _, r := range refused {
		n, err := strconv.Atoi(r.line)
		if err != nil {
			t.Fatal(err)
		}
		w.row(r.line, "`"+lines[n-1].Key+"`", "`"+r.code+"`", r.detail)
	}
}

func (w *story) orders(orders []object) {
	w.table("Orders", "order", "created", "type", "follows", "status", "list", "discount", "payable",
		"cash", "gift", "voucher", "returned", "consumed", "forfeited", "paid at", "month")
	for _, o := range orders {
		paid, refunded := inside(o, "paid"), inside(o, "refunded")
		returned := refunded.text("cash")
		for _, fund := range []string{"gift", "voucher"} {
			if amount := refunded.text(fund); amount != "0.00" {
				returned += " + " + amount + " " + fund
			}
		}
		w.row(w.names[o.text("order_id")], clock(o.text("created_at")), o.text("order_type"), w.names[o.text("parent_order_id")], o.text("status"),
			o.text("list_amount"), o.text("discount_amount"), o.text("payable_amount"), paid.text("cash"), paid.text("gift"), paid.text("voucher"),
			returned, o.text("consumed_amount"), o.text("forfeited_amount"), clock(o.text("paid_at")), o.text("billing_period"))
	}
}

func (w *story) orderLines(orders []object) {
	w.table("Order lines", "order", "product", "item", "resource", "mode", "count × quantity unit × price", "payable", "effective", "expires", "new configuration")
	for _, o := range orders {
		for _, l := range o.objects("lines") {
			w.row(w.names[o.text("order_id")], l.text("product_name"), l.text("billing_item"), l.text("resource_id"), l.text("charge_mode"),
				fmt.Sprintf("%s × %s %s × %s", l.text("count"), l.text("quantity"), l.text("unit"), l.text("unit_price")), l.text("payable_amount"),
				clock(l.text("effective_at")), clock(l.text("expires_at")), configOf(l))
		}
	}
}

func configOf(l object) string {
	var parts []string
	for _, c := range l.objects("new_config") {
		parts = append(parts, c.text("component")+" "+c.text("value")+c.text("unit"))
	}
	return strings.Join(parts, ", ")
}

// bills tells the bill lines and the months' sums, which must agree.
func (w *story) bills(t *testing.T, d *running, org string, lines []object) {
	t.Helper()
	w.table("Bill lines", "order", "line", "type", "resource", "quantity", "price", "list", "discount", "cash", "gift", "voucher", "amount", "month", "ordered in", "corrects")
	sums := map[string]domain.Amount{}
	for _, l := range lines {
		corrects, _, _ := cutLine(l.text("corrects"))
		w.row(w.names[l.text("order_id")], l.text("line_no"), l.text("order_type"), l.text("resource_id"), l.text("quantity")+" "+l.text("unit"), l.text("unit_price"),
			l.text("list_amount"), l.text("discount_amount"), l.text("cash"), l.text("gift"), l.text("voucher"), l.text("amount"),
			l.text("billing_period"), l.text("created_period"), w.names[corrects])
		month := l.text("billing_period")
		if _, known := sums[month]; !known {
			sums[month] = domain.Currency("CNY").Zero()
		}
		amount, err := domain.ParseAmount(l.text("amount"))
		if err != nil {
			t.Fatal(err)
		}
		sums[month] = sums[month].Add(amount)
	}
	w.table("Bills", "month", "state", "lines", "cash", "gift", "voucher", "amount")
	for _, month := range slices.Sorted(maps.Keys(sums)) {
		var bill object
		if err := d.client(t).Get(t.Context(), "/v1/bills/"+month, url.Values{"org_id": {org}}, &bill); err != nil {
			t.Fatal(err)
		}
		for _, s := range bill.objects("totals") {
			w.row(month, bill.text("state"), s.text("lines"), s.text("cash"), s.text("gift"), s.text("voucher"), s.text("amount"))
			if s.text("amount") != sums[month].String() {
				t.Errorf("the bill of %s says %s, its lines sum to %s", month, s.text("amount"), sums[month])
			}
		}
	}
}

// cutLine cuts a bill line's id into its order's and its number.
func cutLine(id string) (order, number string, ok bool) {
	if i := strings.LastIndexByte(id, '-'); i > 0 {
		return id[:i], id[i+1:], true
	}
	return "", "", false
}

// inside is a member that is an object.
func inside(o object, name string) object {
	m, _ := o[name].(map[string]any)
	return m
}

func (w *story) account(t *testing.T, d *running, org string, entries []object) {
	t.Helper()
	w.table("Account", "at", "entry", "fund", "amount", "balance", "order or reference")
	for _, e := range entries {
		what := w.names[e.text("order_id")]
		if what == "" {
			what = e.text("reference")
		}
		w.row(clock(e.text("at")), e.text("type"), e.text("fund"), e.text("amount"), e.text("balance_after"), what)
	}
	var account object
	if err := d.client(t).Get(t.Context(), "/v1/accounts/"+org, nil, &account); err != nil {
		t.Fatal(err)
	}
	w.line("")
	for _, b := range account.objects("balances") {
		w.line("Left: cash %s, gift %s, voucher %s, frozen %s %s.", b.text("cash"), b.text("gift"), b.text("voucher"), b.text("frozen"), b.text("currency"))
	}
}

// resources tells each resource's whole life.
func (w *story) resources(t *testing.T, d *running, org string, orders []object) {
	t.Helper()
	var ids []string
	for _, o := range orders {
		for _, l := range o.objects("lines") {
			if id := l.text("resource_id"); id != "" && !slices.Contains(ids, id) {
				ids = append(ids, id)
			}
		}
	}
	slices.Sort(ids)
	w.line("\n## Resources\n")
	for _, id := range ids {
		var life []string
		for _, o := range getAll(t, d, "/v1/resources/"+id+"/orders", url.Values{"org_id": {org}}) {
			life = append(life, w.names[o.text("order_id")])
		}
		w.line("- `%s`: %s", id, strings.Join(life, " → "))
	}
}

// consumption tells the bill lines that are listed with each order of 0: its own, and those of what was used.
func (w *story) consumption(t *testing.T, d *running, org string, orders []object) {
	t.Helper()
	w.line("\n## Bill lines of orders of 0: `GET /v1/orders/{order_id}/bill-lines`\n")
	for _, o := range orders {
		if o.text("order_type") != "purchase" || o.text("payable_amount") != "0.00" {
			continue
		}
		var list struct {
			Items []object `json:"items"`
		}
		query := url.Values{"min_position": {position(t, d)}, "org_id": {org}}
		if err := d.client(t).Get(t.Context(), "/v1/orders/"+o.text("order_id")+"/bill-lines", query, &list); err != nil {
			t.Fatal(err)
		}
		var lines []string
		for _, l := range list.Items {
			lines = append(lines, fmt.Sprintf("%s, line %s: %s", w.names[l.text("order_id")], l.text("line_no"), l.text("amount")))
		}
		w.line("- %s: %s", w.names[o.text("order_id")], strings.Join(lines, "; "))
	}
}

// storyFilters are asked of every story.
var storyFilters = []string{
	"charge_group=prepay", "charge_group=postpay", "charge_group=free", "order_type=purchase", "order_type=renewal,upgrade,downgrade",
	"status=unpaid", "status=paid,completed", "status=cancelled", "status=expired,voided", "status=refunded,partially_refunded",
	"min_amount=100&max_amount=1000", "hide_zero=true",
}

// filters tells which orders a filter of the list leaves.
func (w *story) filters(t *testing.T, d *running, org string) {
	t.Helper()
	w.line("\n## Filters of `GET /v1/orders`\n")
	for _, filter := range storyFilters {
		query, err := url.ParseQuery(filter + "&sort=created_at&created_from=2025-01-01T00:00:00Z&org_id=" + org)
		if err != nil {
			t.Fatal(err)
		}
		var found []string
		for _, o := range getAll(t, d, "/v1/orders", query) {
			found = append(found, w.names[o.text("order_id")])
		}
		w.line("- `%s`: %s", filter, strings.Join(found, ", "))
	}
}

// clock prints an API time as the stories write it.
func clock(text string) string {
	at, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return text
	}
	beijing, _ := domain.Zone(domain.DefaultTimeZone) // it is built in
	return at.In(beijing).Format("2006-01-02 15:04:05")
}
