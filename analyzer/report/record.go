package report

import (
	"strconv"

	"seine/flow"
)

// flagNames saves an allocation for each set of flags.
var flagNames = func() (t [256]string) {
	for i := range t {
		t[i] = flow.TCPFlags(i).String()
	}
	return t
}()

// record appends a flow as an object. What the row did not have is left out,
// never written as zero.
func (e *encoder) record(b []byte, r *flow.Record) []byte {
	b = append(b, '{')
	text := func(key, s string) {
		b = append(b, key...)
		b = quote(b, s)
		b = append(b, ',')
	}
	number := func(key string, n uint64) {
		b = append(b, key...)
		b = strconv.AppendUint(b, n, 10)
		b = append(b, ',')
	}
	if r.Has&flow.HasStart != 0 {
		b = append(b, `"ts":"`...)
		b = e.time(b, r.Start)
		b = append(b, `",`...)
	}
	if r.Has&flow.HasDuration != 0 {
		b = append(b, `"duration":`...)
		b = appendSeconds(b, r.Duration)
		b = append(b, ',')
	}
	if r.Has&flow.HasProto != 0 {
		text(`"protocol":`, r.Proto.String())
	}
	if s := e.state(r); s != "" {
		text(`"state":`, s)
	}
	if r.Has&flow.HasAddrs != 0 {
		b = append(b, `"src_ip":"`...)
		b = r.Src.AppendTo(b)
		b = append(b, `",`...)
	}
	if r.Has&flow.HasSrcPort != 0 {
		number(`"src_port":`, uint64(r.SrcPort))
	}
	if r.Has&flow.HasAddrs != 0 {
		b = append(b, `"dst_ip":"`...)
		b = r.Dst.AppendTo(b)
		b = append(b, `",`...)
	}
	if r.Has&flow.HasDstPort != 0 {
		number(`"dst_port":`, uint64(r.DstPort))
	}
	if r.Has&flow.HasSrcBytes != 0 {
		number(`"src_bytes":`, r.SrcBytes)
	}
	if r.Has&flow.HasDstBytes != 0 {
		number(`"dst_bytes":`, r.DstBytes)
	}
	if r.Has&flow.HasSrcPkts != 0 {
		number(`"src_pkts":`, r.SrcPkts)
	}
	if r.Has&flow.HasDstPkts != 0 {
		number(`"dst_pkts":`, r.DstPkts)
	}
	if r.Has&flow.HasFlags != 0 {
		text(`"src_flags":`, flagNames[r.SrcFlags])
		text(`"dst_flags":`, flagNames[r.DstFlags])
	}
	if r.Has&flow.HasICMP != 0 {
		number(`"icmp_type":`, uint64(r.ICMPType))
		number(`"icmp_code":`, uint64(r.ICMPCode))
	}
	if r.Has&flow.HasService != 0 {
		text(`"service":`, e.names.Text(r.Service))
	}
	if r.Has&flow.HasUID != 0 {
		text(`"uid":`, r.UID.String())
	}
	if r.Has&flow.HasLabel != 0 {
		text(`"label":`, e.names.Text(r.Label))
	}
	text(`"file":`, e.names.File(r.File))
	b = append(b, `"row":`...)
	b = strconv.AppendUint(b, r.Row, 10)
	return append(b, '}')
}

// state is the state as the input spelled it or, where a format has no word
// for it, Seine's own; empty if the row had none.
func (e *encoder) state(r *flow.Record) string {
	if r.Has&flow.HasState == 0 {
		return ""
	}
	if s := e.names.Text(r.RawState); s != "" {
		return s
	}
	if r.State != flow.StateUnknown {
		return r.State.String()
	}
	return ""
}
