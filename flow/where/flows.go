package where

import (
	"fmt"
	"net/netip"
	"strings"
	"time"

	"seine/flow"
)

// Flows is the schema of flow records.
func Flows(opt Options) *Schema[flow.Record] {
	if opt.Symbols == nil {
		opt.Symbols = flow.NewSymbols()
	}
	if opt.Location == nil {
		opt.Location = utc
	}
	s := &Schema[flow.Record]{Location: opt.Location}
	flowTimes(s, opt.Location)
	flowEnds(s)
	flowCounters(s)
	flowTexts(s, opt)
	s.Networks(opt.Internal)
	s.Known(opt.Known)
	return s
}

func flowTimes(s *Schema[flow.Record], loc *time.Location) {
	s.Time("ts", "first packet: '2024-03-10', '2024-03-10 09:00', '2024-03-10T09:00:00Z'",
		func(r *flow.Record) (flow.Time, bool) { return r.Start, r.Has&flow.HasStart != 0 }).
		Alias("time", "start", "timestamp", "first").Needs(flow.HasStart)
	s.Span("duration", "seconds, or '1h30m'; calculates as seconds",
		func(r *flow.Record) (flow.Time, bool) { return r.Duration, r.Has&flow.HasDuration != 0 }).
		Alias("dur", "td").Needs(flow.HasDuration)
	s.Time("end", "last packet, where the duration is known",
		func(r *flow.Record) (flow.Time, bool) {
			return r.End(), r.Has&(flow.HasStart|flow.HasDuration) == flow.HasStart|flow.HasDuration
		}).Alias("te", "last").Needs(flow.HasStart | flow.HasDuration)
	s.Count("hour", "hour of ts, 0 to 23, in the zone of the run",
		func(r *flow.Record) (uint64, bool) {
			return uint64(time.Unix(0, int64(r.Start)).In(loc).Hour()), r.Has&flow.HasStart != 0
		}).AtMost(23).Needs(flow.HasStart)
	days := []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}
	s.Word("weekday", "day of ts: "+strings.Join(days, ", "), days,
		func(text string) (uint64, error) {
			for i := range days {
				if strings.EqualFold(text, days[i]) || strings.EqualFold(text, time.Weekday(i).String()) {
					return uint64(i), nil
				}
			}
			return 0, fmt.Errorf("%q is no day of the week (%s)", shorten(text), strings.Join(days, ", "))
		},
		func(r *flow.Record) (uint64, bool) {
			return uint64(time.Unix(0, int64(r.Start)).In(loc).Weekday()), r.Has&flow.HasStart != 0
		}).Needs(flow.HasStart)
}

func flowEnds(s *Schema[flow.Record]) {
	s.Addr("src_ip", "originator: '192.0.2.1'; in '10.0.0.0/8', ['192.0.2.1', '2001:db8::/32'], '192.0.2.1'..'192.0.2.9'",
		func(r *flow.Record) *flow.Addr {
			if r.Has&flow.HasAddrs == 0 {
				return nil
			}
			return &r.Src
		}).Alias("src", "srcip", "saddr", "src_addr", "sa", "id.orig_h").Needs(flow.HasAddrs)
	s.Addr("dst_ip", "responder",
		func(r *flow.Record) *flow.Addr {
			if r.Has&flow.HasAddrs == 0 {
				return nil
			}
			return &r.Dst
		}).Alias("dst", "dstip", "daddr", "dst_addr", "da", "id.resp_h").Needs(flow.HasAddrs)
	s.Either("ip", "src_ip or dst_ip", "src_ip", "dst_ip").Alias("addr", "host")
	s.Count("src_port", "port of the originator",
		func(r *flow.Record) (uint64, bool) { return uint64(r.SrcPort), r.Has&flow.HasSrcPort != 0 }).
		AtMost(65535).Alias("sport", "srcport", "sp", "id.orig_p").Needs(flow.HasSrcPort)
	s.Count("dst_port", "port of the responder",
		func(r *flow.Record) (uint64, bool) { return uint64(r.DstPort), r.Has&flow.HasDstPort != 0 }).
		AtMost(65535).Alias("dport", "dstport", "dp", "id.resp_p").Needs(flow.HasDstPort)
	s.Either("port", "src_port or dst_port", "src_port", "dst_port")
	protocols := make([]string, 256)
	for i := range protocols {
		protocols[i] = flow.Proto(i).String()
	}
	s.Word("protocol", "'tcp', 'udp', 'icmp' …, or its number", protocols,
		func(text string) (uint64, error) {
			p, ok := flow.ParseProto([]byte(text))
			if !ok {
				return 0, fmt.Errorf("%q is no protocol that has a name here; its number does too", shorten(text))
			}
			return uint64(p), nil
		},
		func(r *flow.Record) (uint64, bool) { return uint64(r.Proto), r.Has&flow.HasProto != 0 }).
		Alias("proto", "pr", "ip_proto").Needs(flow.HasProto)
	var states []string
	for st := flow.StateUnknown; st == flow.StateUnknown || st.String() != "unknown"; st++ {
		states = append(states, st.String())
	}
	s.Word("state", "how the connection ended or stands: "+strings.Join(states, ", "), states,
		func(text string) (uint64, error) {
			for i := range states {
				if strings.EqualFold(text, states[i]) {
					return uint64(i), nil
				}
			}
			return 0, fmt.Errorf("%q is no state (%s); raw_state is the word of the input", shorten(text), strings.Join(states, ", "))
		},
		func(r *flow.Record) (uint64, bool) { return uint64(r.State), r.Has&flow.HasState != 0 }).
		Needs(flow.HasState)
}

func flowCounters(s *Schema[flow.Record]) {
	s.Count("src_bytes", "bytes that the originator sent",
		func(r *flow.Record) (uint64, bool) { return r.SrcBytes, r.Has&flow.HasSrcBytes != 0 }).
		Alias("orig_bytes", "sbytes").Needs(flow.HasSrcBytes)
	s.Count("dst_bytes", "bytes that the responder sent",
		func(r *flow.Record) (uint64, bool) { return r.DstBytes, r.Has&flow.HasDstBytes != 0 }).
		Alias("resp_bytes", "dbytes").Needs(flow.HasDstBytes)
	s.Count("bytes", "bytes of both sides, as far as the row tells",
		func(r *flow.Record) (uint64, bool) { return r.Bytes(), r.Has&flow.HasBytes != 0 }).
		Alias("octets").Needs(flow.HasSrcBytes)
	s.Count("src_pkts", "packets that the originator sent",
		func(r *flow.Record) (uint64, bool) { return r.SrcPkts, r.Has&flow.HasSrcPkts != 0 }).
		Alias("orig_pkts", "src_packets", "spkts").Needs(flow.HasSrcPkts)
	s.Count("dst_pkts", "packets that the responder sent",
		func(r *flow.Record) (uint64, bool) { return r.DstPkts, r.Has&flow.HasDstPkts != 0 }).
		Alias("resp_pkts", "dst_packets", "dpkts").Needs(flow.HasDstPkts)
	s.Count("pkts", "packets of both sides, as far as the row tells",
		func(r *flow.Record) (uint64, bool) {
			sum := r.SrcPkts + r.DstPkts
			if sum < r.SrcPkts {
				sum = 1<<64 - 1
			}
			return sum, r.Has&flow.HasPkts != 0
		}).Alias("packets").Needs(flow.HasSrcPkts)
	s.Flags("tcp_flags", "TCP flags that either side sent: == 'SA', contains 'S'",
		func(r *flow.Record) (uint64, bool) {
			return uint64(r.SrcFlags | r.DstFlags), r.Has&flow.HasFlags != 0
		}).Alias("flags", "flg").Needs(flow.HasFlags)
	s.Flags("src_flags", "TCP flags that the originator sent",
		func(r *flow.Record) (uint64, bool) { return uint64(r.SrcFlags), r.Has&flow.HasFlags != 0 }).
		Alias("tcp_flags_src").Needs(flow.HasFlags)
	s.Flags("dst_flags", "TCP flags that the responder sent",
		func(r *flow.Record) (uint64, bool) { return uint64(r.DstFlags), r.Has&flow.HasFlags != 0 }).
		Alias("tcp_flags_dst").Needs(flow.HasFlags)
	s.Count("icmp_type", "ICMP type",
		func(r *flow.Record) (uint64, bool) { return uint64(r.ICMPType), r.Has&flow.HasICMP != 0 }).
		AtMost(255).Needs(flow.HasICMP)
	s.Count("icmp_code", "ICMP code",
		func(r *flow.Record) (uint64, bool) { return uint64(r.ICMPCode), r.Has&flow.HasICMP != 0 }).
		AtMost(255).Needs(flow.HasICMP)
}

func flowTexts(s *Schema[flow.Record], opt Options) {
	text := opt.Text
	if text == nil {
		text = opt.Symbols.Text
	}
	lookup := func(n uint32) string { return text(flow.Symbol(n)) }
	s.Symbol("raw_state", "the state as the input spells it: 'S0'", lookup,
		func(r *flow.Record) (uint32, bool) { return uint32(r.RawState), r.RawState != 0 }).
		Alias("conn_state").Needs(flow.HasState)
	s.Symbol("service", "service or application, as logged", lookup,
		func(r *flow.Record) (uint32, bool) { return uint32(r.Service), r.Has&flow.HasService != 0 }).
		Alias("app", "app_proto").Needs(flow.HasService)
	s.Symbol("label", "label of the row", lookup,
		func(r *flow.Record) (uint32, bool) { return uint32(r.Label), r.Has&flow.HasLabel != 0 }).
		Needs(flow.HasLabel)
	s.ID("uid", "the producer's identifier of the flow; ==, != and in only",
		func(text string) func(*flow.Record) bool {
			uid := flow.MakeUID([]byte(text))
			return func(r *flow.Record) bool { return r.UID == uid }
		},
		func(r *flow.Record) bool { return r.Has&flow.HasUID != 0 }).
		Alias("flow_id").Needs(flow.HasUID)
	if opt.Files != nil {
		s.Symbol("file", "the input, as it was named", opt.Files,
			func(r *flow.Record) (uint32, bool) { return r.File, true })
	}
	s.Count("row", "line or row within the input, from 1",
		func(r *flow.Record) (uint64, bool) { return r.Row, r.Row != 0 }).Alias("line")
	var rules []string
	for o := flow.OrientSource; o <= flow.OrientGuess; o++ {
		rules = append(rules, o.String())
	}
	s.Word("orient", "by what rule src is the originator: "+strings.Join(rules, ", "), rules, nil,
		func(r *flow.Record) (uint64, bool) { return uint64(r.Orient), true }).
		Alias("orient_by")
	s.Count("pieces", "records that the flow was stitched from, at most 255; 0 where it is one as logged",
		func(r *flow.Record) (uint64, bool) { return uint64(r.Pieces), true }).AtMost(255)
}

// Networks declares the functions that ask where an address belongs. own
// are those of the user; nil is [DefaultInternal].
func (s *Schema[T]) Networks(own []netip.Prefix) {
	if own == nil {
		own = DefaultInternal()
	}
	internal := setOf(own...)
	nowhere := setOf(mustPrefixes("0.0.0.0/32", "224.0.0.0/4", "255.255.255.255/32", "::/128", "ff00::/8")...)
	s.Test("internal", "the address is of your own networks", internal.has)
	s.Test("external", "the address is of another host: neither internal nor multicast, broadcast or unspecified",
		func(a *flow.Addr) bool { return !internal.has(a) && !nowhere.has(a) })
	s.Test("private", "the address is of RFC 1918 or RFC 4193", (*flow.Addr).Private)
	multicast := setOf(mustPrefixes("224.0.0.0/4", "ff00::/8")...)
	s.Test("multicast", "the address is a multicast one", multicast.has)
	s.Test("ipv4", "the address is of IPv4", (*flow.Addr).Is4)
	s.Test("ipv6", "the address is of IPv6", func(a *flow.Addr) bool { return !a.Is4() })
}
