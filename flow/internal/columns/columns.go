// Package columns finds the fields of a flow record among the named columns
// of a table, whatever the table calls them. CSV, Parquet and every other
// format with named columns share its aliases.
package columns

import (
	"fmt"
	"slices"
	"sort"
	"strconv"
	"strings"

	"seine/flow"
	"seine/flow/internal/parse"
)

// A Field is a canonical field that a column can carry.
type Field uint8

// The canonical fields, by the names that --map takes.
const (
	None Field = iota
	Start
	End
	Duration
	Proto
	State
	SrcIP
	SrcPort
	DstIP
	DstPort
	SrcBytes
	DstBytes
	SrcPkts
	DstPkts
	SrcFlags
	DstFlags
	Service
	UID
	Label
	ICMPType
	ICMPCode
	RawState
	Pieces
	OrientBy
	fieldCount
)

// A kind says which Fields bit a column sets and what it is called.
var table = [fieldCount]struct {
	name    string
	has     flow.Fields
	aliases string
}{
	Start: {"ts", flow.HasStart, `timestamp time start starttime stime firstseen datefirstseen flowstart
		flowstarttime begin begintime eventstart datetime firstswitched flowstartmilliseconds
		timeflowstartns first tstart flowstartns flowstartms starttimems startms startns eventtime date
		@timestamp`},
	End: {"end", flow.HasDuration, `te endtime etime lastseen flowend flowendtime ltime last lastswitched
		flowendmilliseconds timeflowendns tend eventend`},
	Duration: {"duration", flow.HasDuration, `dur td flowduration durationms durationus durationns
		flowdurationmilliseconds eventduration elapsed`},
	Proto: {"protocol", flow.HasProto, `proto pr ipprotocol ipproto protocolidentifier transport
		networktransport l4proto prot pro protocolnum protocolname`},
	State: {"state", flow.HasState, `connstate flowstate connectionstate tcpstate`},
	SrcIP: {"src_ip", flow.HasAddrs, `srcip srcaddr sourceip sourceaddress sourceaddr saddr sa sip
		idorigh ipv4srcaddr src4addr ipsrc srcipaddr srcaddress srchost sourceipaddress src source
		sourceipv4address origh clientip ipv6srcaddr src6addr pktsrcaddr`},
	SrcPort: {"src_port", flow.HasSrcPort, `srcport sourceport sport sp idorigp l4srcport srcpt
		sourcetransportport origp clientport srcprt`},
	DstIP: {"dst_ip", flow.HasAddrs, `dstip destip dstaddr destinationip destinationaddress destaddr
		daddr da dip idresph ipv4dstaddr dst4addr ipdst dstipaddr dstaddress dsthost
		destinationipaddress dst dest destination destinationipv4address resph serverip ipv6dstaddr dst6addr pktdstaddr`},
	DstPort: {"dst_port", flow.HasDstPort, `dstport destport destinationport dport dp idrespp l4dstport
		dstpt destinationtransportport respp serverport dstprt dsport`},
	SrcBytes: {"src_bytes", flow.HasSrcBytes, `srcbytes srctx sourcebytes sbytes origbytes inbytes ibyt
		bytessent bytes bytesout bytestoserver origipbytes totlenfwdpkts totallengthoffwdpackets
		totallengthoffwdpacket octets byt fwdbytes txbytes`},
	DstBytes: {"dst_bytes", flow.HasDstBytes, `dstbytes dsttx destinationbytes dbytes respbytes outbytes
		obyt bytesreceived bytesin bytestoclient respipbytes totlenbwdpkts totallengthofbwdpackets
		totallengthofbwdpacket bwdbytes rxbytes`},
	SrcPkts: {"src_pkts", flow.HasSrcPkts, `srcpkts sourcepackets spkts origpkts inpkts ipkt packets pkts
		srcpackets pktstoserver totfwdpkts totalfwdpackets totalfwdpacket inpackets packetssent`},
	DstPkts: {"dst_pkts", flow.HasDstPkts, `dstpkts destinationpackets dpkts resppkts outpkts opkt
		dstpackets pktstoclient totbwdpkts totalbackwardpackets totalbwdpackets outpackets packetsreceived`},
	SrcFlags: {"src_flags", flow.HasFlags, `srcflags tcpflags flags flg clienttcpflags tcpflagsts tcpflagssrc`},
	DstFlags: {"dst_flags", flow.HasFlags, `dstflags servertcpflags tcpflagstc tcpflagsdst`},
	Service:  {"service", flow.HasService, `appproto application applicationprotocol networkprotocol app`},
	UID:      {"uid", flow.HasUID, `flowid flowuid connectionid communityid`},
	Label:    {"label", flow.HasLabel, `class detailedlabel attack attackcat`},
	ICMPType: {"icmp_type", flow.HasICMP, `icmptype`},
	ICMPCode: {"icmp_code", flow.HasICMP, `icmpcode`},
	RawState: {"raw_state", 0, ``},
	Pieces:   {"pieces", 0, ``},
	OrientBy: {"orient_by", 0, ``},
}

// String is the canonical name.
func (f Field) String() string { return table[f].name }

// Valid reports whether f is a field, so that a loop from Start ends.
func (f Field) Valid() bool { return f > None && f < fieldCount }

// Names are the canonical names, as --map takes them.
func Names() []string {
	var names []string
	for f := Start; f < fieldCount; f++ {
		names = append(names, table[f].name)
	}
	return names
}

// Fold reduces a column name to what counts: case, blanks, quotes, a byte
// order mark and the characters _ - . # do not.
func Fold(name string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case strings.ContainsRune(" \t\"'_-.#\ufeff", r):
			return -1
		case 'A' <= r && r <= 'Z':
			return r + 'a' - 'A'
		}
		return r
	}, name)
}

// alias finds field and rank (earlier names win) of a folded name.
var alias = func() map[string]struct {
	field Field
	rank  int
} {
	m := map[string]struct {
		field Field
		rank  int
	}{}
	for f := Start; f < fieldCount; f++ {
		for i, a := range append([]string{Fold(table[f].name)}, strings.Fields(table[f].aliases)...) {
			if _, ok := m[a]; !ok {
				m[a] = struct {
					field Field
					rank  int
				}{f, i}
			}
		}
	}
	return m
}()

// A Mapping tells which column carries which field.
type Mapping struct {
	Columns []string               // names as the table has them
	Of      [fieldCount]int        // column of each field, or -1
	Unit    [fieldCount]parse.Unit // unit a name tells for Start, End and Duration; 0 if none
}

// Column is the column of f, or -1.
func (m *Mapping) Column(f Field) int { return m.Of[f] }

// Map finds the fields among names; overrides, canonical name → column name
// or 1-based column number, go first.
func Map(names []string, overrides map[string]string) (*Mapping, error) {
	m := &Mapping{Columns: names}
	var rank [fieldCount]int
	for f := range m.Of {
		m.Of[f] = -1
	}
	for i, n := range names {
		a, ok := alias[Fold(n)]
		if ok && (m.Of[a.field] < 0 || a.rank < rank[a.field]) {
			m.Of[a.field], rank[a.field] = i, a.rank
		}
	}
	keys := make([]string, 0, len(overrides))
	for k := range overrides {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	for _, k := range keys {
		f := ByName(k)
		if f == None {
			return nil, fmt.Errorf("--map %s=%s: %q is no field (known: %s)", k, overrides[k], k, strings.Join(Names(), ", "))
		}
		i, err := find(names, overrides[k])
		if err != nil {
			return nil, fmt.Errorf("--map %s=%s: %w", k, overrides[k], err)
		}
		for g := range m.Of { // a column serves one field
			if m.Of[g] == i {
				m.Of[g] = -1
			}
		}
		m.Of[f] = i
	}
	for _, f := range []Field{Start, End, Duration} {
		if m.Of[f] >= 0 {
			m.Unit[f] = unitOf(Fold(names[m.Of[f]]))
		}
	}
	return m, nil
}

// ByName finds a field by its canonical name, or None.
func ByName(name string) Field {
	for f := Start; f < fieldCount; f++ {
		if Fold(table[f].name) == Fold(name) {
			return f
		}
	}
	return None
}

func find(names []string, want string) (int, error) {
	if i := slices.Index(names, want); i >= 0 {
		return i, nil
	}
	for i, n := range names {
		if Fold(n) == Fold(want) {
			return i, nil
		}
	}
	if n, err := strconv.Atoi(want); err == nil && n >= 1 && n <= len(names) {
		return n - 1, nil
	}
	return 0, fmt.Errorf("no column %q (columns: %s)", want, strings.Join(names, ", "))
}

// unitOf reads the unit out of a folded name.
func unitOf(folded string) parse.Unit {
	switch {
	case folded == "flowduration": // CICFlowMeter
		return parse.Microseconds
	case folded == "eventduration": // Elastic Common Schema
		return parse.Nanoseconds
	case strings.HasSuffix(folded, "milliseconds"), strings.HasSuffix(folded, "ms"):
		return parse.Milliseconds
	case strings.HasSuffix(folded, "durationus"), strings.HasSuffix(folded, "microseconds"):
		return parse.Microseconds
	case strings.HasSuffix(folded, "ns"), strings.HasSuffix(folded, "nanoseconds"):
		return parse.Nanoseconds
	}
	return 0
}

// Missing lists what a table must have and this one has not: a time and both
// addresses.
func (m *Mapping) Missing() []string {
	var missing []string
	for _, f := range []Field{Start, SrcIP, DstIP} {
		if m.Of[f] < 0 {
			missing = append(missing, table[f].name)
		}
	}
	return missing
}

// Fields is what the mapped columns can carry.
func (m *Mapping) Fields() flow.Fields {
	var has flow.Fields
	for f := Start; f < fieldCount; f++ {
		if m.Of[f] >= 0 {
			has |= table[f].has
		}
	}
	return has
}

// Carried is Fields, with the type and code of ICMP that Settle finds in the
// ports, of a table that is not exact.
func (m *Mapping) Carried() flow.Fields {
	has := m.Fields()
	if has&(flow.HasSrcPort|flow.HasDstPort) != 0 && m.Of[Proto] >= 0 && m.Of[OrientBy] < 0 {
		has |= flow.HasICMP
	}
	return has
}

// Explain describes the mapping, a line per column: used ones with their
// field, then the unused.
func (m *Mapping) Explain() []string { return m.ExplainAs("column") }

// ExplainAs is Explain where the columns are called otherwise: "key".
func (m *Mapping) ExplainAs(noun string) []string {
	var lines []string
	used := make([]bool, len(m.Columns))
	for f := Start; f < fieldCount; f++ {
		if i := m.Of[f]; i >= 0 {
			used[i] = true
			lines = append(lines, fmt.Sprintf("%-9s ← %s %d %q", table[f].name, noun, i+1, m.Columns[i]))
		}
	}
	var rest []string
	for i, n := range m.Columns {
		if !used[i] {
			rest = append(rest, strconv.Quote(n))
		}
	}
	if len(rest) > 0 {
		lines = append(lines, "not used: "+strings.Join(rest, ", "))
	}
	return lines
}
