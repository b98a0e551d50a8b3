package console

import (
	"cmp"
	"slices"
	"strconv"
	"time"

	"orderledger/domain"
	"orderledger/eventstore"
	"orderledger/projections"
)

// lifeMost bounds how many orders, and how many events, one page of a resource's life looks at.
const lifeMost = 100

// life is a page of what happened to a resource, the newest first.
type life struct {
	Steps []step
	// Orders are those among the steps.
	Orders []*domain.Order
	// Older is the address of what came before; "" is nothing.
	Older string
}

// step is an order of the resource, or something that its own stream tells.
type step struct {
	At time.Time
	// Order has Lines about the resource; nil for an event.
	Order *domain.Order
	Lines []domain.Line
	// Type is the event's, Position where it is in the log.
	Type     string
	Position int64
	// One of these is what the event says.
	Renew   *domain.AutoRenewSet
	Renewal *domain.RenewalTried
	Usage   *domain.UsageRecorded
	Closed  *domain.ResourceClosed
	// Release is what is to be released, or not any more.
	Release *domain.Release

	version int64
}

// lifeOf reads a page of a resource's life: what happened before the time and the version that the address names.
func (v *view) lifeOf(org, id string, r *domain.Resource) (life, error) {
	before, _ := time.Parse(time.RFC3339Nano, v.Query("before")) // what is no time is no bound
	ask := projections.OrderQuery{Filter: projections.Filter{ResourceIDs: []string{id}, CreatedTo: before}, Limit: lifeMost}
	list, err := v.c.Server.Reader.Orders(v.r.Context(), org, ask)
	if err != nil {
		return life{}, err
	}
	orders, err := storedOrders(list.Items)
	if err != nil {
		return life{}, err
	}
	var steps []step
	for _, o := range orders {
		if len(steps) == 0 || o.OrgID == orders[0].OrgID { // ids are an organisation's own
			steps = append(steps, step{At: o.CreatedAt, Order: o, Lines: linesOf(o, id), Position: o.Position})
		}
	}
	var cut time.Time // what happened up to here is for the next page
	if list.NextCursor != nil {
		cut = orders[len(orders)-1].CreatedAt
	}
	events, err := v.resourceEvents(r)
	if err != nil {
		return life{}, err
	}
	if events.lowest > 1 && events.since.After(cut) {
		cut = events.since
	}
	return v.cutLife(append(steps, events.steps...), cut, events.lowest), nil
}

// cutLife sorts steps, keeps those after the cut, and says where the rest is to be had. lowest is the first version of
// the resource's stream that was looked at.
func (v *view) cutLife(steps []step, cut time.Time, lowest int64) life {
	slices.SortStableFunc(steps, func(a, b step) int {
		return cmp.Or(b.At.Compare(a.At), cmp.Compare(b.Position, a.Position))
	})
	next := cut.Add(time.Microsecond)
	if len(steps) > 0 && !steps[0].At.After(cut) { // all at one time: then this page has them
		next, cut = cut, cut.Add(-time.Microsecond)
	}
	var l life
	for _, s := range steps {
		if !s.At.After(cut) {
			lowest = max(lowest, s.version+1) // for the next page
			continue
		}
		l.Steps = append(l.Steps, s)
		if s.Order != nil {
			l.Orders = append(l.Orders, s.Order)
		}
	}
	if !cut.IsZero() {
		l.Older = v.Here("before", next.Format(time.RFC3339Nano), "version", strconv.FormatInt(lowest, 10))
	}
	return l
}

// streamPart is a part of a resource's stream: what it tells beside the orders, the newest first.
type streamPart struct {
	steps []step
	// lowest is the first version that was looked at, since when it happened.
	lowest int64
	since  time.Time
}

// resourceEvents reads what the resource's own stream tells, up to the version that the address names.
func (v *view) resourceEvents(r *domain.Resource) (part streamPart, err error) {
	if r == nil {
		return part, nil
	}
	upTo := r.Version
	if before, err := strconv.ParseInt(v.Query("version"), 10, 64); err == nil && before > 0 {
		upTo = min(upTo, before-1)
	}
	after := max(upTo-lifeMost, 0)
	page, err := v.c.Server.Reads.ReadStreamFor(v.r.Context(), r.OrgID, domain.ResourceRef(r.OrgID, r.ResourceID).String(), after, int(upTo-after))
	if err != nil {
		return part, err
	}
	part.lowest = after + 1
	for i := range page.Events {
		s, err := stepOf(&page.Events[i])
		if err != nil {
			return part, err
		}
		if i == 0 {
			part.since = s.At
		}
		if s.told() {
			part.steps = append(part.steps, s)
		}
	}
	slices.Reverse(part.steps)
	return part, nil
}

func stepOf(e *eventstore.Event) (step, error) {
	event, err := domain.DecodeEvent(e.Type, e.Payload)
	s := step{At: e.OccurredAt, Type: e.Type, Position: e.Position, version: e.Version}
	switch event := event.(type) {
	case domain.AutoRenewSet:
		s.Renew = &event
	case domain.RenewalTried:
		s.Renewal = &event
	case domain.UsageRecorded:
		s.Usage = &event
	case domain.ResourceClosed:
		s.Closed = &event
	case domain.ReleaseDue:
		s.Release = &domain.Release{Reason: event.Reason, OrderID: event.OrderID, Since: event.Since}
	case domain.ReleaseWithdrawn:
		s.Release = &domain.Release{Reason: event.Reason, OrderID: event.OrderID, Since: event.Since}
	}
	return s, err
}

// told says whether the step says something that no order beside it does.
func (s step) told() bool {
	return s.Renew != nil || s.Renewal != nil || s.Usage != nil || s.Closed != nil || s.Release != nil
}
