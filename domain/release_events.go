package domain

import "time"

// ReleaseReason is why a resource is to be released.
type ReleaseReason string

// The reasons of releases.
const (
	// ReleaseLeaseEnded: nothing is paid for since its lease ended, and the days charged after it are over.
	ReleaseLeaseEnded ReleaseReason = "lease_ended"
	// ReleaseArrears: what it used has waited too long for money.
	ReleaseArrears ReleaseReason = "arrears"
)

// Release is a cause for which a resource is to be released.
type Release struct {
	Reason  ReleaseReason `json:"reason"`
	OrderID string        `json:"order_id"`
	Since   time.Time     `json:"since"`
	DueAt   time.Time     `json:"due_at"`
}

// ReleaseDue says that the service of a resource is to release it: to take it down, and to report that by closing it. It is
// said once for each cause, and taken back by ReleaseWithdrawn when the cause is gone before the resource is.
type ReleaseDue struct {
	OrgID      string `json:"org_id"`
	ResourceID string `json:"resource_id"`
	// Reason is lease_ended or arrears.
	Reason ReleaseReason `json:"reason"`
	// OrderID is the last order of the lease that ended, or the settlement that waits for money.
	OrderID string `json:"order_id"`
	// Since is when the lease ended, or when the settlement began to wait; DueAt is from when on the resource is to be
	// released for it.
	Since time.Time `json:"since"`
	DueAt time.Time `json:"due_at"`
}

// ReleaseWithdrawn says that a resource is not to be released any more for a cause: the lease was renewed, or the
// settlement paid. Reason, order and since are those of the ReleaseDue that it takes back.
type ReleaseWithdrawn struct {
	OrgID      string        `json:"org_id"`
	ResourceID string        `json:"resource_id"`
	Reason     ReleaseReason `json:"reason"`
	OrderID    string        `json:"order_id"`
	Since      time.Time     `json:"since"`
}

func (ReleaseDue) stored() string       { return TypeReleaseDue }
func (ReleaseWithdrawn) stored() string { return TypeReleaseWithdrawn }

func (e ReleaseDue) evolve(s State, m Meta) State {
	return resourceAfter(s, m, func(r *Resource) {
		r.Releases = append(r.without(e.Reason), Release{Reason: e.Reason, OrderID: e.OrderID, Since: e.Since, DueAt: e.DueAt})
	})
}

func (e ReleaseWithdrawn) evolve(s State, m Meta) State {
	return resourceAfter(s, m, func(r *Resource) { r.Releases = r.without(e.Reason) })
}

// without are the releases for other reasons.
func (r *Resource) without(reason ReleaseReason) []Release {
	var others []Release
	for _, release := range r.Releases {
		if release.Reason != reason {
			others = append(others, release)
		}
	}
	return others
}
