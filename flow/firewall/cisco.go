package firewall

import (
	"bytes"
	"errors"
	"hash/fnv"

	"seine/flow"
	"seine/flow/internal/lines"
	"seine/flow/internal/parse"
)

var (
	errAction  = errors.New("not an action that is known")
	errMessage = errors.New("message of a layout that is not known")
)

// cisco reads a message of an ASA: body begins with the name of the device's
// kind, "ASA-6-302013: …", and before it stands the name of the device.
func (d *decoder) cisco(before, body []byte, r *flow.Record) error {
	i := bytes.IndexByte(body, ':')
	if i < 10 || i > 40 {
		return fail("message", body[:min(len(body), 16)], errMessage)
	}
	id, err := parse.Uint(body[i-6 : i])
	if err != nil {
		return fail("message", body[:i], errMessage)
	}
	text := parse.Trim(body[i+1:])
	d.message = int(id)
	switch id {
	case 302013, 302015:
		err = d.built(text, r)
	case 302014, 302016:
		err = d.teardown(text, r)
	case 302020, 302021:
		err = d.icmp(text, r, id == 302021)
	case 106023:
		err = d.deny(text, r)
	case 106100:
		err = d.accessList(text, r)
	default:
		d.seen.cisco.Add(1)
		return lines.ErrSkip
	}
	if err != nil {
		return err
	}
	switch id {
	case 302013, 302014:
		r.Proto = flow.TCP
		r.Has |= flow.HasProto
	case 302015, 302016:
		r.Proto = flow.UDP
		r.Has |= flow.HasProto
	}
	if r.SrcHost&(markBuilt|markTeardown) != 0 {
		h := fnv.New32a()
		h.Write(d.clock.relay)
		h.Write(before)
		r.DstHost = flow.Host(h.Sum32())
	}
	return nil
}

// An end is an address of a message, with its port.
type end struct{ addr, port []byte }

// endAt reads "outside:203.0.113.7/443" from the start of b; what follows in
// parentheses is left in rest.
func endAt(b []byte) (e end, rest []byte, ok bool) {
	i := bytes.IndexByte(b, ':')
	if i < 0 {
		return e, b, false
	}
	b = b[i+1:]
	for len(b) > 0 && b[0] == ' ' { // lines that were folded
		b = b[1:]
	}
	return bare(b)
}

// bare reads "203.0.113.7/443", or an address without port.
func bare(b []byte) (e end, rest []byte, ok bool) {
	n := bytes.IndexAny(b, "/ (,")
	if n < 0 {
		n = len(b)
	}
	e.addr, rest = b[:n], b[n:]
	if len(rest) > 0 && rest[0] == '/' {
		rest = rest[1:]
		n = 0
		for n < len(rest) && rest[n]-'0' <= 9 {
			n++
		}
		e.port, rest = rest[:n], rest[n:]
	}
	return e, rest, len(e.addr) > 0
}

// after is what stands behind the first place of word in b.
func after(b []byte, word string) ([]byte, bool) {
	i := bytes.Index(b, []byte(word))
	if i < 0 {
		return b, false
	}
	return b[i+len(word):], true
}

// connection reads "… connection 917 for outside:… to inside:…".
func connection(b []byte, r *flow.Record) (rest []byte, err error) {
	b, ok := after(b, " connection ")
	i := bytes.IndexByte(b, ' ')
	if !ok || i <= 0 {
		return b, errMessage
	}
	id := b[:i]
	if b, ok = after(b[i:], " for "); !ok {
		return b, errShort
	}
	x, b, ok := endAt(b)
	if !ok {
		return b, errShort
	}
	if b, ok = after(b, " to "); !ok {
		return b, errShort
	}
	y, b, ok := endAt(b)
	if !ok {
		return b, errShort
	}
	if err := ends(r, x.addr, y.addr); err != nil {
		return b, err
	}
	if err := ports(r, x.port, y.port); err != nil {
		return b, err
	}
	r.UID = flow.MakeUID(id)
	r.Has |= flow.HasUID
	return b, nil
}

// built reads "Built outbound TCP connection 917 for outside:203.0.113.7/443
// (…) to inside:10.0.0.5/40112 (…)": outbound is opened by the second end.
func (d *decoder) built(b []byte, r *flow.Record) error {
	if !bytes.HasPrefix(b, []byte("Built ")) {
		return errMessage
	}
	if _, err := connection(b, r); err != nil {
		return err
	}
	r.SrcHost |= markBuilt
	return opened(b, r)
}

// opened takes down which end opened a connection.
func opened(b []byte, r *flow.Record) error {
	switch {
	case bytes.HasPrefix(b, []byte("Built inbound ")):
		r.SrcHost |= markInbound
	case !bytes.HasPrefix(b, []byte("Built outbound ")):
		return errMessage
	}
	return nil
}

// teardown reads "Teardown TCP connection 917 for outside:203.0.113.7/443 to
// inside:10.0.0.5/40112 duration 0:45:12 bytes 4882 TCP FINs from inside".
func (d *decoder) teardown(b []byte, r *flow.Record) error {
	if !bytes.HasPrefix(b, []byte("Teardown ")) {
		return errMessage
	}
	b, err := connection(b, r)
	if err != nil {
		return err
	}
	b, ok := after(b, " duration ")
	if !ok {
		return errShort
	}
	word, b, _ := bytes.Cut(b, []byte(" "))
	if r.Duration, ok = clockSpan(word); !ok {
		return fail("duration", word, parse.ErrTime)
	}
	r.Has |= flow.HasDuration
	r.SrcHost |= markTeardown
	if b, ok = after(b, "bytes "); !ok {
		return errShort
	}
	word, b, _ = bytes.Cut(b, []byte(" "))
	n, err := parse.Uint(word)
	if err == nil && n == 0 {
		r.SrcHost |= markEmpty
	}
	d.reason(b, r, err == nil && n > 0)
	return nil
}

// clockSpan reads "0:45:12", hours first.
func clockSpan(b []byte) (flow.Time, bool) {
	h, b, ok1 := bytes.Cut(b, []byte(":"))
	m, s, ok2 := bytes.Cut(b, []byte(":"))
	hours, err1 := parse.Uint(h)
	minutes, err2 := parse.Uint(m)
	seconds, err3 := parse.Uint(s)
	if !ok1 || !ok2 || err1 != nil || err2 != nil || err3 != nil || hours > 1e6 || minutes > 59 || seconds > 59 {
		return 0, false
	}
	return flow.Time(hours*3600+minutes*60+seconds) * flow.Second, true
}

// reason is why a connection was taken down; data tells that it carried some.
func (d *decoder) reason(b []byte, r *flow.Record, data bool) {
	for _, cut := range [...]string{" from ", " ("} {
		if i := bytes.Index(b, []byte(cut)); i >= 0 {
			b = b[:i]
		}
	}
	b = parse.Trim(b)
	if len(b) == 0 || b[0] == '(' {
		return
	}
	switch text := string(b); text {
	case "TCP FINs", "FIN Timeout":
		r.State = flow.StateClosed
	case "SYN Timeout":
		r.State = flow.StateAttempt
	case "TCP Reset-I", "TCP Reset-O", "TCP Reset":
		if r.State = flow.StateResetResp; r.SrcHost&markEmpty != 0 {
			r.State = flow.StateRejected
		}
		switch text {
		case "TCP Reset-I":
			r.SrcHost |= markResetIn
		case "TCP Reset-O":
			r.SrcHost |= markResetOut
		}
	default:
		switch {
		case contains(b, "DENY") || contains(b, "DENIED"):
			r.State = flow.StateDenied
		case data:
			r.State = flow.StateEstablished
		}
	}
	r.RawState = d.intern.Symbol(b)
	r.Has |= flow.HasState
}

// icmp reads "Built inbound ICMP connection for faddr 203.0.113.7/12 gaddr …
// laddr 10.0.0.5/0 type 8 code 0", and its Teardown. There is no number: the
// text about the addresses stands for it.
func (d *decoder) icmp(b []byte, r *flow.Record, down bool) error {
	text, ok := after(b, " faddr ")
	if !ok {
		return errMessage
	}
	foreign, rest, ok1 := bare(text)
	rest, ok2 := after(rest, " laddr ")
	local, rest, ok3 := bare(rest)
	if !ok1 || !ok2 || !ok3 {
		return errShort
	}
	if err := ends(r, foreign.addr, local.addr); err != nil {
		return err
	}
	r.Proto = flow.ICMP
	if !r.Src.Is4() {
		r.Proto = flow.ICMPv6
	}
	r.Has |= flow.HasProto
	if kind, ok := after(rest, "type "); ok {
		kind, code, _ := bytes.Cut(kind, []byte(" code "))
		code, _, _ = bytes.Cut(code, []byte(" "))
		icmp(r, kind, code)
	}
	r.UID = flow.MakeUID(parse.Trim(text)) // for the joiner alone
	if down {
		r.SrcHost |= markTeardown | markICMP
		return nil
	}
	r.SrcHost |= markBuilt | markICMP
	return opened(b, r)
}
