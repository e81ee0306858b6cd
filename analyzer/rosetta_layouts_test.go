package analyzer_test

import "seine/flow"

const counters = flow.HasBytes | flow.HasPkts

func isICMP(r *flow.Record) bool { return r.Proto == flow.ICMP || r.Proto == flow.ICMPv6 }

func answered(r *flow.Record) bool { return r.DstPkts > 0 }

// each is a change that looks at the canonical flow alone.
func each(f func(r *flow.Record)) func(want, got *flow.Record) {
	return func(want, _ *flow.Record) { f(want) }
}

// clears is the change that takes fields away.
func clears(fields flow.Fields) func(want, got *flow.Record) {
	return each(func(r *flow.Record) { r.Has &^= fields })
}

// becomes is the change of one state into another.
func becomes(state flow.State, cases func(r *flow.Record) bool) func(want, got *flow.Record) {
	return each(func(r *flow.Record) {
		if cases(r) {
			r.State = state
			if state == flow.StateUnknown {
				r.Has &^= flow.HasState
			}
		}
	})
}

func bySecond(t flow.Time) flow.Time { return t - t%flow.Second }

// perPacket adds so many bytes for every packet.
func perPacket(n int) func(want, got *flow.Record) {
	return each(func(r *flow.Record) {
		r.SrcBytes += uint64(n) * r.SrcPkts
		r.DstBytes += uint64(n) * r.DstPkts
	})
}

// What layouts lack. The order in which a layout names them is that in which
// they are taken away.
var (
	noService = &lack{name: "services", reason: "the layout has no column for them",
		change: clears(flow.HasService)}
	noFlags = &lack{name: "TCP flags", reason: "the layout has no column for them, or one for both sides together",
		change: clears(flow.HasFlags)}
	noICMP = &lack{name: "type and code of ICMP", reason: "the layout has no column for them",
		change: clears(flow.HasICMP)}
	noPackets = &lack{name: "packets", reason: "the layout has no column for them",
		change: clears(flow.HasPkts)}
	noDuration = &lack{name: "durations", reason: "the layout has one time for each row",
		change: clears(flow.HasDuration)}
	noCounters = &lack{name: "bytes and packets", reason: "the layout has no counters of one side",
		alerts: "brute-force/guessing",
		change: clears(counters)}
	noState = &lack{name: "states", reason: "the layout has no column for them",
		alerts: "port-scan/vertical-scan port-scan/horizontal-scan",
		change: clears(flow.HasState)}
	noICMPState = &lack{name: "states of ICMP", reason: "states are made of flags and answers, which ICMP does not have in the same sense",
		change: becomes(flow.StateUnknown, isICMP)}
	noIPv6 = &lack{name: "IPv6", reason: "the layout has room for IPv4 addresses only",
		alerts: "rate-baseline/over-baseline rate-baseline/recovered",
		hides:  func(r *flow.Record) bool { return !r.Src.Is4() }}
	noICMPFlows = &lack{name: "ICMP", reason: "the layout has TCP and UDP only",
		alerts: "basic/private-pair port-scan/icmp-sweep rate-baseline/over-baseline rate-baseline/recovered",
		hides:  isICMP}

	seconds = &lack{name: "milliseconds", reason: "begin and end are whole seconds",
		alerts: "rate-baseline/over-baseline rate-baseline/recovered",
		change: each(func(r *flow.Record) {
			end := bySecond(r.End())
			r.Start = bySecond(r.Start)
			r.Duration = end - r.Start
		})}
	startSecond = &lack{name: "milliseconds of the start", reason: "the begin is a whole second, durations are finer",
		alerts: "rate-baseline/over-baseline rate-baseline/recovered",
		change: each(func(r *flow.Record) { r.Start = bySecond(r.Start) })}
	startMinute = &lack{name: "seconds of the start", reason: "the begin is a whole minute",
		alerts: "iqr-outlier/outlier beacon/beacon",
		change: each(func(r *flow.Record) { r.Start -= r.Start % (60 * flow.Second) })}
	endSecond = &lack{name: "milliseconds of the parts", reason: "a duration that is the sum of parts is off by up to a second",
		change: func(want, got *flow.Record) {
			if d := want.Duration - got.Duration; -flow.Second < d && d < flow.Second {
				want.Duration = got.Duration
			}
		}}
	noZeroDuration = &lack{name: "durations of single packets", reason: "a moment has none",
		change: each(func(r *flow.Record) {
			if r.Duration == 0 {
				r.Has &^= flow.HasDuration
			}
		})}

	otherOrder = &lack{name: "the order of ends", reason: "rows come by their starts, or flows when they time out", order: true,
		alerts: "rate-baseline/over-baseline rate-baseline/recovered"}

	wireBytes = &lack{name: "bytes of IP", reason: "frames are counted, with 14 bytes of Ethernet",
		change: perPacket(14)}
	frameBytes = &lack{name: "bytes of IP", reason: "frames are counted, with 14 bytes of Ethernet and 4 of checksum",
		change: perPacket(18)}
	payload = &lack{name: "bytes of headers", reason: "payload alone is counted",
		alerts: "basic/zero-bytes",
		change: each(func(r *flow.Record) {
			header := uint64(28)
			if r.Proto == flow.TCP {
				header += 12
			}
			if !r.Src.Is4() {
				header += 20
			}
			r.SrcBytes -= header * r.SrcPkts
			r.DstBytes -= header * r.DstPkts
		})}
	noAnswerBytes = &lack{name: "that there was no answer", reason: "without flags, nobody can tell that a direction was silent and not just left out",
		change: each(func(r *flow.Record) {
			if !answered(r) {
				r.Has &^= flow.HasDstBytes | flow.HasDstPkts
			}
		})}
	noRefusalBytes = &lack{name: "bytes of refusals", reason: "the layout counts what connections carried, and a reset carries nothing",
		change: each(func(r *flow.Record) {
			if r.State == flow.StateRejected {
				r.DstBytes = 0
			}
		})}
	noDeniedBytes = &lack{name: "bytes of what was denied", reason: "a record of a denial has no counters",
		change: each(func(r *flow.Record) {
			if r.State == flow.StateDenied {
				r.Has &^= counters
			}
		})}
	zeroDeniedBytes = &lack{name: "bytes of what was denied", reason: "the counters of a denial are zeros",
		alerts: "basic/zero-bytes",
		change: each(func(r *flow.Record) {
			if r.State == flow.StateDenied {
				r.SrcBytes, r.SrcPkts = 0, 0
			}
		})}
	firstPackets = &lack{name: "all packets but the first", reason: "a firewall logs what opens a connection: the first packet, and SYNs that are sent again",
		alerts: "brute-force/guessing",
		change: func(want, got *flow.Record) {
			again := want.Proto == flow.TCP && want.State == flow.StateAttempt
			if !again || want.SrcPkts == 1 {
				want.SrcPkts = 1
				want.Has &^= flow.HasDuration
			}
			if got.SrcBytes <= want.SrcBytes {
				want.SrcBytes = got.SrcBytes
			}
			if want.Proto == flow.TCP {
				want.SrcFlags, want.DstFlags = flow.SYN, 0
			}
			want.Has &^= flow.HasDstBytes | flow.HasDstPkts
		}}

	denied = &lack{name: "denials", reason: "the observer does not know that a firewall stopped the packet: nobody answered",
		change: becomes(flow.StateAttempt, func(r *flow.Record) bool { return r.State == flow.StateDenied })}
	udpClosed = &lack{name: "that UDP stays open", reason: "Zeek calls UDP with an answer SF, as closed TCP",
		change: becomes(flow.StateClosed, func(r *flow.Record) bool {
			return r.Proto == flow.UDP && r.State == flow.StateEstablished
		})}
	icmpOther = &lack{name: "answers of ICMP", reason: "Zeek calls all ICMP OTH",
		change: becomes(flow.StatePartial, isICMP)}
	icmpRequest = &lack{name: "answers of ICMP", reason: "the state of UNSW-NB15 is ECO, whatever came back",
		change: becomes(flow.StateAttempt, isICMP)}
	whoReset = &lack{name: "who reset", reason: "flags of both sides stand in one column, or one word says RST",
		change: each(func(r *flow.Record) {
			if r.State != flow.StateResetOrig {
				return
			}
			r.State = flow.StateResetResp
			if r.SrcPkts+r.DstPkts <= 3 {
				r.State = flow.StateRejected
			}
		})}
	nineReset = &lack{name: "who reset", reason: "the word is reset for both sides",
		change: becomes(flow.StateResetResp, func(r *flow.Record) bool { return r.State == flow.StateResetOrig })}
	allClosed = &lack{name: "how a connection ended", reason: "Azure logs that what was allowed has ended, and no flags",
		alerts: "port-scan/vertical-scan port-scan/horizontal-scan",
		change: becomes(flow.StateClosed, func(r *flow.Record) bool { return r.State != flow.StateDenied })}
	stateless = &lack{name: "states of TCP", reason: "without flags, a connection was open if packets of both sides carry data; else nobody knows",
		alerts: "port-scan/vertical-scan port-scan/horizontal-scan",
		change: each(func(r *flow.Record) {
			if r.Proto != flow.TCP {
				return
			}
			r.State = flow.StateUnknown
			if carries(r.SrcBytes, r.SrcPkts) && carries(r.DstBytes, r.DstPkts) {
				r.State = flow.StateEstablished
			} else {
				r.Has &^= flow.HasState
			}
		})}
	accepted = &lack{name: "states of TCP", reason: "without flags, a connection was open if packets of both sides carry data; else a row says ACCEPT and no more",
		alerts: "port-scan/vertical-scan port-scan/horizontal-scan",
		change: each(func(r *flow.Record) {
			switch {
			case r.Proto != flow.TCP || r.State == flow.StateDenied:
			case carries(r.SrcBytes, r.SrcPkts) && carries(r.DstBytes, r.DstPkts):
				r.State = flow.StateEstablished
			default:
				r.State = flow.StatePartial
			}
		})}
	acceptedSilence = &lack{name: "that nobody answered", reason: "a row says ACCEPT and no more; without flags silence is no proof",
		change: becomes(flow.StatePartial, func(r *flow.Record) bool {
			return r.Proto != flow.TCP && r.State == flow.StateAttempt
		})}
	acceptedEcho = &lack{name: "that an echo was not answered", reason: "without its type, an ICMP message need not be one that asks for an answer",
		change: becomes(flow.StatePartial, func(r *flow.Record) bool { return isICMP(r) && r.State == flow.StateAttempt })}
	unknownEcho = &lack{name: "that an echo was not answered", reason: "without its type, an ICMP message need not be one that asks for an answer",
		change: becomes(flow.StateUnknown, func(r *flow.Record) bool { return isICMP(r) && r.State == flow.StateAttempt })}
	unknownSilence = &lack{name: "that nobody answered", reason: "where packets are sampled, silence is no proof",
		change: becomes(flow.StateUnknown, func(r *flow.Record) bool {
			return r.Proto != flow.TCP && (r.State == flow.StateAttempt || r.State == flow.StateDenied)
		})}
	passed = &lack{name: "what became of a connection", reason: "a firewall that let a packet pass does not say whether it was answered",
		alerts: "port-scan/vertical-scan port-scan/horizontal-scan",
		change: each(func(r *flow.Record) {
			if r.State != flow.StateDenied {
				r.State = flow.StateUnknown
			}
		})}
	heldBack = &lack{name: "that nobody answered", reason: "the agent holds back events, so that silence is no proof",
		alerts: "port-scan/horizontal-scan",
		change: each(func(r *flow.Record) {
			if r.State == flow.StateAttempt {
				r.State = flow.StateUnknown
			}
		})}
	torndown = &lack{name: "states of UDP and ICMP", reason: "the ASA gives reasons for the end of TCP only",
		change: becomes(flow.StateUnknown, func(r *flow.Record) bool { return r.Proto != flow.TCP && r.State != flow.StateDenied })}
	deniedMoment = &lack{name: "durations of denials", reason: "a denial is a moment",
		change: each(func(r *flow.Record) {
			if r.State == flow.StateDenied {
				r.Has &^= flow.HasDuration
			}
		})}
	asaCounters = &lack{name: "bytes and packets", reason: "the ASA counts both directions together; a denial is one packet",
		alerts: "brute-force/guessing",
		change: each(func(r *flow.Record) {
			had := r.Has
			r.Has &^= counters
			if r.State == flow.StateDenied {
				r.Has |= had & flow.HasSrcPkts
			}
		})}

	noPush = &lack{name: "PSH", reason: "the history of Zeek does not tell it",
		change: each(func(r *flow.Record) { r.SrcFlags &^= flow.PSH; r.DstFlags &^= flow.PSH })}
	resetAlone = &lack{name: "the ACK of a reset", reason: "the history of Zeek has one letter for a reset, with or without ACK",
		change: each(func(r *flow.Record) {
			if r.DstFlags == flow.RST|flow.ACK {
				r.DstFlags = flow.RST
			}
		})}
	awsFlags = &lack{name: "flags but SYN, FIN, RST", reason: "AWS tells an ACK only beside a SYN",
		change: each(func(r *flow.Record) {
			r.SrcFlags &= flow.SYN | flow.FIN | flow.RST
			ack := flow.TCPFlags(0)
			if r.DstFlags&flow.SYN != 0 {
				ack = flow.ACK
			}
			r.DstFlags = r.DstFlags&(flow.SYN|flow.FIN|flow.RST) | ack
		})}
)

// carries is the rule of the stitcher.
func carries(bytes, pkts uint64) bool { return pkts > 0 && bytes/pkts > 80 }

// rosettaLayouts are the files of testdata/rosetta.
var rosettaLayouts = []rosetta{
	{"seine.ndjson.gz", "json", nil},
	{"seine.csv.gz", "csv", nil},
	{"seine.parquet", "parquet", []*lack{otherOrder}},
	{"seine.ocsf.ndjson.gz", "ocsf", nil},
	{"seine.zeek.log.gz", "zeek", []*lack{denied, noPush}},

	{"nine-columns.csv", "csv", []*lack{noICMPFlows, noRefusalBytes, noService, noFlags, noPackets, noDuration, startSecond, denied, nineReset}},
	{"generic.csv", "csv", []*lack{noService, noFlags, noICMP, noState}},
	{"generic.ndjson.gz", "json", []*lack{noService, noFlags, noICMP, noState}},

	{"zeek.conn.log", "zeek", []*lack{noZeroDuration, noPush, resetAlone, denied, udpClosed, icmpOther}},
	{"zeek-flat.ndjson.gz", "zeek-json", []*lack{noZeroDuration, noPush, resetAlone, denied, udpClosed, icmpOther}},
	{"zeek-nested.ndjson.gz", "zeek-json", []*lack{noZeroDuration, noPush, resetAlone, denied, udpClosed, icmpOther}},
	{"ecs.ndjson.gz", "ecs", []*lack{noFlags, noICMP, denied, udpClosed, icmpOther}},
	{"packets.pcap.gz", "pcap", []*lack{noService, denied, udpClosed, otherOrder}},
	{"packets.pcapng.gz", "pcap", []*lack{noService, denied, udpClosed, otherOrder}},

	{"argus.binetflow", "argus", []*lack{noService, wireBytes, denied}},
	{"eve-flow.json.gz", "eve", []*lack{wireBytes}},
	{"eve-netflow.json.gz", "eve", []*lack{noService, wireBytes, denied}},
	{"unsw-nb15.csv", "unsw-nb15", []*lack{noFlags, startSecond, wireBytes, denied, icmpRequest, whoReset}},
	{"nf-v3.csv", "nf-v3", []*lack{noIPv6, noService, denied, noICMPState}},
	{"cicflowmeter-4.csv", "cicflowmeter", []*lack{noService, noFlags, noICMP, payload, startSecond, denied, noICMPState, whoReset}},
	{"cicflowmeter-later.csv", "cicflowmeter", []*lack{noService, noFlags, noICMP, payload, startSecond, denied, noICMPState, whoReset}},
	{"cicids2017.csv", "cicflowmeter", []*lack{noService, noFlags, noICMP, payload, startMinute, denied, noICMPState, whoReset, otherOrder}},

	{"silk.rwcut.txt.gz", "silk", []*lack{noService, denied}},
	{"cidds.csv.gz", "cidds", []*lack{noService, denied}},
	{"nfdump-1.6.csv.gz", "nfdump-csv", []*lack{noService, denied, startSecond, endSecond}},
	{"nfdump-1.7.csv", "nfdump-csv", []*lack{noService, denied, noFlags, stateless}},
	{"nfdump-fast.csv.gz", "nfdump-csv", []*lack{noService, denied}},
	{"nfdump.json.gz", "nfdump-json", []*lack{noService, denied}},
	{"nfdump.ndjson.gz", "nfdump-json", []*lack{noService, denied}},
	{"nfdump-long.txt.gz", "nfdump-text", []*lack{noService, denied}},
	{"logstash.ndjson.gz", "logstash-netflow", []*lack{noService, denied}},
	{"elastiflow.ndjson.gz", "elastiflow", []*lack{noService, denied}},
	{"goflow2.ndjson.gz", "goflow2", []*lack{noService, denied}},
	{"netflow-v5.pcap.gz", "netflow", []*lack{noIPv6, noService, denied}},
	{"netflow-v9.pcap.gz", "netflow", []*lack{noService, denied}},
	{"ipfix.pcap.gz", "netflow", []*lack{noService, denied}},
	{"ipfix.ipfix.gz", "netflow", []*lack{noService, denied}},
	{"sflow.pcap.gz", "netflow", []*lack{noService, noZeroDuration, frameBytes, denied}},

	{"aws-v2.log.gz", "awsvpc", []*lack{noService, noFlags, noICMP, seconds, noAnswerBytes, accepted, acceptedSilence}},
	{"aws-cloudwatch.json.gz", "awsvpc", []*lack{noService, noFlags, noICMP, seconds, noAnswerBytes, accepted, acceptedSilence}},
	{"aws-v5.log.gz", "awsvpc", []*lack{noService, awsFlags, noICMP, seconds, acceptedEcho}},
	{"aws-ocsf.ndjson.gz", "ocsf", []*lack{noService, awsFlags, noICMP, seconds, unknownEcho}},
	{"azure-vnet.json", "azure", []*lack{noService, noFlags, noICMP, noZeroDuration, zeroDeniedBytes, allClosed}},
	{"azure-nsg.json", "azure", []*lack{noICMPFlows, noService, noFlags, seconds, noZeroDuration, noDeniedBytes, allClosed}},
	{"gcp.ndjson.gz", "gcp", []*lack{noService, noFlags, noICMP, noAnswerBytes, stateless, unknownSilence}},

	{"hubble.ndjson.gz", "hubble", []*lack{noService, noCounters, noZeroDuration, heldBack}},
	{"filterlog.log.gz", "firewall", []*lack{noService, firstPackets, passed, otherOrder}},
	{"iptables.log.gz", "firewall", []*lack{noService, firstPackets, passed, otherOrder}},
	{"asa.log.gz", "firewall", []*lack{noService, noFlags, asaCounters, seconds, deniedMoment, torndown}},
}
