package webhooks

import (
	"encoding/base64"
	"net/netip"
	"strings"
	"testing"
	"time"
)

// The example of the Standard Webhooks' own libraries.
func TestSignatureOfTheStandard(t *testing.T) {
	t.Parallel()
	secret, err := base64.StdEncoding.DecodeString("plJ3nmyCDGBKInavdOK15jsl")
	if err != nil || secretText(secret) != "whsec_plJ3nmyCDGBKInavdOK15jsl" {
		t.Fatal(secretText(secret), err)
	}
	got := signature(secret, "msg_loFOjxBNrRLzqYUf", time.Unix(1731705121, 0), []byte(`{"event_type":"ping","data":{"success":true}}`))
	if got != "v1,rAvfW3dJ/X/qxhsaXPOyyCGmRKsaKWcsNccKXlIktD0=" {
		t.Error(got)
	}
}

func TestRetryAt(t *testing.T) {
	t.Parallel()
	since := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	end := 72 * time.Hour
	for _, c := range []struct {
		attempts    int
		after       time.Duration // since the first failure
		wanted      time.Duration
		random      float64
		pause       time.Duration
		wantsGiveUp bool
	}{
		{1, 0, 0, 0, 5 * time.Second, false},
		{1, 0, 0, 1, 2500 * time.Millisecond, false},
		{2, 5 * time.Second, 0, 0, 10 * time.Second, false},
		{10, time.Hour, 0, 0, 2560 * time.Second, false},
		{11, time.Hour, 0, 0, time.Hour, false},
		{11, time.Hour, 0, .5, 45 * time.Minute, false},
		{1_000_000, time.Hour, 0, 0, time.Hour, false},
		{0, 0, 0, 0, 5 * time.Second, false},
		{1, 0, time.Minute, 0, time.Minute, false},        // Retry-After is honoured
		{1, 0, time.Second, 0, 5 * time.Second, false},    // but never sooner than we would
		{1, 0, 1000 * time.Hour, 0, time.Hour, false},     // nor later than an hour
		{80, end - time.Minute, 0, 0, time.Minute, false}, // the last attempt is at the end
		{80, end - time.Minute, time.Hour, 0, time.Minute, false},
		{81, end, 0, 0, 0, true},
		{5, end + 24*time.Hour, 0, 0, 0, true}, // the worker was away for days: one more attempt was made
	} {
		now := since.Add(c.after)
		at, giveUp := retryAt(c.attempts, since, now, c.wanted, c.random)
		if giveUp != c.wantsGiveUp || !giveUp && !at.Equal(now.Add(c.pause)) {
			t.Errorf("%+v: %v later, %v", c, at.Sub(now), giveUp)
		}
	}
	attempts, now := 0, since
	for giveUp := false; !giveUp; {
		attempts++
		var at time.Time
		if at, giveUp = retryAt(attempts, since, now, 0, 0); !giveUp {
			now = at
		}
	}
	if now.Sub(since) != end || attempts < 75 || attempts > 90 {
		t.Errorf("%d attempts in %v", attempts, now.Sub(since))
	}
}

func TestRetryAfter(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	for text, want := range map[string]time.Duration{
		"": 0, "120": 2 * time.Minute, "-5": 0, "1.5": 0, "99999999999999999999": 0, "soon": 0,
		"Sun, 01 Nov 2026 00:01:00 GMT": time.Minute, "Sat, 31 Oct 2026 00:00:00 GMT": 0,
	} {
		if got := retryAfter(text, now); got != want {
			t.Errorf("%q is %v, want %v", text, got, want)
		}
	}
}

func TestPublicAddresses(t *testing.T) {
	t.Parallel()
	public := "1.1.1.1 8.8.8.8 93.184.215.14 100.63.255.255 100.128.0.0 172.15.0.1 172.32.0.1 192.169.0.1 223.255.255.255 " +
		"2606:4700:4700::1111 2a00:1450:4001::1 2001:4860:4860::8888 ::ffff:8.8.8.8"
	private := "0.0.0.0 0.1.2.3 10.0.0.1 10.255.255.255 100.64.0.1 100.127.255.255 100.100.100.200 127.0.0.1 127.8.8.8 169.254.169.254 " +
		"172.16.0.1 172.31.255.255 192.0.0.192 192.0.2.1 192.88.99.1 192.168.1.1 198.18.0.1 198.19.255.255 198.51.100.7 203.0.113.9 " +
		"224.0.0.1 239.1.1.1 240.0.0.1 255.255.255.255 " +
		":: ::1 ::127.0.0.1 ::ffff:127.0.0.1 ::ffff:10.0.0.1 ::ffff:169.254.169.254 ::ffff:0:127.0.0.1 64:ff9b::7f00:1 64:ff9b::a9fe:a9fe 64:ff9b:1::1 " +
		"100::1 2001::1 2001:db8::1 2002:7f00:1::1 3fff::1 5f00::1 fc00::1 fd00:ec2::254 fe80::1 fe80::1%eth0 fec0::1 ff02::1 4000::1"
	for want, list := range map[bool]string{true: public, false: private} {
		for text := range strings.FieldsSeq(list) {
			if got := isPublic(netip.MustParseAddr(text)); got != want {
				t.Errorf("%s public: %v", text, got)
			}
		}
	}
}

func TestURLs(t *testing.T) {
	t.Parallel()
	strict, open := NewSender(SenderOptions{}), NewSender(SenderOptions{AllowPrivate: true})
	const both, openOnly, none = 2, 1, 0
	for address, want := range map[string]int{
		"https://example.com/hooks?a=b": both, "https://example.com:8443": both, "https://example.com:443/": both, "HTTPS://example.com/": both,
		"https://1.1.1.1/": both, "https://[2606:4700:4700::1111]:8443/": both, "https://" + strings.Repeat("a", 2000) + ".example/": both,
		"http://example.com/": openOnly, "https://example.com:22/": openOnly, "https://127.0.0.1/": openOnly, "https://[::1]/": openOnly,
		"https://[::ffff:10.0.0.1]/": openOnly, "https://169.254.169.254/latest": openOnly, "https://[fe80::1%25eth0]/": openOnly,
		"https://user:password@example.com/": none, "https://user@example.com/": none, "https://example.com:0/": none, "https://example.com:65536/": none,
		"ftp://example.com/": none, "example.com": none, "//example.com": none, "https://": none, "https:example.com": none, "": none, "https:///x": none,
		"https://example.com/#part": none, "https://example.com/a b": none, "https://exämple.com/": none, "https://example.com/\n": none,
		"file:///etc/passwd": none, "https://" + strings.Repeat("a", 2048) + ".example/": none,
	} {
		if err := open.checkURL(address); (err == nil) != (want >= openOnly) {
			t.Errorf("%.60q where private networks are allowed: %v", address, err)
		}
		if err := strict.checkURL(address); (err == nil) != (want == both) {
			t.Errorf("%.60q: %v", address, err)
		}
	}
}

func TestFilter(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		filter string
		event  string
		want   bool
	}{
		{"", "order.paid.v1", true},
		{"order.paid.v1", "order.paid.v1", true},
		{"order.paid.v1", "order.paid.v2", false},
		{"order.paid", "order.paid.v2", true},
		{"order.*", "order.paid.v1", true},
		{"order.*", "orders.paid.v1", false},
		{"account.* order.paid", "order.placed.v1", false},
		{"account.* order.placed", "order.placed.v1", true},
	} {
		if got := wants(strings.Fields(c.filter), c.event); got != c.want {
			t.Errorf("%q lets %s through: %v", c.filter, c.event, got)
		}
	}
	if n := len(typesOf([]string{"order.*", "order.paid"})); n < 10 || typesOf(nil) != nil {
		t.Errorf("%d types of orders", n)
	}
}

func TestClean(t *testing.T) {
	t.Parallel()
	if got := clean("a\x00b\xff订单", 9); got != "a b\uFFFD订" {
		t.Errorf("%q", got)
	}
}
