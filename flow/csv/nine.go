package csv

import (
	"encoding/binary"
	"math/bits"

	"seine/flow"
	"seine/flow/internal/lines"
	"seine/flow/internal/parse"
)

// nine decodes the nine-column layout. Its fast path knows the usual
// spellings; a line with any other goes to general, which knows all.
type nine struct {
	*general
	clock  parse.Clock
	states [16]stateWord
}

// A stateWord remembers a state text of up to eight or sixteen bytes.
type stateWord struct {
	lo, hi uint64
	sym    flow.Symbol
	state  flow.State
}

// Decode implements lines.Decoder.
func (d *nine) Decode(line []byte, r *flow.Record) error {
	if d.fast(line, r) {
		return nil
	}
	return d.general.Decode(line, r)
}

const (
	comma = 0x2c2c2c2c2c2c2c2c
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// commas marks, with the top bit of each byte, the first comma in w; marks
// behind it mean nothing.
func commas(w uint64) uint64 {
	x := w ^ comma
	return (x - ones) &^ x & highs
}

func (d *nine) fast(line []byte, r *flow.Record) bool {
	n := len(line)
	if n < 40 || line[19] != ',' {
		return false
	}
	at, err := d.clock.Parse(line[:19])
	if err != nil {
		return false
	}
	b := line[: n+lines.Pad : n+lines.Pad]
	var proto flow.Proto
	p := 24
	switch binary.LittleEndian.Uint32(b[20:]) {
	case 't' | 'c'<<8 | 'p'<<16 | ','<<24:
		proto = flow.TCP
	case 'u' | 'd'<<8 | 'p'<<16 | ','<<24:
		proto = flow.UDP
	default:
		m := commas(binary.LittleEndian.Uint64(b[20:]))
		k := bits.TrailingZeros64(m) >> 3
		if m == 0 || k == 0 {
			return false
		}
		var ok bool
		if proto, ok = flow.ParseProto(b[20 : 20+k]); !ok {
			return false
		}
		p = 20 + k + 1
	}

	// The state: up to fifteen bytes.
	lo, hi := binary.LittleEndian.Uint64(b[p:]), uint64(0)
	var length int
	if m := commas(lo); m != 0 {
		length = bits.TrailingZeros64(m) >> 3
		lo &= 1<<(8*uint(length)) - 1
	} else {
		hi = binary.LittleEndian.Uint64(b[p+8:])
		if m = commas(hi); m == 0 {
			return false
		}
		k := bits.TrailingZeros64(m) >> 3
		length = 8 + k
		hi &= 1<<(8*uint(k)) - 1
	}
	if p+length >= n { // what follows is another line
		return false
	}
	w := &d.states[(lo*0x9e3779b97f4a7c15^hi)>>60]
	hi |= uint64(length) << 56 // texts may end in zero bytes
	if w.lo != lo || w.hi != hi || w.sym == 0 {
		text := b[p : p+length]
		if length == 0 || text[0] == '"' || len(parse.Trim(text)) < length {
			return false
		}
		w.lo, w.hi, w.state = lo, hi, parse.State(text)
		w.sym = d.fill.Intern.Symbol(text)
		if w.sym == 0 || !flow.Final(w.sym) {
			w.lo, w.hi = ^uint64(0), ^uint64(0) // do not remember
		}
	}
	sym, state := w.sym, w.state
	p += length + 1
	var t parse.Tail
	if k := parse.ReadTail(b[p:], &t); k > 0 && k == n-p && t.SrcPort <= 65535 && t.DstPort <= 65535 {
		r.Src.Set4(t.Src)
		r.Dst.Set4(t.Dst)
	} else if !d.tail(b, p, n, r, &t) {
		return false
	}

	// Written field by field: a literal would be built aside and copied.
	r.Start, r.Duration = at, 0
	r.SrcHost, r.DstHost = 0, 0
	r.SrcPort, r.DstPort = uint16(t.SrcPort), uint16(t.DstPort)
	r.Proto, r.State = proto, state
	r.SrcFlags, r.DstFlags, r.ICMPType, r.ICMPCode = 0, 0, 0, 0
	r.Has = nineFields
	r.SrcBytes, r.DstBytes = t.Up, t.Down
	r.SrcPkts, r.DstPkts = 0, 0
	r.RawState, r.Service, r.Label = sym, 0, 0
	r.UID = flow.UID{}
	parse.Settle(r)
	return true
}

// tail is ReadTail in steps, with IPv6. It reads from p to n.
func (d *nine) tail(b []byte, p, n int, r *flow.Record, t *parse.Tail) bool {
	if p+parse.Room > len(b) {
		return false
	}
	src, k := parse.Quad(b[p:])
	if k == 0 {
		k = parse.IPv6(b[p:n], &r.Src)
	} else {
		r.Src.Set4(src)
	}
	if k == 0 || b[p+k] != ',' {
		return false
	}
	p += k + 1
	if p+8 > len(b) {
		return false
	}
	t.SrcPort, k = parse.Digits(b[p:])
	if k == 0 || b[p+k] != ',' {
		return false
	}
	p += k + 1
	if p+parse.Room > len(b) {
		return false
	}
	dst, k := parse.Quad(b[p:])
	if k == 0 {
		k = parse.IPv6(b[p:n], &r.Dst)
	} else {
		r.Dst.Set4(dst)
	}
	if k == 0 || b[p+k] != ',' {
		return false
	}
	p += k + 1
	if p+8 > len(b) {
		return false
	}
	t.DstPort, k = parse.Digits(b[p:])
	if k == 0 || b[p+k] != ',' {
		return false
	}
	p += k + 1
	if p+8 > len(b) {
		return false
	}
	t.Up, k = parse.Digits(b[p:])
	if k == 0 || b[p+k] != ',' {
		return false
	}
	p += k + 1
	if p+8 > len(b) {
		return false
	}
	t.Down, k = parse.Digits(b[p:])
	if k == 0 || p+k != n || t.SrcPort > 65535 || t.DstPort > 65535 {
		return false
	}
	return true
}
