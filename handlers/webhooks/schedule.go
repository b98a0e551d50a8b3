package webhooks

import (
	"net/http"
	"strconv"
	"time"
)

const (
	// GiveUpAfter is how long an event is tried, from its first failure, before its endpoint is disabled.
	GiveUpAfter = 3 * 24 * time.Hour
	retryFirst  = 5 * time.Second
	retryMost   = time.Hour
)

// retryAt is when an event is tried again that failed so many times, the first time at since: after 5 s, twice as long each
// time up to an hour, of which a random half (0 to 1) is left out, and not before the endpoint wants it to be, within the hour.
// The last attempt is at the end of the three days; one that fails then, or later, gives up.
func retryAt(attempts int, since, now time.Time, wanted time.Duration, random float64) (at time.Time, giveUp bool) {
	end := since.Add(GiveUpAfter)
	if !now.Before(end) {
		return time.Time{}, true
	}
	pause := retryMost
	if attempts < 11 { // 5 s doubled ten times is beyond the hour
		pause = min(retryFirst<<max(attempts-1, 0), retryMost)
	}
	pause -= time.Duration(random * float64(pause) / 2)
	pause = max(pause, min(wanted, retryMost))
	if at = now.Add(pause); at.After(end) {
		at = end
	}
	return at, false
}

// retryAfter reads the header: seconds or a date; 0 when there is none that makes sense.
func retryAfter(text string, now time.Time) time.Duration {
	if seconds, err := strconv.ParseUint(text, 10, 31); err == nil {
		return time.Duration(seconds) * time.Second
	}
	if at, err := http.ParseTime(text); err == nil && at.After(now) {
		return at.Sub(now)
	}
	return 0
}
