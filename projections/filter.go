package projections

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"orderledger/domain"
)

// Filter narrows a list of orders or bill lines. Within a field, any of the values will do; fields that
// are given must all match, those about lines on one and the same line.
type Filter struct {
	// CreatedFrom and CreatedTo bound when the order was created, half-open; zero is no bound.
	CreatedFrom, CreatedTo time.Time
	// Periods are billing periods; a list of orders passes over them.
	Periods []string

	Statuses, OrderTypes, OrderIDs, ProjectIDs, ConsumerIDs, BusinessGroups []string
	// About lines.
	ChargeModes, ChargeGroups, Products, ResourceIDs, ResourceNames, Regions []string
	// Tags are the values wanted of each tag.
	Tags map[string][]string
	// MinAmount and MaxAmount bound the payable amount (of a bill line: the amount), both inclusive.
	MinAmount, MaxAmount *domain.Amount
	// HideZero leaves out what costs nothing.
	HideZero bool
	// ParentOrderIDs are the orders that others follow.
	ParentOrderIDs []string

	// About orders alone; a list of bill lines passes over what follows.

	// Arrears: only settlements that wait for money.
	Arrears bool
	// Overdue: only orders that should have been fulfilled by now.
	Overdue bool
	// Imported: only orders of a history that was brought in, or only others; nil is both.
	Imported *bool
	// RefundStates are none, partial and full; Approvals requested, granted and rejected.
	RefundStates, Approvals, TradeNos []string
}

// where collects conditions with their parameters. No value ever becomes part of the text.
type where struct {
	text strings.Builder
	args []any
	// beside are the read models that the conditions look at beside the one that is listed.
	beside []string
}

// and adds a condition in which each ? stands for the next argument.
func (w *where) and(condition string, args ...any) {
	if w.text.Len() > 0 {
		w.text.WriteString("\n  AND ")
	}
	w.write(condition, args)
}

func (w *where) write(condition string, args []any) {
	for i, part := range strings.Split(condition, "?") {
		if i > 0 {
			w.text.WriteString(w.arg(args[i-1]))
		}
		w.text.WriteString(part)
	}
}

// arg adds a parameter and returns how the text names it.
func (w *where) arg(v any) string {
	w.args = append(w.args, v)
	return "$" + strconv.Itoa(len(w.args))
}

// anyOf adds a condition on a column unless no values are given. One value is equality: only then does an index on the
// column and what a list is sorted by give the list in order.
func (w *where) anyOf(column string, values []string) {
	switch len(values) {
	case 0:
	case 1:
		w.and(column+" = ?", values[0])
	default:
		w.and(column+" = ANY(?)", values)
	}
}

// sql is WHERE with the conditions, or nothing.
func (w *where) sql() string {
	if w.text.Len() == 0 {
		return ""
	}
	return "WHERE " + w.text.String()
}

// org narrows to an organisation. The database sees to that by itself; named here, an index can use it.
func (w *where) org(org string) {
	if org != AllOrgs {
		w.and("org_id = ?", org)
	}
}

// head adds what orders and bill lines are both filtered by. The columns are named alike, but for these.
func (w *where) head(f *Filter, created, status, amount string) {
	if !f.CreatedFrom.IsZero() {
		w.and(created+" >= ?", f.CreatedFrom)
	}
	if !f.CreatedTo.IsZero() {
		w.and(created+" < ?", f.CreatedTo)
	}
	w.anyOf(status, f.Statuses)
	w.anyOf("order_type", f.OrderTypes)
	w.anyOf("order_id", f.OrderIDs)
	w.anyOf("project_id", f.ProjectIDs)
	w.anyOf("consumer_id", f.ConsumerIDs)
	w.anyOf("business_group", f.BusinessGroups)
	w.anyOf("parent_order_id", f.ParentOrderIDs)
	for _, key := range sortedKeys(f.Tags) {
		w.and("tags ->> ? = ANY(?)", key, f.Tags[key])
	}
	if f.MinAmount != nil {
		w.and(amount+" >= ?::text::numeric", f.MinAmount.String())
	}
	if f.MaxAmount != nil {
		w.and(amount+" <= ?::text::numeric", f.MaxAmount.String())
	}
	if f.HideZero {
		w.and(amount + " <> 0")
	}
}

// order adds what only orders are filtered by.
func (w *where) order(f *Filter) {
	if f.Arrears {
		w.and("arrears")
	}
	if f.Overdue {
		w.and("overdue")
	}
	if f.Imported != nil {
		w.and("imported = ?", *f.Imported)
	}
	w.anyOf("refund_state", f.RefundStates)
	w.anyOf("approval", f.Approvals)
	w.anyOf("trade_no", f.TradeNos)
}

// line adds what a line is filtered by.
func (w *where) line(f *Filter) {
	w.anyOf("charge_mode", f.ChargeModes)
	if len(f.ChargeGroups) > 0 {
		w.and("charge_mode = ANY(?)", modesOf(f.ChargeGroups))
	}
	w.anyOf("product_code", f.Products)
	w.anyOf("resource_id", f.ResourceIDs)
	w.anyOf("resource_name", f.ResourceNames)
	w.anyOf("region", f.Regions)
}

// aboutLines says whether anything about lines is asked for.
func (f *Filter) aboutLines() bool {
	return len(f.ChargeModes)+len(f.ChargeGroups)+len(f.Products)+len(f.ResourceIDs)+len(f.ResourceNames)+len(f.Regions) > 0
}

var chargeModes = []domain.ChargeMode{
	domain.ModeYear, domain.ModeMonth, domain.ModeDay, domain.ModePrepaid30d, domain.ModeHour, domain.ModeMinute,
	domain.ModeMetered, domain.ModePostpaidCycle, domain.ModeSpot, domain.ModeGift, domain.ModeTrial,
}

// modesOf lists the charge modes of some charge groups; none, never nil, for groups that there aren't.
func modesOf(groups []string) []string {
	modes := []string{}
	for _, m := range chargeModes {
		if slices.Contains(groups, string(m.Group())) {
			modes = append(modes, string(m))
		}
	}
	return modes
}
