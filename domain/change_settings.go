package domain

// ChangeSettings changes those of an organisation's settings that are given.
type ChangeSettings struct {
	OrgID            string  `json:"org_id"`
	TimeZone         *string `json:"time_zone"`
	PayBeforeSeconds *int64  `json:"pay_before_seconds"`
}

func (c ChangeSettings) Name() string             { return "change_settings" }
func (c ChangeSettings) Org() string              { return c.OrgID }
func (c ChangeSettings) ForOrg(id string) Command { c.OrgID = id; return c }

func (c ChangeSettings) Needs(States) []Ref { return []Ref{OrgRef(c.OrgID)} }

// Check finds what is wrong with the settings whatever the ledger holds.
func (c ChangeSettings) Check() *Rejection {
	k := &checker{}
	k.id("org_id", c.OrgID)
	if c.TimeZone != nil {
		if _, ok := Zone(*c.TimeZone); !ok {
			k.fail("time_zone", "an IANA time zone such as Asia/Shanghai")
		}
	}
	if s := c.PayBeforeSeconds; s != nil && (*s < 1 || *s > payBeforeMax) {
		k.fail("pay_before_seconds", "between 1 and %d", payBeforeMax)
	}
	if c.TimeZone == nil && c.PayBeforeSeconds == nil {
		k.fail("", "name at least one setting to change: time_zone, pay_before_seconds")
	}
	return k.first
}

func (c ChangeSettings) decide(s States, clock Clock) (Decision, *Rejection) {
	settings := SettingsOf(s.Org(c.OrgID))
	if c.TimeZone != nil {
		settings.TimeZone = *c.TimeZone
	}
	if c.PayBeforeSeconds != nil {
		settings.PayBeforeSeconds = *c.PayBeforeSeconds
	}
	return one(OrgRef(c.OrgID), OrgSettingsChanged{OrgID: c.OrgID, Settings: settings}), nil
}
