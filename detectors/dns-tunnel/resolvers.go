package dnstunnel

import (
	"net/netip"

	"seine/detectors/internal/prefixes"
)

// wellKnown are public resolvers, as their operators publish them. Some
// programs ask them for one name again and again, to see whether the line is
// up.
var wellKnown = [...]string{
	"8.8.8.8/32", "8.8.4.4/32", "2001:4860:4860::/48", // Google
	"1.1.1.0/24", "1.0.0.0/24", "2606:4700:4700::/48", // Cloudflare
	"9.9.9.0/24", "149.112.112.0/24", "2620:fe::/48", // Quad9
	"208.67.222.0/24", "208.67.220.0/24", "2620:119::/32", // OpenDNS
	"94.140.14.0/24", "94.140.15.0/24", "2a10:50c0::/32", // AdGuard
	"4.2.2.0/29", "64.6.64.6/32", "64.6.65.6/32", "156.154.70.0/24", "156.154.71.0/24", // Level 3, Neustar
	"185.228.168.0/24", "185.228.169.0/24", "76.76.2.0/24", "76.76.10.0/24", "76.76.19.0/24", // CleanBrowsing, Control D, Alternate
	"45.90.28.0/24", "45.90.30.0/24", "77.88.8.0/24", "84.200.69.80/32", "84.200.70.40/32", // NextDNS, Yandex, DNS.Watch
	"223.5.5.5/32", "223.6.6.6/32", "119.29.29.29/32", "114.114.114.114/32", "114.114.115.115/32", "180.76.76.76/32", // AliDNS, DNSPod, 114DNS, Baidu
	"168.63.129.16/32", "100.100.2.136/32", "100.100.2.138/32", // resolvers of clouds, as their machines see them
}

func knownResolvers() *prefixes.Set {
	ps := make([]netip.Prefix, len(wellKnown))
	for i, p := range wellKnown {
		ps[i] = netip.MustParsePrefix(p)
	}
	return prefixes.NewSet(ps)
}
