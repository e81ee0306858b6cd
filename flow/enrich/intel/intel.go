// Package intel reads threat lists of many layouts into one table that tells
// what they say of an address.
//
// A list is recognised by its content, never by its name, and may be
// compressed. Whatever the layout, an entry becomes an [Indicator]: an address
// or prefix, perhaps a port, and what the list says of it, with the file, line
// and date that the statement rests on. Entries that flows cannot carry
// (domains, hashes) are counted and passed over, and so are those that stand
// for no machine on the Internet: a list that names 10.0.0.0/8 says nothing of
// your 10.0.0.1.
//
// Nothing here reads a clock. Dates are those that the lists state; who asks
// compares them with the time of the flow.
package intel

import (
	"net/netip"

	"seine/flow"
	"seine/flow/enrich/provenance"
)

// Categories that lists are put into, whatever words they use. Category is
// empty where a list does not tell.
const (
	C2          = "c2"          // command and control of malware
	Malware     = "malware"     // hosts or spreads malware
	Phishing    = "phishing"    // hosts phishing
	Attacker    = "attacker"    // attacks others, in whatever way
	BruteForce  = "brute-force" // tries passwords
	Scanner     = "scanner"     // looks for machines and services
	Spam        = "spam"        // sends unwanted mail
	Abuse       = "abuse"       // was reported for abuse of any kind
	Compromised = "compromised" // was taken over by somebody
	Hijacked    = "hijacked"    // network in the hands of criminals
	TorExit     = "tor-exit"    // exit of the Tor network
	Proxy       = "proxy"       // open proxy, VPN, other anonymity service
	Bogon       = "bogon"       // not routed
	Benign      = "benign"      // known as harmless
)

// An Indicator is what one entry of one list says.
type Indicator struct {
	provenance.Entry
	Prefix      netip.Prefix
	Port        uint16     // 0: any
	Proto       flow.Proto // flow.ProtoUnknown: any
	Category    string     // one of those above, or empty
	Malware     string
	Country     string // ISO 3166-1 alpha-2
	Score       int    // 0…100, how sure the list is; -1 where it does not tell
	Benign      bool   // the list names what is harmless (MISP warninglists)
	Tags        []string
	First, Last flow.Time // seen, as the list tells; 0 where it does not
	Until       flow.Time // from when on the entry no longer holds; 0 where it has no end
	Layout      string    // of the list, as "abuseipdb-csv"
}

// Holds reports whether the entry is to be believed at t. What a list learnt
// after t counts: it tells of machines that had not been found out yet.
func (i *Indicator) Holds(t flow.Time) bool { return i.Until == 0 || t < i.Until }

// Matches reports whether the entry speaks of a port: it names none, or this
// one.
func (i *Indicator) Matches(proto flow.Proto, port uint16) bool {
	return (i.Port == 0 || i.Port == port) && (i.Proto == flow.ProtoUnknown || i.Proto == proto)
}

// Listed writes the entry as the list has it: "198.51.100.7",
// "198.51.100.7:443", "198.51.100.0/24".
func (i *Indicator) Listed() string {
	if !i.Prefix.IsSingleIP() {
		return i.Prefix.String()
	}
	if i.Port != 0 {
		return netip.AddrPortFrom(i.Prefix.Addr(), i.Port).String()
	}
	return i.Prefix.Addr().String()
}
