package hubble

import (
	"seine/flow/internal/jsonscan"
)

// The members of a flow that count.
const (
	flowTime = iota
	verdict
	dropReason
	flowType
	layer7
	isReply
	reply // of older versions: false may mean that it is not known
	traceReason
	srcIP
	dstIP
	tcpSrcPort
	tcpDstPort
	udpSrcPort
	udpDstPort
	sctpSrcPort
	sctpDstPort
	icmp4Type
	icmp4Code
	icmp6Type
	icmp6Code
	flagFIN // in the order of the header's bits
	flagSYN
	flagRST
	flagPSH
	flagACK
	flagURG
	flagECE
	flagCWR
	tcp // the objects themselves, which may be empty
	udp
	sctp
	icmp4
	icmp6
	srcNamespace
	srcPod
	dstNamespace
	dstPod
	memberCount
)

var members = [memberCount]string{
	"time", "verdict", "drop_reason_desc", "Type", "l7", "is_reply", "reply", "trace_reason", "IP/source", "IP/destination",
	"l4/TCP/source_port", "l4/TCP/destination_port", "l4/UDP/source_port", "l4/UDP/destination_port",
	"l4/SCTP/source_port", "l4/SCTP/destination_port",
	"l4/ICMPv4/type", "l4/ICMPv4/code", "l4/ICMPv6/type", "l4/ICMPv6/code",
	"l4/TCP/flags/FIN", "l4/TCP/flags/SYN", "l4/TCP/flags/RST", "l4/TCP/flags/PSH",
	"l4/TCP/flags/ACK", "l4/TCP/flags/URG", "l4/TCP/flags/ECE", "l4/TCP/flags/CWR",
	"l4/TCP", "l4/UDP", "l4/SCTP", "l4/ICMPv4", "l4/ICMPv6",
	"source/namespace", "source/pod_name", "destination/namespace", "destination/pod_name",
}

// What stands beside or in place of a flow in the wrapper.
const (
	wrapped = 2*memberCount + iota
	lostEvents
	lostCount
	nodeStatus
	agentEvent
	debugEvent
)

// The paths within the wrapper come first, then those without one.
var paths = func() *jsonscan.Paths {
	var all []string
	for _, m := range members {
		all = append(all, "flow/"+m)
	}
	all = append(all, members[:]...)
	return jsonscan.Compile(append(all, "flow", "lost_events", "lost_events/num_events_lost", "node_status", "agent_event", "debug_event")...)
}()
