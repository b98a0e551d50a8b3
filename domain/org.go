package domain

import "time"

// DefaultPayBefore is how long an order may stay unpaid, unless its organisation sets another time.
const DefaultPayBefore = 7 * 24 * time.Hour

// Settings are what an organisation chooses for itself.
type Settings struct {
	TimeZone         string `json:"time_zone"`
	PayBeforeSeconds int64  `json:"pay_before_seconds"`
}

// DefaultSettings hold until an organisation changes them.
func DefaultSettings() Settings {
	return Settings{TimeZone: DefaultTimeZone, PayBeforeSeconds: int64(DefaultPayBefore / time.Second)}
}

// Org is the state of an organisation's settings: the fold of its stream.
type Org struct {
	OrgID string `json:"org_id"`
	Settings
	OccurredAt time.Time `json:"updated_at"`
	Version    int64     `json:"version"`
	Position   int64     `json:"position"`
}

// SettingsOf are the organisation's settings; one that never changed any (nil) has the defaults.
func SettingsOf(o *Org) Settings {
	if o == nil {
		return DefaultSettings()
	}
	return o.Settings
}

// Size estimates the memory that the state holds, in bytes.
func (o *Org) Size() int { return 256 }
