package domain

// DefaultRenewBeforeSeconds is how long before its end a lease is renewed, unless the policy says otherwise.
const DefaultRenewBeforeSeconds = 24 * 3600

const renewBeforeMax = 366 * 24 * 3600

// SetAutoRenew says whether a resource's leases are renewed by themselves: by how many units (1), how long before they
// end (a day).
type SetAutoRenew struct {
	OrgID         string   `json:"org_id"`
	ResourceID    string   `json:"resource_id"`
	Enabled       bool     `json:"enabled"`
	Quantity      *Decimal `json:"quantity"`
	BeforeSeconds *int64   `json:"before_seconds"`
}

func (c SetAutoRenew) Name() string             { return "set_auto_renew" }
func (c SetAutoRenew) Org() string              { return c.OrgID }
func (c SetAutoRenew) ForOrg(id string) Command { c.OrgID = id; return c }

func (c SetAutoRenew) Needs(States) []Ref { return []Ref{ResourceRef(c.OrgID, c.ResourceID)} }

// Check finds what is wrong with the policy whatever the ledger holds.
func (c SetAutoRenew) Check() *Rejection {
	k := &checker{}
	k.id("org_id", c.OrgID)
	k.requiredResourceID(c.ResourceID)
	if q := c.Quantity; q != nil && (q.Sign() <= 0 || !q.IsInteger() || q.GreaterThan(wholeNumber(1000).Decimal)) {
		k.fail("quantity", "1 to 1000 whole units of the lease")
	}
	if s := c.BeforeSeconds; s != nil && (*s < 0 || *s > renewBeforeMax) {
		k.fail("before_seconds", "between 0 and %d", renewBeforeMax)
	}
	return k.first
}

func (c SetAutoRenew) decide(s States, clock Clock) (Decision, *Rejection) {
	r, refused := activeResource(s, c.OrgID, c.ResourceID, clock)
	if refused != nil {
		return Decision{}, refused
	}
	if _, ends := r.LeaseEnd(); !ends && c.Enabled {
		return Decision{}, invalid("enabled", "the resource %s has no lease that could be renewed", c.ResourceID)
	}
	policy := AutoRenew{Enabled: c.Enabled, Quantity: wholeNumber(1), BeforeSeconds: DefaultRenewBeforeSeconds}
	if c.Quantity != nil {
		policy.Quantity = *c.Quantity
	}
	if c.BeforeSeconds != nil {
		policy.BeforeSeconds = *c.BeforeSeconds
	}
	return one(ResourceRef(c.OrgID, c.ResourceID), AutoRenewSet{OrgID: c.OrgID, ResourceID: c.ResourceID, AutoRenew: policy}), nil
}
