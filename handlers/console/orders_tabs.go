package console

import (
	"slices"

	"orderledger/domain"
)

// statusTab is a tab above the list: the orders of one status, or all.
type statusTab struct {
	// Status is "" for all.
	Status string
	Href   string
	Here   bool
	// N is how many there are, as it is shown: "" unknown.
	N string
}

// countedMost is as far as a tab counts; beyond, it says so.
const countedMost = 10_000

// tabsAlways are shown even if there is nothing under them; the others only if there is, or if it is not known.
var tabsAlways = []string{string(domain.Unpaid), "", string(domain.Paid), string(domain.Completed), string(domain.Cancelled), string(domain.Expired)}

// tabsOf makes the tabs: what waits for money first, then all, then the other statuses in their order.
func tabsOf(v *view, counts map[string]int64) []statusTab {
	statuses := []string{string(domain.Unpaid), ""}
	for _, s := range domain.Codes("status") {
		if s != string(domain.Unpaid) {
			statuses = append(statuses, s)
		}
	}
	now := v.Query("status")
	var tabs []statusTab
	for _, s := range statuses {
		n, known := countOf(counts, s)
		if s == now || !known || n != 0 || slices.Contains(tabsAlways, s) {
			tabs = append(tabs, statusTab{s, v.Here("status", s), s == now, v.atMost(n, known)})
		}
	}
	return tabs
}

// countOf is how many orders have a status, or are there in all for "".
func countOf(counts map[string]int64, status string) (n int64, known bool) {
	if counts == nil {
		return 0, false
	}
	if status != "" {
		return counts[status], counts[status] >= 0
	}
	for _, c := range counts {
		if c < 0 {
			return 0, false
		}
		n += c
	}
	return n, true
}

// atMost is a count as it is shown: "10,000+" beyond what is counted.
func (v *view) atMost(n int64, known bool) string {
	switch {
	case !known:
		return ""
	case n > countedMost:
		return v.Number(countedMost) + "+"
	}
	return v.Number(n)
}
