package webhooks

import "net/netip"

// notPublic are the networks that no endpoint may be in, beside those that netip.Addr knows the kind of: the ledger's own
// machines, its neighbours, its cloud's services of metadata, and addresses that lead on to any of them.
var notPublic = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"),       // this network
	netip.MustParsePrefix("100.64.0.0/10"),   // carriers' NAT, and metadata of some clouds
	netip.MustParsePrefix("192.0.0.0/24"),    // protocol assignments
	netip.MustParsePrefix("192.0.2.0/24"),    // documentation
	netip.MustParsePrefix("192.88.99.0/24"),  // 6to4 relays
	netip.MustParsePrefix("198.18.0.0/15"),   // benchmarks
	netip.MustParsePrefix("198.51.100.0/24"), // documentation
	netip.MustParsePrefix("203.0.113.0/24"),  // documentation
	netip.MustParsePrefix("240.0.0.0/4"),     // reserved, and broadcast
	netip.MustParsePrefix("2001::/23"),       // protocol assignments, Teredo among them
	netip.MustParsePrefix("2001:db8::/32"),   // documentation
	netip.MustParsePrefix("2002::/16"),       // 6to4: leads to any IPv4 address
	netip.MustParsePrefix("3fff::/20"),       // documentation
}

// allocated is all of IPv6 that the internet uses. Outside of it are NAT64 and other forms that lead to any IPv4 address.
var allocated = netip.MustParsePrefix("2000::/3")

// isPublic says whether an address is one of the internet's.
func isPublic(ip netip.Addr) bool {
	ip = ip.Unmap().WithZone("")
	if !ip.IsGlobalUnicast() || ip.IsPrivate() { // loopback, link-local, multicast, unspecified; 10/8 and the like, fc00::/7
		return false
	}
	if ip.Is6() && !allocated.Contains(ip) {
		return false
	}
	for _, n := range notPublic {
		if n.Contains(ip) {
			return false
		}
	}
	return true
}

func (s *Sender) addressAllowed(ip netip.Addr) bool { return s.options.AllowPrivate || isPublic(ip) }
