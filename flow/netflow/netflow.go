// Package netflow reads the datagrams by which routers and probes export
// flows: NetFlow v5 and v9, IPFIX and sFlow v5. They come as the UDP payloads
// of a capture, or one behind the other in a file.
//
// The way of a record: an [origin] cuts the input into datagrams; the decoder
// keeps what exporters tell about their data (templates, sampling, when they
// started) and takes the data apart; a queue holds records back behind data
// whose template is still to come, so that they keep the order of export.
//
// Nothing that a datagram says of itself is believed before the bytes are
// there, and what exporters can make the decoder remember is limited.
package netflow

import (
	_ "embed"

	"seine/flow"
)

//go:embed README.md
var doc string

const (
	// usual is what the records of most exporters carry.
	usual = flow.HasStart | flow.HasAddrs | flow.HasProto | flow.HasDuration | flow.HasSrcPort |
		flow.HasDstPort | flow.HasSrcBytes | flow.HasSrcPkts | flow.HasFlags | flow.HasICMP
	fields = usual | flow.HasDstBytes | flow.HasDstPkts | flow.HasState
)

// Format describes captures and files of flow export.
func Format() *flow.Format {
	return &flow.Format{
		Name:   "netflow",
		Title:  "NetFlow v5 and v9, IPFIX, sFlow v5: captures of the export, or files of it",
		Doc:    doc,
		Ext:    []string{".pcap", ".pcapng", ".ipfix"},
		Fields: fields,
		Stitch: flow.Stitching{Pieces: true, Halves: true, Silence: true, Auto: true},
		Match:  match,
		Open:   open,
	}
}

// mapping is the same for every input: templates come and go within it.
var mapping = []string{
	"netflow: a record for each direction, unless the exporter pairs them",
	"ts        ← flowStart…, FIRST_SWITCHED against the exporter's clock; sFlow: time of capture",
	"duration  ← flowEnd…, LAST_SWITCHED, flowDuration…",
	"protocol  ← protocolIdentifier", "src_ip    ← sourceIPv4Address, sourceIPv6Address",
	"src_port  ← sourceTransportPort", "dst_ip    ← destinationIPv4Address, destinationIPv6Address",
	"dst_port  ← destinationTransportPort", "src_bytes ← octetDeltaCount, initiatorOctets … * sampling rate",
	"dst_bytes ← reverse octetDeltaCount, responderOctets", "src_pkts  ← packetDeltaCount … * sampling rate",
	"dst_pkts  ← reverse packetDeltaCount", "src_flags ← tcpControlBits", "dst_flags ← reverse tcpControlBits",
	"icmp      ← icmpTypeCode…, or the destination port", "state     ← forwardingStatus, firewallEvent, both directions of a biflow",
}
