package domain

import "slices"

// ReviewRelease looks at whether a resource is to be released: because its lease is over, and the days that are charged
// after it, or because a settlement of its use waits too long for money. What is so is said once; what was said and is not
// so any more is withdrawn. Timers send it; order_id names the settlement that they found.
type ReviewRelease struct {
	OrgID      string `json:"org_id"`
	ResourceID string `json:"resource_id"`
	OrderID    string `json:"order_id"`
}

func (c ReviewRelease) Name() string             { return "review_release" }
func (c ReviewRelease) Org() string              { return c.OrgID }
func (c ReviewRelease) ForOrg(id string) Command { c.OrgID = id; return c }

// Check finds what is wrong with the command whatever the ledger holds.
func (c ReviewRelease) Check() *Rejection {
	k := &checker{}
	k.id("org_id", c.OrgID)
	k.requiredResourceID(c.ResourceID)
	if c.OrderID != "" {
		k.orderID("order_id", c.OrderID)
	}
	return k.first
}

// Needs are the resource, the organisation, whose settings decide, and the settlements in question.
func (c ReviewRelease) Needs(s States) []Ref {
	needs := newRefs(ResourceRef(c.OrgID, c.ResourceID), OrgRef(c.OrgID))
	if c.OrderID != "" {
		needs.add(OrderRef(c.OrderID))
	}
	needs.addReleases(s.Resource(c.OrgID, c.ResourceID))
	return needs.list
}

func (c ReviewRelease) decide(s States, clock Clock) (Decision, *Rejection) {
	r, refused := activeResource(s, c.OrgID, c.ResourceID, clock)
	if refused != nil {
		return Decision{}, refused
	}
	d := newDraft(s, clock)
	stream := ResourceRef(c.OrgID, c.ResourceID)
	for _, release := range r.Releases {
		if !d.holds(r, release) {
			d.emit(stream, ReleaseWithdrawn{OrgID: r.OrgID, ResourceID: r.ResourceID, Reason: release.Reason, OrderID: release.OrderID, Since: release.Since})
		}
	}
	settings := SettingsOf(s.Org(c.OrgID))
	for _, found := range []*Release{r.leaseOver(settings), d.arrearsOf(r, c.OrderID, settings)} {
		if found == nil || clock.At.Before(found.DueAt) || d.Resource(c.OrgID, c.ResourceID).releaseFor(found.Reason) != nil {
			continue
		}
		d.emit(stream, ReleaseDue{
			OrgID: r.OrgID, ResourceID: r.ResourceID, Reason: found.Reason, OrderID: found.OrderID, Since: found.Since, DueAt: found.DueAt,
		})
	}
	if len(d.Events) == 0 {
		return Decision{}, reject(NothingDue, "whether the resource %s is to be released has not changed", c.ResourceID)
	}
	return d.Decision, nil
}

// releaseFor is the release for a reason; nil is none.
func (r *Resource) releaseFor(reason ReleaseReason) *Release {
	i := slices.IndexFunc(r.Releases, func(release Release) bool { return release.Reason == reason })
	if i < 0 {
		return nil
	}
	return &r.Releases[i]
}

// leaseOver is the release of a resource whose leases are over, or will be; nil where there is no such time.
func (r *Resource) leaseOver(settings Settings) *Release {
	leased, free, ok := r.TimeEnds()
	if !ok {
		return nil
	}
	found := Release{Reason: ReleaseLeaseEnded}
	if leased != nil {
		found.Since, found.DueAt = *leased, overdueUntil(*leased, settings.overdueDays())
	}
	if free != nil && free.After(found.Since) {
		found.Since = *free
	}
	if free != nil && free.After(found.DueAt) {
		found.DueAt = *free
	}
	for i := range r.Terms {
		if t := &r.Terms[i]; t.timed() && t.ExpiresAt.Equal(found.Since) {
			found.OrderID = t.OrderID
			break
		}
	}
	return &found
}

// arrearsOf is the release of a resource because of a settlement that waits for money; nil where it waits not, or not since
// the resource was opened. A resource that was recovered is not taken away again for what it owed before.
func (d *draft) arrearsOf(r *Resource, orderID string, settings Settings) *Release {
	after := settings.releaseAfter()
	if orderID == "" || after <= 0 {
		return nil
	}
	o := d.Order(orderID)
	if o == nil || o.OrgID != r.OrgID || !o.Arrears || o.CreatedAt.Before(r.OpenedAt) || !slices.Contains(resourceIDs(o.Lines), r.ResourceID) {
		return nil
	}
	return &Release{Reason: ReleaseArrears, OrderID: orderID, Since: o.CreatedAt, DueAt: o.CreatedAt.Add(after)}
}

// holds says whether the cause of a release is still there.
func (d *draft) holds(r *Resource, release Release) bool {
	if release.Reason == ReleaseArrears {
		o := d.Order(release.OrderID)
		return o != nil && o.Arrears
	}
	return !r.leaseGoesOn(release)
}

// leaseGoesOn says whether time was paid for since a release because there was none any more.
func (r *Resource) leaseGoesOn(release Release) bool {
	leased, free, ok := r.TimeEnds()
	return !ok || leased != nil && leased.After(release.Since) || free != nil && free.After(release.Since)
}

// addReleases adds the settlements that the resource is to be released for.
func (r *refs) addReleases(of *Resource) {
	if of == nil {
		return
	}
	for _, release := range of.Releases {
		if release.Reason == ReleaseArrears {
			r.add(OrderRef(release.OrderID))
		}
	}
}
