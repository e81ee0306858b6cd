package ecs

import (
	"strings"

	"seine/flow"
	"seine/flow/internal/jsonscan"
)

// The members of an event that count, whatever a dialect calls them.
const (
	stamp    = iota // when the event was logged
	start           // of the flow
	end             // of the flow
	duration        // nanoseconds, but see survey.seconds
	kinds           // of event, a list
	action
	state
	proto
	service
	uid
	srcIP
	srcPort
	srcBytes
	srcPkts
	dstIP
	dstPort
	dstBytes
	dstPkts
	flags    // a number
	icmpType // type * 256 + code
	icmpIn4  // the same, by another name
	dataset
	module
	eveType  // of Suricata's events
	exporter // what kind of NetFlow record it is
	exported // when the exporter sent it
	uptime   // of the exporter then, milliseconds
	startUp  // start by the exporter's uptime, milliseconds
	endUp    // end by the exporter's uptime, milliseconds
	sampling // one in so many
	syn      // packets of Arkime's sessions with SYN alone
	synAck   // with SYN and ACK
	fin      // with FIN
	rst      // with RST
	root     // first of the sessions that a long one was cut into
	memberCount
)

// spellings is how often each name is asked for: nested, dotted, and both
// within _source. Nested and dotted keys may be mixed in one event.
const spellings = 4

// A dialect is what a schema calls the members. Of several names the first
// that is there counts.
type dialect struct {
	names  [memberCount][]string
	first  [memberCount + 1]int // path of the first name of a member
	paths  *jsonscan.Paths
	fields flow.Fields // that its events can carry
	oneWay bool        // records of NetFlow, as the exporter counts
}

// compile makes a dialect of the names of its members, separated by blanks.
func compile(oneWay bool, names map[int]string) *dialect {
	d := &dialect{oneWay: oneWay, fields: common}
	if !oneWay {
		d.fields |= flow.HasState | flow.HasService | flow.HasUID
	}
	var all []string
	for m := range memberCount {
		d.first[m] = len(all)
		d.names[m] = strings.Fields(names[m])
		for _, n := range d.names[m] {
			nested := strings.ReplaceAll(n, ".", "/")
			all = append(all, nested, n, "_source/"+nested, "_source/"+n)
		}
	}
	d.first[memberCount] = len(all)
	d.paths = jsonscan.Compile(all...)
	return d
}

// name is the name of member m at path i.
func (d *dialect) name(m, i int) string { return d.names[m][(i-d.first[m])/spellings] }

var elastic = compile(false, map[int]string{
	stamp: "@timestamp", start: "event.start firstPacket", end: "event.end lastPacket", duration: "event.duration",
	kinds: "event.type", action: "event.action",
	state:   "zeek.connection.state zeek.conn.conn_state connection.state",
	proto:   "network.iana_number ipProtocol network.transport",
	service: "network.protocol", uid: "network.community_id",
	srcIP: "source.ip", srcPort: "source.port", srcBytes: "source.bytes", srcPkts: "source.packets",
	dstIP: "destination.ip", dstPort: "destination.port", dstBytes: "destination.bytes", dstPkts: "destination.packets",
	flags: "netflow.tcp_control_bits", icmpIn4: "netflow.icmp_type_code_ipv4 netflow.icmp_type_code_ipv6",
	dataset: "event.dataset", module: "event.provider event.module", eveType: "suricata.eve.event_type",
	exporter: "netflow.type", exported: "netflow.exporter.timestamp", uptime: "netflow.exporter.uptime_millis",
	startUp: "netflow.flow_start_sys_up_time", endUp: "netflow.flow_end_sys_up_time",
	sampling: "netflow.sampling_interval netflow.sampling_packet_interval",
	syn:      "tcpflags.syn", synAck: "tcpflags.syn-ack", fin: "tcpflags.fin", rst: "tcpflags.rst", root: "rootId",
})

// codec is what Logstash's codec for NetFlow and IPFIX writes, under netflow or
// bare; the plain names behind are those of the module around it.
var codec = compile(true, map[int]string{
	stamp: "@timestamp",
	start: within("first_switched flowStartMilliseconds flowStartSeconds flowStartNanoseconds flowStartMicroseconds"),
	end:   within("last_switched flowEndMilliseconds flowEndSeconds flowEndNanoseconds flowEndMicroseconds"),
	proto: within("protocol protocolIdentifier") + " netflow.protocol_name",
	srcIP: within("ipv4_src_addr ipv6_src_addr sourceIPv4Address sourceIPv6Address") + " netflow.src_addr",
	dstIP: within("ipv4_dst_addr ipv6_dst_addr destinationIPv4Address destinationIPv6Address") + " netflow.dst_addr",

	srcPort:  within("l4_src_port sourceTransportPort") + " netflow.src_port",
	dstPort:  within("l4_dst_port destinationTransportPort") + " netflow.dst_port",
	srcBytes: within("in_bytes octetDeltaCount") + " netflow.bytes",
	srcPkts:  within("in_pkts packetDeltaCount") + " netflow.packets",
	dstBytes: within("out_bytes reverseOctetDeltaCount"), dstPkts: within("out_pkts reversePacketDeltaCount"),
	flags: within("tcp_flags tcpControlBits"), icmpType: within("icmp_type"), icmpIn4: within("icmpTypeCodeIPv4 icmpTypeCodeIPv6"),
	sampling: within("sampling_interval flow_sampler_random_interval"),
})

// within puts names under netflow, and as they are.
func within(names string) string {
	var all []string
	for _, n := range strings.Fields(names) {
		all = append(all, "netflow."+n, n)
	}
	return strings.Join(all, " ")
}

// elastiflow is the schema of ElastiFlow from 4 on, and behind it that of 1 to 3.
var elastiflow = compile(true, map[int]string{
	stamp: "@timestamp",
	start: "flow.start.timestamp netflow.first_switched", end: "flow.end.timestamp netflow.last_switched",
	proto: "l4.proto.id l4.proto.name flow.ip_protocol",
	srcIP: "flow.src.ip.addr flow.src_addr", srcPort: "flow.src.l4.port.id flow.src_port",
	dstIP: "flow.dst.ip.addr flow.dst_addr", dstPort: "flow.dst.l4.port.id flow.dst_port",
	srcBytes: "flow.bytes", srcPkts: "flow.packets", flags: "tcp.flags.bits",
})
