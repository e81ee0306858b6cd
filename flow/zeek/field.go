package zeek

import (
	"fmt"
	"slices"
	"strings"

	"seine/flow"
)

// A field is something that a record of a connection log can say.
type field uint8

const (
	start field = iota
	srcIP
	srcPort
	dstIP
	dstPort
	proto
	ipProto
	service
	duration
	srcIPBytes
	dstIPBytes
	srcBytes
	dstBytes
	srcPkts
	dstPkts
	connState
	history
	uid
	label
	detailed
	fieldCount
)

// known tells how each field is named by Zeek (in JSON a slash stands between
// the names of an object and its member), what --map calls it, and what a
// record has that has it.
var known = [fieldCount]struct {
	names  []string
	mapped string
	has    flow.Fields
}{
	start:      {[]string{"ts"}, "ts", flow.HasStart},
	srcIP:      {[]string{"id.orig_h", "id_orig_h", "id/orig_h"}, "src_ip", flow.HasAddrs},
	srcPort:    {[]string{"id.orig_p", "id_orig_p", "id/orig_p"}, "src_port", flow.HasSrcPort | flow.HasICMP},
	dstIP:      {[]string{"id.resp_h", "id_resp_h", "id/resp_h"}, "dst_ip", flow.HasAddrs},
	dstPort:    {[]string{"id.resp_p", "id_resp_p", "id/resp_p"}, "dst_port", flow.HasDstPort | flow.HasICMP},
	proto:      {[]string{"proto"}, "protocol", flow.HasProto},
	ipProto:    {[]string{"ip_proto"}, "", flow.HasProto},
	service:    {[]string{"service"}, "service", flow.HasService},
	duration:   {[]string{"duration"}, "duration", flow.HasDuration},
	srcIPBytes: {[]string{"orig_ip_bytes"}, "src_bytes", flow.HasSrcBytes},
	dstIPBytes: {[]string{"resp_ip_bytes"}, "dst_bytes", flow.HasDstBytes},
	srcBytes:   {[]string{"orig_bytes"}, "", flow.HasSrcBytes},
	dstBytes:   {[]string{"resp_bytes"}, "", flow.HasDstBytes},
	srcPkts:    {[]string{"orig_pkts"}, "src_pkts", flow.HasSrcPkts},
	dstPkts:    {[]string{"resp_pkts"}, "dst_pkts", flow.HasDstPkts},
	connState:  {[]string{"conn_state"}, "state", flow.HasState},
	history:    {[]string{"history"}, "", flow.HasFlags},
	uid:        {[]string{"uid"}, "uid", flow.HasUID},
	label:      {[]string{"label"}, "label", flow.HasLabel},
	detailed:   {[]string{"detailedlabel", "detailed-label", "detailed_label"}, "", flow.HasLabel},
}

// needed are the fields without which there is no flow.
var needed = []field{start, srcIP, dstIP}

// spellings lists the names of each field, with those that --map gives in
// place of Zeek's.
func spellings(overrides map[string]string) (names [fieldCount][]string, err error) {
	taken := map[string]bool{}
	var keys []string
	for key, column := range overrides {
		keys = append(keys, key)
		taken[column] = true
	}
	for f := range fieldCount {
		for _, n := range known[f].names {
			if !taken[n] {
				names[f] = append(names[f], n)
			}
		}
	}
	slices.Sort(keys)
	for _, key := range keys {
		found := false
		for f := range fieldCount {
			if known[f].mapped == key {
				names[f], found = []string{overrides[key]}, true
			}
		}
		if !found {
			return names, fmt.Errorf("--map %s=%s: not a field that a Zeek log can be mapped to", key, overrides[key])
		}
		if key == "label" {
			names[detailed] = nil
		}
	}
	return names, nil
}

// explain describes which name each field was found under; found is empty
// for a field that is not there.
func explain(found [fieldCount]string, columns []string) []string {
	var out []string
	for f := range fieldCount {
		if found[f] == "" {
			continue
		}
		to := known[f].mapped
		switch f {
		case ipProto:
			to = "protocol"
		case srcBytes:
			to = "src_bytes"
		case dstBytes:
			to = "dst_bytes"
		case history:
			to = "tcp_flags"
		case detailed:
			to = "label"
		}
		extra := ""
		switch {
		case f == ipProto:
			extra = " (where proto has no number)"
		case f == srcBytes && found[srcIPBytes] != "", f == dstBytes && found[dstIPBytes] != "":
			extra = " (payload, where there are no IP bytes)"
		case f == srcBytes || f == dstBytes:
			extra = " (payload)"
		case f == detailed && found[label] != "":
			extra = " (behind a slash)"
		case f == srcPort || f == dstPort:
			extra = " (of ICMP: type and code)"
		}
		out = append(out, fmt.Sprintf("%-9s ← %q%s", to, found[f], extra))
	}
	var rest []string
	for _, c := range columns {
		if !slices.Contains(found[:], c) {
			rest = append(rest, fmt.Sprintf("%q", c))
		}
	}
	if len(rest) > 0 {
		out = append(out, "not used: "+strings.Join(rest, ", "))
	}
	return out
}

// carried is what records can say that have the fields found.
func carried(found [fieldCount]string) (has flow.Fields) {
	for f := range fieldCount {
		if found[f] != "" {
			has |= known[f].has
		}
	}
	if found[srcPort] == "" || found[dstPort] == "" {
		has &^= flow.HasICMP
	}
	return has
}
