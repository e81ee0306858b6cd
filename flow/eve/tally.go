package eve

import (
	"fmt"
	"strings"
	"sync/atomic"

	"seine/flow"
)

// eventTypes are the types that Suricata writes, those that are skipped; the
// last stands for all others.
var eventTypes = []string{
	"alert", "anomaly", "arp", "bittorrent_dht", "dcerpc", "dhcp", "dnp3", "dns", "drop", "enip", "fileinfo",
	"flow", "frame", "ftp", "ftp_data", "http", "http2", "ike", "ikev2", "krb5", "ldap", "mdns", "metadata",
	"modbus", "mqtt", "netflow", "nfs", "packet", "pgsql", "pop3", "quic", "rdp", "rfb", "sip", "smb", "smtp",
	"snmp", "ssh", "stats", "template", "tftp", "tls", "vlan", "websocket", "of other types",
}

var typeNumber = func() map[string]int {
	m := map[string]int{}
	for i, t := range eventTypes {
		m[t] = i
	}
	return m
}()

// maxTypes is room for the event types.
const maxTypes = 64

// A tally counts what the notes tell at the end, over all decoders.
type tally struct {
	types    [maxTypes]atomic.Uint64
	negative atomic.Uint64
}

func (t *tally) skip(eventType []byte) {
	n, ok := typeNumber[string(eventType)]
	if !ok {
		n = len(eventTypes) - 1
	}
	t.types[n].Add(1)
}

func (t *tally) note(src *flow.Source, netflow bool) {
	var parts []string
	total := uint64(0)
	for i, name := range eventTypes {
		if c := t.types[i].Load(); c > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", c, name))
			total += c
		}
	}
	if total > 0 {
		src.Note(fmt.Sprintf("%d events are no flows: %s", total, strings.Join(parts, ", ")))
	}
	if c := t.types[typeNumber["netflow"]].Load(); c > 0 && src.Rows == 0 {
		src.Note("there are netflow events but no flow events: the first of them stand too far down to be noticed")
	}
	if netflow && t.types[typeNumber["flow"]].Load() > 0 {
		src.Note("flow events below the first 64 KiB were passed over, since these had netflow events only")
	}
	if c := t.negative.Load(); c > 0 {
		src.Note(fmt.Sprintf("%d flows end before they start: duration taken as 0", c))
	}
}
