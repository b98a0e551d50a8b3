package console

import (
	"cmp"
	"log/slog"
	"slices"
	"strings"

	"orderledger/domain"
	"orderledger/projections"
)

// The form of filters, and the chips that show which ones hold.

// filterField is a filter as the form asks for it. Its label is that of the field of the same name.
type filterField struct {
	// Name is the filter's in the address, Label the field whose label it has.
	Name, Label string
	// Kind is text, amount, words (any of Codes), one (one of Codes) or flag.
	Kind string
	// Words is the kind of label that the codes have.
	Words string
}

// orderFilters are all filters but time and sort, in the form's order; the first ones are always there, the others under
// "more".
var orderFilters = []filterField{
	{"product", "product_code", "text", ""},
	{"order_type", "order_type", "words", "order_type"},
	{"charge_group", "charge_group", "one", "charge_group"},
	{"order_id", "order_id", "text", ""},
	{"resource_id", "resource_id", "text", ""},
	{"resource_name", "resource_name", "text", ""},
	{"project_id", "project_id", "text", ""},
	{"consumer_id", "consumer_id", "text", ""},
	{"region", "region", "text", ""},
	{"business_group", "business_group", "text", ""},
	{"tag", "tags", "text", ""},
	{"min_amount", "min_amount", "amount", ""},
	{"max_amount", "max_amount", "amount", ""},
	{"status", "status", "words", "status"},
	{"charge_mode", "charge_mode", "words", "charge_mode"},
	{"refund_state", "refund_state", "one", "refund_state"},
	{"approval", "approval", "one", "approval_state"},
	{"trade_no", "trade_no", "text", ""},
	{"parent_order_id", "parent_order_id", "text", ""},
	{"imported", "imported", "one", "flag"},
	{"arrears", "arrears", "flag", ""},
	{"overdue", "overdue", "flag", ""},
	{"hide_zero", "hide_zero", "flag", ""},
}

// filtersAlways is how many filters are there without opening "more".
const filtersAlways = 5

// shownFilter is a filter as the form shows it.
type shownFilter struct {
	Name, Kind, Label, Value string
	// Any is what is said where nothing is asked for.
	Any     string
	Options []filterOption
	Offers  []offer
}

// filterOption is one of a filter's words.
type filterOption struct {
	Code, Label string
	Chosen      bool
}

// Filters are those of the form: without more, those that are always there, else the others.
func (p *ordersPage) Filters(more bool) []shownFilter {
	some := orderFilters[:filtersAlways]
	if more {
		some = orderFilters[filtersAlways:]
	}
	var all []shownFilter
	for _, f := range some {
		shown := shownFilter{Name: f.Name, Kind: f.Kind, Label: p.filterLabel(f), Value: p.value(f.Name), Any: p.T("orders.any"), Offers: p.offers(f.Name)}
		for _, code := range f.codes() {
			chosen := slices.Contains(strings.Split(shown.Value, ","), code)
			shown.Options = append(shown.Options, filterOption{code, p.optionLabel(f, code), chosen})
		}
		all = append(all, shown)
	}
	return all
}

// Chosen names what is chosen of a filter's words.
func (f shownFilter) Chosen() string {
	var labels []string
	for _, o := range f.Options {
		if o.Chosen {
			labels = append(labels, o.Label)
		}
	}
	return cmp.Or(strings.Join(labels, ", "), f.Any)
}

// MoreHolds says whether one of the filters under "more" holds, so that it is open. A single status is a tab.
func (p *ordersPage) MoreHolds() bool {
	return slices.ContainsFunc(orderFilters[filtersAlways:], func(f filterField) bool {
		value := p.value(f.Name)
		return value != "" && (f.Name != "status" || strings.Contains(value, ","))
	})
}

// Kept is what the form leaves as it is.
func (p *ordersPage) Kept() []pair {
	names := []string{"created_from", "created_to"}
	for _, f := range orderFilters {
		names = append(names, f.Name)
	}
	return p.Hidden(names...)
}

// value is what the address has for a filter.
func (p *ordersPage) value(name string) string { return strings.Join(p.r.URL.Query()[name], ",") }

// codes are those of a filter's words.
func (f filterField) codes() []string {
	switch f.Words {
	case "":
		return nil
	case "flag":
		return []string{"true", "false"}
	}
	return domain.Codes(f.Words)
}

// Ranges are the times back from now that can be chosen; the one that holds is shown so.
func (p *ordersPage) Ranges() []choosable {
	var all []choosable
	for _, r := range ordersRanges {
		all = append(all, choosable{r, r == p.RangeNow()})
	}
	return all
}

// Day is what a date field shows of created_from or created_to, which may be a time too.
func (p *ordersPage) Day(name string) string {
	zone, err := p.orgZone()
	if err != nil {
		return ""
	}
	return dayOf(p.Query(name), name == "created_to", zone)
}

// chip is a filter that holds, and the address without it.
type chip struct{ Name, Label, Text, Href string }

// Chips are the filters that hold.
func (p *ordersPage) Chips() []chip {
	var chips []chip
	if from, to := p.Day("created_from"), p.Day("created_to"); from+to != "" {
		chips = append(chips, chip{
			"created_at", p.Label("field", "created_at"), strings.TrimSpace(from + " – " + to),
			p.Here("created_from", "", "created_to", ""),
		})
	}
	for _, f := range orderFilters {
		value := p.value(f.Name)
		if value == "" || f.Kind == "flag" && value != "true" {
			continue
		}
		chips = append(chips, chip{f.Name, p.filterLabel(f), p.chipText(f, value), p.Here(f.Name, "")})
	}
	return chips
}

func (p *ordersPage) chipText(f filterField, value string) string {
	if f.Kind == "flag" {
		return ""
	}
	parts := strings.Split(value, ",")
	for i, part := range parts {
		part = strings.TrimSpace(part)
		if f.Words != "" {
			part = p.optionLabel(f, part)
		}
		parts[i] = part
	}
	return strings.Join(parts, p.T("orders.or"))
}

// filterLabel names a filter: as its field is named, but for some.
func (p *ordersPage) filterLabel(f filterField) string {
	if key := "orders.filter." + f.Name; p.Has(key) {
		return p.T(key)
	}
	return p.Label("field", f.Label)
}

// optionLabel names one of a filter's codes.
func (p *ordersPage) optionLabel(f filterField, code string) string {
	if f.Words == "flag" {
		return p.T("orders.filter." + f.Name + "." + code)
	}
	return p.Label(f.Words, code)
}

// offer is a value that a filter suggests, with the name that people know it by.
type offer struct{ Value, Name string }

// offers are values for a filter: of the orders that are shown, and the products of the last bills.
func (p *ordersPage) offers(name string) []offer {
	var all []offer
	seen := map[string]bool{"": true}
	add := func(value, name string) {
		if !seen[value] {
			seen[value] = true
			all = append(all, offer{value, name})
		}
	}
	if name == "product" {
		for _, b := range p.billed {
			add(b.Value, b.Name)
		}
	}
	for _, o := range p.Rows {
		switch name {
		case "project_id":
			add(o.ProjectID, "")
		case "consumer_id":
			add(o.ConsumerID, "")
		case "business_group":
			add(o.BusinessGroup, "")
		}
		for i := range o.Lines {
			switch l := &o.Lines[i]; name {
			case "product":
				add(l.ProductCode, l.ProductName)
			case "region":
				add(l.Region, "")
			case "resource_name":
				add(l.ResourceName, "")
			}
		}
	}
	return all
}

// billedProducts are the products that most was paid for in the last three months. They are a help for typing: a list of
// orders is shown without them where the bills can't be read.
func (p *ordersPage) billedProducts() []offer {
	this := domain.Period(p.now.Format("2006-01"))
	list, err := p.c.Server.Reader.Spend(p.r.Context(), p.org, projections.SpendQuery{
		From: this.Add(-2), To: this, GroupBy: "product", Most: projections.SpendGroupsMax,
	})
	if err != nil {
		slog.WarnContext(p.r.Context(), "the products of the last bills can't be read", "error", err)
	}
	var all []offer
	for _, s := range list.Items {
		if s.Key != "" {
			all = append(all, offer{s.Key, s.Label})
		}
	}
	return all
}

// productNamed is the code of the product whose name was typed in place of it, where the list is empty therefore; "" else.
func (p *ordersPage) productNamed() string {
	typed := strings.TrimSpace(p.Query("product"))
	if typed == "" || len(p.Rows) > 0 {
		return ""
	}
	for _, o := range p.billed {
		if strings.EqualFold(o.Name, typed) && o.Value != typed {
			return o.Value
		}
	}
	return ""
}
