package ocsf

import (
	"io"
	"math"
	"strconv"
	"unicode/utf8"

	"seine/flow"
)

// Version is that of the schema whose events are written.
const Version = "1.5.0"

// A writer writes an event a line. The bytes depend on the records alone.
type writer struct {
	out   io.Writer
	names flow.Names
	buf   []byte
}

// flushAt is how much is gathered before it is written, in bytes.
const flushAt = 64 << 10

func create(w io.Writer, names flow.Names) (flow.Writer, error) {
	return &writer{out: w, names: names, buf: make([]byte, 0, flushAt+4096)}, nil
}

// Write implements flow.Writer.
func (w *writer) Write(rs []flow.Record) error {
	for i := range rs {
		w.buf = w.event(w.buf, &rs[i])
		if len(w.buf) >= flushAt {
			if err := w.flush(); err != nil {
				return err
			}
		}
	}
	return nil
}

// Close implements flow.Writer.
func (w *writer) Close() error { return w.flush() }

func (w *writer) flush() error {
	_, err := w.out.Write(w.buf)
	w.buf = w.buf[:0]
	return err
}

// kind is the activity_id that comes nearest to a state. Open is not among
// them: whoever reads events may leave those out, as this package does.
func kind(s flow.State) int64 {
	switch s {
	case flow.StateClosed:
		return activityClose
	case flow.StateResetOrig, flow.StateResetResp:
		return activityReset
	case flow.StateAttempt:
		return activityFail
	case flow.StateRejected, flow.StateDenied:
		return activityRefuse
	}
	return activityTraffic
}

const millisecond = flow.Second / 1000

// event appends the event of r: the attributes that the schema requires
// first, then what the record has.
func (w *writer) event(b []byte, r *flow.Record) []byte {
	state := flow.StateUnknown
	if r.Has&flow.HasState != 0 {
		state = r.State
	}
	activity := kind(state)
	b = append(b, `{"metadata":{"version":"`+Version+`","product":{"name":"Seine","vendor_name":"Seine"}`...)
	if state == flow.StateDenied {
		b = append(b, `,"profiles":["security_control"]`...)
	}
	if w.names != nil {
		if file := w.names.File(r.File); file != "" {
			b = quote(append(b, `,"log_name":`...), file)
		}
	}
	b = append(b, `},"category_uid":4,"class_uid":4001,"activity_id":`...)
	b = strconv.AppendInt(b, activity, 10)
	b = append(b, `,"type_uid":`...)
	b = strconv.AppendInt(b, 400100+activity, 10)
	b = append(b, `,"severity_id":1`...)
	if state == flow.StateDenied {
		b = append(b, `,"action_id":2,"disposition_id":2`...)
	}
	start := r.Start.Floor(millisecond)
	exact := r.Start - start
	if start > r.Start || exact < 0 { // within a millisecond of the beginning of time
		start, exact = r.Start-r.Start%millisecond, 0
	}
	b = integer(b, `,"time":`, int64(start/millisecond))
	b = integer(b, `,"start_time":`, int64(start/millisecond))
	if r.Has&flow.HasDuration != 0 {
		b = integer(b, `,"end_time":`, int64(r.End().Floor(millisecond)/millisecond))
		b = integer(b, `,"duration":`, int64(r.Duration/millisecond))
	}
	b = endpoint(b, `,"src_endpoint":{`, r.Src, r.SrcPort, r.Has&flow.HasSrcPort != 0)
	b = endpoint(b, `,"dst_endpoint":{`, r.Dst, r.DstPort, r.Has&flow.HasDstPort != 0)
	b = connection(b, r)
	b = traffic(b, r)
	if r.Has&flow.HasService != 0 {
		b = quote(append(b, `,"app_name":`...), w.text(r.Service))
	}
	b = w.unmapped(b, r, exact)
	return append(b, "}\n"...)
}

func (w *writer) text(s flow.Symbol) string {
	if w.names == nil {
		return ""
	}
	return w.names.Text(s)
}

func integer(b []byte, key string, v int64) []byte {
	return strconv.AppendInt(append(b, key...), v, 10)
}

func endpoint(b []byte, key string, a flow.Addr, port uint16, known bool) []byte {
	b = append(b, key...)
	if a.IsName() {
		b = quote(append(b, `"name":`...), a.String())
	} else {
		b = append(a.AppendTo(append(b, `"ip":"`...)), '"')
	}
	if known {
		b = integer(b, `,"port":`, int64(port))
	}
	return append(b, '}')
}

// direction is that of the connection, by the private addresses: 1 inbound,
// 2 outbound, 3 lateral, 0 not known.
func direction(r *flow.Record) byte {
	switch src, dst := r.Src.Private(), r.Dst.Private(); {
	case src && dst:
		return '3'
	case src:
		return '2'
	case dst:
		return '1'
	}
	return '0'
}

func connection(b []byte, r *flow.Record) []byte {
	b = append(b, `,"connection_info":{"direction_id":`...)
	b = append(b, direction(r))
	if r.Has&flow.HasProto != 0 {
		if r.Proto == flow.ProtoUnknown {
			b = append(b, `,"protocol_num":-1`...)
		} else {
			b = integer(b, `,"protocol_num":`, int64(r.Proto))
			if name := r.Proto.String(); name[0] > '9' {
				b = quote(append(b, `,"protocol_name":`...), name)
			}
		}
	}
	if b = append(b, `,"protocol_ver_id":6`...); r.Src.Is4() {
		b[len(b)-1] = '4'
	}
	if r.Has&flow.HasFlags != 0 {
		b = integer(b, `,"tcp_flags":`, int64(r.SrcFlags|r.DstFlags))
	}
	if r.Has&flow.HasUID != 0 {
		b = quote(append(b, `,"uid":`...), r.UID.String())
	}
	return append(b, '}')
}

// traffic appends the counters; one that a signed number does not hold stands
// in unmapped, and a sum of which only one part is known nowhere.
func traffic(b []byte, r *flow.Record) []byte {
	if r.Has&(flow.HasBytes|flow.HasPkts) == 0 {
		return b
	}
	b = append(b, `,"traffic":{`...)
	first := len(b)
	put := func(key string, has flow.Fields, v uint64) {
		if r.Has&has != has || v > math.MaxInt64 {
			return
		}
		if len(b) > first {
			b = append(b, ',')
		}
		b = strconv.AppendUint(append(b, key...), v, 10)
	}
	put(`"bytes_out":`, flow.HasSrcBytes, r.SrcBytes)
	put(`"bytes_in":`, flow.HasDstBytes, r.DstBytes)
	put(`"bytes":`, flow.HasBytes, r.Bytes())
	put(`"packets_out":`, flow.HasSrcPkts, r.SrcPkts)
	put(`"packets_in":`, flow.HasDstPkts, r.DstPkts)
	if r.SrcPkts <= math.MaxInt64 && r.DstPkts <= math.MaxInt64 {
		put(`"packets":`, flow.HasPkts, r.SrcPkts+r.DstPkts)
	}
	return append(b, '}')
}

// unmapped appends what the schema has no place for. The member state is
// always there: it tells that this package wrote the event, and is empty where
// the record has no state.
func (w *writer) unmapped(b []byte, r *flow.Record, exact flow.Time) []byte {
	b = append(b, `,"unmapped":{"seine":{"state":"`...)
	if r.Has&flow.HasState != 0 {
		b = append(b, r.State.String()...)
	}
	b = append(b, '"')
	if r.Has&flow.HasState != 0 {
		if s := w.text(r.RawState); s != "" {
			b = quote(append(b, `,"raw_state":`...), s)
		}
	}
	if r.Has&flow.HasFlags != 0 {
		b = integer(b, `,"src_flags":`, int64(r.SrcFlags))
		b = integer(b, `,"dst_flags":`, int64(r.DstFlags))
	}
	if r.Has&flow.HasICMP != 0 {
		b = integer(b, `,"icmp_type":`, int64(r.ICMPType))
		b = integer(b, `,"icmp_code":`, int64(r.ICMPCode))
	}
	if r.Has&flow.HasLabel != 0 {
		b = quote(append(b, `,"label":`...), w.text(r.Label))
	}
	if exact > 0 {
		b = integer(b, `,"start_ns":`, int64(exact))
	}
	if r.Has&flow.HasDuration != 0 && r.Duration%millisecond != 0 {
		b = integer(b, `,"duration_ns":`, int64(r.Duration))
	}
	if r.Orient != flow.OrientSource {
		b = quote(append(b, `,"orient":`...), r.Orient.String())
	}
	if r.Pieces > 0 {
		b = integer(b, `,"pieces":`, int64(r.Pieces))
	}
	for _, c := range [...]struct {
		key   string
		has   flow.Fields
		value uint64
	}{
		{`,"src_bytes":"`, flow.HasSrcBytes, r.SrcBytes}, {`,"dst_bytes":"`, flow.HasDstBytes, r.DstBytes},
		{`,"src_pkts":"`, flow.HasSrcPkts, r.SrcPkts}, {`,"dst_pkts":"`, flow.HasDstPkts, r.DstPkts},
	} {
		if r.Has&c.has != 0 && c.value > math.MaxInt64 {
			b = append(strconv.AppendUint(append(b, c.key...), c.value, 10), '"')
		}
	}
	b = integer(b, `,"row":`, int64(r.Row))
	return append(b, "}}"...)
}

// quote appends s as a JSON string. Bytes that are no UTF-8 become U+FFFD; the
// control characters of terminals, which may come from an attacker, are
// escaped.
func quote(b []byte, s string) []byte {
	const digits = "0123456789abcdef"
	b = append(b, '"')
	for i := 0; i < len(s); {
		c := s[i]
		switch {
		case c == '"' || c == '\\':
			b = append(b, '\\', c)
			i++
		case c < ' ' || c == 0x7f:
			b = append(b, '\\', 'u', '0', '0', digits[c>>4], digits[c&15])
			i++
		case c < utf8.RuneSelf:
			b = append(b, c)
			i++
		default:
			r, n := utf8.DecodeRuneInString(s[i:])
			if r >= 0x80 && r < 0xa0 {
				b = append(b, '\\', 'u', '0', '0', digits[r>>4], digits[r&15])
			} else {
				b = utf8.AppendRune(b, r)
			}
			i += n
		}
	}
	return append(b, '"')
}

// hashedUID is the identifier whose String is text: a "~" and fifteen digits
// of a hash.
func hashedUID(text []byte) (u flow.UID) {
	copy(u[:15], text[1:])
	u[15] = 0x80
	return u
}
