package domain

import (
	"cmp"
	"time"
)

// ResourceStatus is where a resource stands in its life.
type ResourceStatus string

// The statuses of a resource.
const (
	ResourceActive ResourceStatus = "active"
	ResourceGone   ResourceStatus = "closed"
)

// Resource is the state of one resource as the ledger sees it: what it costs, until when it is paid for, and what it
// used and was not billed yet. It is the fold of its stream, which begins when an order that opens it completes, or at
// once for pay-as-you-go and free orders that name it. Values are shared, never changed in place.
type Resource struct {
	OrgID      string         `json:"org_id"`
	ResourceID string         `json:"resource_id"`
	Status     ResourceStatus `json:"status"`
	Profile
	// Terms are what the resource is charged for, each for itself: a cluster may be prepaid while its backups are metered.
	Terms []Term `json:"terms"`
	// Leases are the order lines whose money still covers time to come, oldest first.
	Leases    []Lease    `json:"leases"`
	AutoRenew *AutoRenew `json:"auto_renew"`
	// RenewalsTried are the lease ends that a renewal was tried for: it is once for each. The past ones that no lease has
	// any more are forgotten.
	RenewalsTried []time.Time `json:"renewals_tried,omitempty"`
	// Uses is what was used and not settled yet, by cycle, term and meter, in that order.
	Uses []Use `json:"uses,omitempty"`
	// SettledThrough is the end of the last cycle settled: use before it is late, and goes to the next cycle.
	SettledThrough *time.Time `json:"settled_through,omitempty"`
	// OverdueThrough is until when days after the lease have been charged.
	OverdueThrough *time.Time `json:"overdue_through,omitempty"`
	// Releases are the causes for which the resource is to be released, at most one of each reason.
	Releases []Release `json:"releases,omitempty"`
	// UnsettledPeriods are the months that may not be closed yet because of this resource.
	UnsettledPeriods []Period   `json:"unsettled_periods,omitempty"`
	OpenedAt         time.Time  `json:"opened_at"`
	ClosedAt         *time.Time `json:"closed_at,omitempty"`
	OccurredAt       time.Time  `json:"updated_at"`
	Version          int64      `json:"version"`
	Position         int64      `json:"position"`
}

// Profile is what orders that arise by themselves (settlements, renewals) say of the resource.
type Profile struct {
	ResourceName  string            `json:"resource_name"`
	ResourceType  string            `json:"resource_type"`
	ResourceExt   map[string]string `json:"resource_ext"`
	Region        string            `json:"region"`
	Zone          string            `json:"zone"`
	ProjectID     string            `json:"project_id"`
	ConsumerID    string            `json:"consumer_id"`
	BusinessGroup string            `json:"business_group"`
	Tags          map[string]string `json:"tags"`
	Currency      Currency          `json:"currency"`
}

// Term is one thing that a resource is charged for, told from its others by product code and billing item.
type Term struct {
	ProductCode string      `json:"product_code"`
	ProductName string      `json:"product_name"`
	BillingItem string      `json:"billing_item,omitempty"`
	ChargeMode  ChargeMode  `json:"charge_mode"`
	Config      []Component `json:"config"`
	Count       Decimal     `json:"count"`
	// Quantity × Unit is the whole lease from EffectiveAt to ExpiresAt; UnitPrice is what a unit costs from now on.
	Quantity    Decimal    `json:"quantity"`
	Unit        string     `json:"unit"`
	UnitPrice   Decimal    `json:"unit_price"`
	EffectiveAt *time.Time `json:"effective_at"`
	ExpiresAt   *time.Time `json:"expires_at"`
	// Cycle and Rates are those of pay-as-you-go: a rate holds from its time on, the last is the present one.
	Cycle string `json:"cycle,omitempty"`
	Rates []Rate `json:"rates,omitempty"`
	// OrderID and LineNo are the order line that set the term last.
	OrderID string `json:"order_id"`
	LineNo  int    `json:"line_no"`
	// OpenedBy is the order that the term began with, whose bill lines are those of the term's use; "" is OrderID.
	OpenedBy string `json:"opened_by,omitempty"`
}

// Rate is what use costs from a time on.
type Rate struct {
	From   time.Time `json:"from"`
	Meters []Meter   `json:"meters"`
}

// Lease is an order line that was paid for a time.
type Lease struct {
	OrderID     string    `json:"order_id"`
	LineNo      int       `json:"line_no"`
	EffectiveAt time.Time `json:"effective_at"`
	ExpiresAt   time.Time `json:"expires_at"`
}

// AutoRenew is the policy that renews a resource by itself.
type AutoRenew struct {
	Enabled bool `json:"enabled"`
	// Quantity is how many units of each lease are renewed; BeforeSeconds how long before its end.
	Quantity      Decimal `json:"quantity"`
	BeforeSeconds int64   `json:"before_seconds"`
	// AttemptedFor is the lease end that a renewal was tried for last; Resource.RenewalsTried has all that matter.
	AttemptedFor *time.Time `json:"attempted_for,omitempty"`
}

// Use is what a meter counted in a cycle, at one rate.
type Use struct {
	CycleStart time.Time `json:"cycle_start"`
	CycleEnd   time.Time `json:"cycle_end"`
	// Period is the month of the cycle's start, by the clocks that the organisation had when the use was reported: the
	// month that this use keeps open.
	Period      Period    `json:"period"`
	ProductCode string    `json:"product_code"`
	BillingItem string    `json:"billing_item,omitempty"`
	Meter       string    `json:"meter"`
	RateFrom    time.Time `json:"rate_from"`
	Quantity    Decimal   `json:"quantity"`
	// From and To span the intervals of the records.
	From    time.Time `json:"from"`
	To      time.Time `json:"to"`
	Records int       `json:"records"`
}

// Size estimates the memory that the state holds, in bytes.
func (r *Resource) Size() int {
	size := 1024 + pairsSize(r.Tags) + pairsSize(r.ResourceExt) + 96*len(r.Leases) + 24*len(r.RenewalsTried) + 256*len(r.Uses)
	for i := range r.Terms {
		size += 512 + configSize(r.Terms[i].Config) + 512*len(r.Terms[i].Rates)
	}
	return size
}

// StreamVersion is the version of the last event folded in.
func (r *Resource) StreamVersion() int64 { return r.Version }

// compareUses orders uses by cycle, term, meter and rate.
func compareUses(a, b *Use) int {
	return cmp.Or(a.CycleStart.Compare(b.CycleStart), a.CycleEnd.Compare(b.CycleEnd), cmp.Compare(a.Period, b.Period),
		cmp.Compare(a.ProductCode, b.ProductCode), cmp.Compare(a.BillingItem, b.BillingItem), cmp.Compare(a.Meter, b.Meter),
		a.RateFrom.Compare(b.RateFrom))
}
