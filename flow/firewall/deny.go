package firewall

import (
	"bytes"

	"seine/flow"
	"seine/flow/internal/lines"
	"seine/flow/internal/parse"
)

// deny reads `Deny tcp src outside:198.51.100.9/51000 dst inside:10.0.0.5/23 by
// access-group "…"`; of ICMP "(type 8, code 0)" follows the addresses.
func (d *decoder) deny(b []byte, r *flow.Record) error {
	name, b, ok := bytes.Cut(bytes.TrimPrefix(b, []byte("Deny ")), []byte(" src "))
	if !ok {
		return errShort
	}
	x, b, ok1 := endAt(b)
	b, ok2 := after(b, " dst ")
	if !ok1 || !ok2 {
		return errShort
	}
	y, b, ok := endAt(b)
	if !ok {
		return errShort
	}
	if err := ends(r, x.addr, y.addr); err != nil {
		return err
	}
	if p, ok := flow.ParseProto(bytes.TrimPrefix(name, []byte("protocol "))); ok {
		r.Proto = p
		r.Has |= flow.HasProto
	}
	switch {
	case hasPorts(r.Proto):
		if err := ports(r, x.port, y.port); err != nil {
			return err
		}
	case r.Proto == flow.ICMP || r.Proto == flow.ICMPv6:
		if kind, ok := after(b, "(type "); ok {
			kind, code, _ := bytes.Cut(kind, []byte(", code "))
			code, _, _ = bytes.Cut(code, []byte(")"))
			icmp(r, kind, code)
		}
	}
	r.State, r.RawState = flow.StateDenied, d.intern.Symbol([]byte("Deny"))
	r.SrcPkts = 1
	r.Has |= flow.HasState | flow.HasSrcPkts
	return nil
}

// accessList reads "access-list NAME denied tcp outside/198.51.100.9(51000) ->
// inside/10.0.0.5(23) hit-cnt 1 first hit".
func (d *decoder) accessList(b []byte, r *flow.Record) error {
	b, to, ok := bytes.Cut(b, []byte(" -> "))
	var words [4][]byte // access-list NAME denied tcp
	for i := range words {
		var more bool
		words[i], b, more = bytes.Cut(b, []byte(" "))
		ok = ok && more
		b = parse.Trim(b)
	}
	if !ok {
		return errShort
	}
	verdict, name := words[2], words[3]
	x, _, ok1 := listed(b)
	y, to, ok2 := listed(to)
	if !ok1 || !ok2 {
		return errShort
	}
	if err := ends(r, x.addr, y.addr); err != nil {
		return err
	}
	if p, ok := flow.ParseProto(name); ok {
		r.Proto = p
		r.Has |= flow.HasProto
	}
	switch {
	case hasPorts(r.Proto):
		if err := ports(r, x.port, y.port); err != nil {
			return err
		}
	case r.Proto == flow.ICMP || r.Proto == flow.ICMPv6:
		icmp(r, x.port, y.port)
	}
	switch string(verdict) {
	case "denied":
		r.State = flow.StateDenied
		if hits, ok := after(to, "hit-cnt "); ok {
			hits, _, _ = bytes.Cut(hits, []byte(" "))
			if n, err := parse.Uint(hits); err == nil {
				r.SrcPkts = n
				r.Has |= flow.HasSrcPkts
			}
		}
	case "permitted", "est-allowed":
		if !d.use.permits {
			d.seen.permits.Add(1)
			return lines.ErrSkip
		}
	default:
		return fail("action", verdict, errAction)
	}
	r.RawState = d.intern.Symbol(verdict)
	r.Has |= flow.HasState
	return nil
}

// listed reads "outside/198.51.100.9(51000)".
func listed(b []byte) (e end, rest []byte, ok bool) {
	i := bytes.IndexByte(b, '/')
	if i < 0 {
		return e, b, false
	}
	b = b[i+1:]
	i = bytes.IndexByte(b, '(')
	if i < 0 {
		return e, b, false
	}
	e.addr, b = b[:i], b[i+1:]
	if i = bytes.IndexByte(b, ')'); i < 0 {
		return e, b, false
	}
	e.port = b[:i]
	return e, b[i+1:], len(e.addr) > 0
}
