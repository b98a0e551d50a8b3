package domain

import "time"

// leaseEnd is when the first of the resource's leases ends; false when it has none.
func (r *Resource) leaseEnd() (end time.Time, ok bool) {
	for i := range r.Terms {
		if t := &r.Terms[i]; t.leased() && (!ok || t.ExpiresAt.Before(end)) {
			end, ok = *t.ExpiresAt, true
		}
	}
	return end, ok
}
