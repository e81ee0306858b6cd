package zeek

import (
	"io"
	"slices"
	"strconv"
	"unicode/utf8"

	"seine/flow"
	"seine/flow/internal/parse"
)

// columns are what is written, in Zeek's order: those of Zeek 7, and a label
// behind them.
const (
	columnNames = "ts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto\tservice\tduration\torig_bytes\tresp_bytes\t" +
		"conn_state\tlocal_orig\tlocal_resp\tmissed_bytes\thistory\torig_pkts\torig_ip_bytes\tresp_pkts\tresp_ip_bytes\t" +
		"tunnel_parents\tip_proto\tlabel"
	columnTypes = "time\tstring\taddr\tport\taddr\tport\tenum\tstring\tinterval\tcount\tcount\t" +
		"string\tbool\tbool\tcount\tstring\tcount\tcount\tcount\tcount\t" +
		"set[string]\tcount\tstring"
)

// flushAt is how many bytes are gathered before they are written.
const flushAt = 64 << 10

// A writer writes the text log. The times of its first and last lines are
// those of the flows, so that the same flows give the same bytes.
type writer struct {
	w       io.Writer
	names   flow.Names
	buf     []byte
	started bool
	last    flow.Time
}

func create(w io.Writer, names flow.Names) (flow.Writer, error) {
	return &writer{w: w, names: names, last: flow.MinTime}, nil
}

func (w *writer) header(open *flow.Time) {
	w.started = true
	w.buf = append(w.buf, "#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n#path\tconn\n"...)
	if open != nil {
		w.moment("#open\t", *open)
	}
	w.buf = append(w.buf, "#fields\t"+columnNames+"\n#types\t"+columnTypes+"\n"...)
}

func (w *writer) moment(key string, t flow.Time) {
	w.buf = t.UTC().AppendFormat(append(w.buf, key...), "2006-01-02-15-04-05")
	w.buf = append(w.buf, '\n')
}

// Write implements flow.Writer.
func (w *writer) Write(rs []flow.Record) error {
	for i := range rs {
		if !w.started {
			w.header(&rs[i].Start)
		}
		w.last = max(w.last, rs[i].End())
		w.row(&rs[i])
		if len(w.buf) >= flushAt {
			if err := w.flush(); err != nil {
				return err
			}
		}
	}
	return nil
}

// Close implements flow.Writer.
func (w *writer) Close() error {
	if !w.started {
		w.header(nil)
	} else if w.last != flow.MinTime {
		w.moment("#close\t", w.last)
		w.last = flow.MinTime
	}
	return w.flush()
}

func (w *writer) flush() error {
	_, err := w.w.Write(w.buf)
	w.buf = w.buf[:0]
	return err
}

// row appends a record.
func (w *writer) row(r *flow.Record) {
	b := appendTime(w.buf, r.Start)
	b = append(b, '\t')
	if r.Has&flow.HasUID != 0 {
		b = appendText(b, r.UID.String())
	} else {
		b = append(b, '-')
	}
	src, dst := endpoints(r)
	b = r.Src.AppendTo(append(b, '\t'))
	b = appendCount(b, src.has, src.n)
	b = r.Dst.AppendTo(append(b, '\t'))
	b = appendCount(b, dst.has, dst.n)
	b = append(append(b, '\t'), protoName(r)...)
	b = w.symbol(b, r.Has&flow.HasService != 0, r.Service)
	b = append(b, '\t')
	if r.Has&flow.HasDuration != 0 {
		b = appendTime(b, r.Duration)
	} else {
		b = append(b, '-')
	}
	b = append(b, "\t-\t-\t"...) // payload is not known apart
	conn := w.connState(r)
	b = append(b, conn...)
	b = append(b, "\t-\t-\t-\t"...) // local_orig, local_resp, missed_bytes
	b = appendHistory(b, r, conn)
	b = appendCount(b, r.Has&flow.HasSrcPkts != 0, r.SrcPkts)
	b = appendCount(b, r.Has&flow.HasSrcBytes != 0, r.SrcBytes)
	b = appendCount(b, r.Has&flow.HasDstPkts != 0, r.DstPkts)
	b = appendCount(b, r.Has&flow.HasDstBytes != 0, r.DstBytes)
	b = append(b, "\t-"...) // tunnel_parents
	b = appendCount(b, r.Has&flow.HasProto != 0 && r.Proto != flow.ProtoUnknown, uint64(r.Proto))
	b = w.symbol(b, r.Has&flow.HasLabel != 0, r.Label)
	w.buf = append(b, '\n')
}

// appendTime appends seconds with six digits behind the point, or nine where
// six are not enough.
func appendTime(b []byte, t flow.Time) []byte {
	ns := uint64(t)
	if t < 0 {
		b = append(b, '-')
		ns = -ns
	}
	b = strconv.AppendUint(b, ns/1e9, 10)
	frac, digits := ns%1e9, 9
	if frac%1000 == 0 {
		frac, digits = frac/1000, 6
	}
	b = append(b, ".000000000"[:digits+1]...)
	for i := len(b) - 1; frac > 0; i-- {
		b[i] += byte(frac % 10)
		frac /= 10
	}
	return b
}

func appendCount(b []byte, has bool, n uint64) []byte {
	if !has {
		return append(b, "\t-"...)
	}
	return strconv.AppendUint(append(b, '\t'), n, 10)
}

func (w *writer) symbol(b []byte, has bool, s flow.Symbol) []byte {
	b = append(b, '\t')
	if !has {
		return append(b, '-')
	}
	return appendText(b, w.names.Text(s))
}

// appendText appends a text with what would be read otherwise as \xNN: bytes
// that are no text, the backslash, and a text that stands for none.
func appendText(b []byte, text string) []byte {
	switch text {
	case "":
		return append(b, "(empty)"...)
	case "-":
		return append(b, `\x2d`...)
	case "(empty)":
		return append(b, `\x28empty)`...)
	}
	const hex = "0123456789abcdef"
	for len(text) > 0 {
		c, n := utf8.DecodeRuneInString(text)
		switch {
		case c < ' ', c == '\\', c == 0x7f, c == utf8.RuneError && n == 1:
			b = append(b, '\\', 'x', hex[text[0]>>4], hex[text[0]&15])
		case c == ' ' && len(text) > 1 && text[1] == ' ', c == ' ' && len(text) == 1: // labels are cut at runs of blanks
			b = append(b, `\x20`...)
		default:
			b = append(b, text[:n]...)
		}
		text = text[n:]
	}
	return b
}

// An endpoint is what stands in the place of a port.
type endpoint struct {
	n   uint64
	has bool
}

// endpoints are the ports, or of ICMP the type and the code. Of messages that
// come in pairs Zeek writes both types.
func endpoints(r *flow.Record) (src, dst endpoint) {
	if r.Proto == flow.ICMP || r.Proto == flow.ICMPv6 {
		has := r.Has&flow.HasICMP != 0
		code := r.ICMPCode
		if a := answers(r.Proto, r.ICMPType); code == 0 {
			code = a
		}
		return endpoint{uint64(r.ICMPType), has}, endpoint{uint64(code), has}
	}
	return endpoint{uint64(r.SrcPort), r.Has&flow.HasSrcPort != 0}, endpoint{uint64(r.DstPort), r.Has&flow.HasDstPort != 0}
}

func protoName(r *flow.Record) string {
	switch {
	case r.Has&flow.HasProto == 0:
		return "-"
	case r.Proto == flow.TCP:
		return "tcp"
	case r.Proto == flow.UDP:
		return "udp"
	case r.Proto == flow.ICMP || r.Proto == flow.ICMPv6:
		return "icmp"
	}
	return "unknown_transport"
}

// connStates are Zeek's own.
var connStates = []string{"S0", "S1", "SF", "REJ", "S2", "S3", "RSTO", "RSTR", "RSTOS0", "RSTRH", "SH", "SHR", "OTH"}

// equivalents are the conn_states that say what a state says. Zeek knows
// nothing of firewalls: who is stopped by one gets no answer.
var equivalents = map[flow.State]string{
	flow.StateUnknown: "-", flow.StateAttempt: "S0", flow.StateRejected: "REJ", flow.StateEstablished: "S1",
	flow.StateClosed: "SF", flow.StateResetOrig: "RSTO", flow.StateResetResp: "RSTR", flow.StatePartial: "OTH",
	flow.StateDenied: "S0",
}

// connState is the state as Zeek spelled it, if it did and nothing else has
// been found out since, or its equivalent.
func (w *writer) connState(r *flow.Record) string {
	if r.Has&flow.HasState == 0 {
		return "-"
	}
	raw := w.names.Text(r.RawState)
	if slices.Contains(connStates, raw) && (parse.State([]byte(raw)) == r.State || raw == acceptedReset && r.State == flow.StateResetResp) {
		return raw
	}
	return equivalents[r.State]
}

// turnedRound reports whether Zeek would have turned r round, as far as is
// known: who opened it was told by a port, or by the answer alone.
func turnedRound(r *flow.Record) bool {
	const answer = flow.SYN | flow.ACK
	return r.Orient >= flow.OrientService ||
		r.Orient == flow.OrientSYN && r.Proto == flow.TCP && r.SrcFlags&flow.SYN == 0 && r.DstFlags&answer == answer
}

// appendHistory appends a history of what is known of a flow: each flag once,
// as if the connection had gone by the book.
func appendHistory(b []byte, r *flow.Record, conn string) []byte {
	from := len(b)
	if turnedRound(r) {
		b = append(b, '^')
	}
	switch src, dst := r.SrcFlags, r.DstFlags; {
	case r.Proto == flow.TCP && r.Has&flow.HasFlags != 0:
		const open = flow.SYN | flow.ACK
		const data = flow.PSH | flow.ACK
		for _, l := range []struct {
			letter byte
			sent   bool
		}{
			{'S', src&flow.SYN != 0},
			{'s', dst&open == flow.SYN},
			{'h', dst&open == open},
			{'A', src&flow.ACK != 0},
			{'D', src&data == data},
			{'a', dst&open == flow.ACK},
			{'d', dst&data == data || conn == acceptedReset && r.State == flow.StateResetResp},
			{'F', src&flow.FIN != 0},
			{'f', dst&flow.FIN != 0},
			{'R', src&flow.RST != 0},
			{'r', dst&flow.RST != 0},
		} {
			if l.sent {
				b = append(b, l.letter)
			}
		}
	case r.Proto == flow.UDP:
		if r.Has&flow.HasSrcPkts != 0 && r.SrcPkts > 0 {
			b = append(b, 'D')
		}
		if r.Has&flow.HasDstPkts != 0 && r.DstPkts > 0 {
			b = append(b, 'd')
		}
	}
	if len(b) == from {
		return append(b, '-')
	}
	return b
}
