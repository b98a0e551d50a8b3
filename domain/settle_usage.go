package domain

import "time"

// SettleUsage bills the oldest use of a resource whose cycle is over: all that its meters counted in the cycles that end
// first. Timers send it until nothing is due. Through leaves out cycles that end after it.
type SettleUsage struct {
	OrgID      string     `json:"org_id"`
	ResourceID string     `json:"resource_id"`
	Through    *time.Time `json:"through"`
}

func (c SettleUsage) Name() string             { return "settle_usage" }
func (c SettleUsage) Org() string              { return c.OrgID }
func (c SettleUsage) ForOrg(id string) Command { c.OrgID = id; return c }

// Check finds what is wrong with the command whatever the ledger holds.
func (c SettleUsage) Check() *Rejection {
	k := &checker{}
	k.id("org_id", c.OrgID)
	k.requiredResourceID(c.ResourceID)
	k.time("through", c.Through)
	return k.first
}

// Needs are the resource, the account that is debited, and the organisation, whose months decide.
func (c SettleUsage) Needs(States) []Ref {
	return []Ref{ResourceRef(c.OrgID, c.ResourceID), AccountRef(c.OrgID), OrgRef(c.OrgID)}
}

func (c SettleUsage) decide(s States, clock Clock) (Decision, *Rejection) {
	r, refused := activeResource(s, c.OrgID, c.ResourceID, clock)
	if refused != nil {
		return Decision{}, refused
	}
	at := clock.At
	if c.Through != nil && c.Through.Before(at) {
		at = *c.Through
	}
	d := newDraft(s, clock)
	switch any, refused := d.settle(r, at); {
	case refused != nil:
		return Decision{}, refused
	case !any:
		return Decision{}, reject(NothingDue, "no cycle with use is over and not settled")
	}
	return d.Decision, nil
}

// activeResource finds the resource for a command that needs it active.
func activeResource(s States, orgID, resourceID string, clock Clock) (*Resource, *Rejection) {
	r := s.Resource(orgID, resourceID)
	if r == nil {
		return nil, noSuch("resource_id", "resource", resourceID)
	}
	if r.Status != ResourceActive {
		return nil, reject(ResourceIsClosed, "the resource %s is closed", resourceID)
	}
	if clock.At.Before(r.OccurredAt) {
		return nil, invalid("at", "history can't go back: the resource's last event happened at %s", r.OccurredAt.Format(time.RFC3339Nano))
	}
	return r, nil
}
