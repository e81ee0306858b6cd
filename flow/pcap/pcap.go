// Package pcap makes flows of the packets of a capture, as Zeek does: in one
// pass over the file, with a table of the connections that are open, each of
// which becomes a record when it ends. Time is that of the packets.
package pcap

import (
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"strings"

	"seine/flow"
	"seine/flow/internal/packet"
)

//go:embed README.md
var doc string

const fields = flow.HasStart | flow.HasAddrs | flow.HasProto | flow.HasDuration | flow.HasSrcPort | flow.HasDstPort |
	flow.HasBytes | flow.HasPkts | flow.HasState | flow.HasFlags | flow.HasICMP

// Format is pcap and pcapng.
func Format() *flow.Format {
	return &flow.Format{
		Name:   "pcap",
		Title:  "packet captures, pcap and pcapng",
		Doc:    doc,
		Ext:    []string{".pcap", ".pcapng", ".cap"},
		Fields: fields,
		// A connection that goes on in the next file of a rotated capture, or
		// after a long silence, is several records.
		Stitch: flow.Stitching{Pieces: true, Gap: timeouts[idleTCP], Silence: true},
		Match:  match,
		Open:   open,
	}
}

func match(head []byte) (int, string) {
	if packet.Is(head) {
		return 90, "" // what exports flows within packets is for those who read them
	}
	return 0, "not the magic number of a packet capture"
}

func open(src *flow.Source) (flow.Reader, error) {
	head, err := src.Head()
	if err != nil {
		return nil, err
	}
	if err := readable(head); err != nil {
		return nil, err
	}
	in, err := src.Reader()
	if err != nil {
		return nil, err
	}
	packets, err := packet.NewReader(in)
	if err != nil {
		return nil, err
	}
	src.Fields = fields
	src.Mapping = []string{
		"ts        ← time of the first packet",
		"duration  ← from there to the last packet",
		"src_ip    ← who sent the SYN, or the first packet",
		"src_bytes, dst_bytes ← lengths in the IP headers",
		"tcp_flags ← all that each side sent",
		"state     ← TCP flags, by the rules of Zeek",
	}
	return &reader{src: src, packets: packets, flows: newTable(limit)}, nil
}

// readable refuses a capture without a single link type that is read.
func readable(head []byte) error {
	r, err := packet.NewReader(bytes.NewReader(head))
	var broken *packet.Broken
	if errors.As(err, &broken) {
		return fmt.Errorf("packet capture with a damaged header: %s", broken.Reason)
	}
	if err != nil {
		return fmt.Errorf("not a packet capture: %w", err)
	}
	var p packet.Packet
	for range 100 {
		err := r.Next(&p)
		if _, damaged := err.(packet.Damage); err != nil && err != packet.ErrNotIP && !damaged {
			break
		}
	}
	var unknown []string
	for _, l := range r.Links() {
		if l.Known() {
			return nil
		}
		unknown = append(unknown, l.String())
	}
	if len(unknown) == 0 {
		return nil // nothing in it as yet
	}
	return fmt.Errorf("packet capture of link type %s, which is not read; have Zeek make flows of it, as with \"zeek -r FILE\"",
		strings.Join(unknown, ", "))
}
