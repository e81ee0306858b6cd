package firewall

import (
	"bytes"
	"errors"
	"fmt"
	"sync/atomic"

	"seine/flow"
	"seine/flow/internal/lines"
	"seine/flow/internal/parse"
)

// What a line is.
type kind uint8

const (
	other kind = iota
	filterlog
	kernel
	cisco
)

// What the joiner has to know of a record stands in SrcHost and DstHost until
// it has seen it: the two are the engine's, and set behind the reader only.
const (
	markYearless flow.Host = 1 << iota
	markBuilt
	markTeardown
	markInbound  // Built: the first end opened the connection
	markResetIn  // Teardown: reset from inside
	markResetOut // Teardown: reset from outside
	markEmpty    // Teardown: no bytes
	markICMP     // of a message without number and duration
)

var (
	errNoTime = errors.New("no time at the start of the line")
	errNoYear = errors.New("time without a year: name it with --year")
	errShort  = errors.New("line is cut short")
)

// use tells which of a connection's messages by Cisco become flows.
type use struct{ built, permits bool }

// A tally counts what the notes tell at the end, over all decoders.
type tally struct {
	other, cisco, nat, permits, built         atomic.Uint64
	naive                                     atomic.Bool
	single, open, evicted, wrongEnds, longAgo uint64 // of the joiner
}

type decoder struct {
	clock  clock
	intern *flow.Interner
	seen   *tally
	use    use
	year   bool // the year of times without one is known
	tag    tag

	// What the last line was, for the survey of the head.
	kind    kind
	message int // of Cisco
	stamp   stamp
}

// classify finds out what a line is, by what stands behind its time; body
// begins with what the reader of the kind begins with.
func classify(rest []byte) (k kind, body []byte) {
	if i := bytes.IndexByte(rest, '%'); i >= 0 && len(rest)-i > 15 {
		switch p := rest[i+1:]; {
		case bytes.HasPrefix(p, []byte("ASA-")), bytes.HasPrefix(p, []byte("FTD-")), bytes.HasPrefix(p, []byte("PIX-")), bytes.HasPrefix(p, []byte("FWSM-")):
			return cisco, p
		}
	}
	if i := bytes.Index(rest, []byte("filterlog")); i >= 0 && i < 256 {
		return filterlog, rest[i+len("filterlog"):]
	}
	if i := bytes.Index(rest, []byte("IN=")); i >= 0 {
		if out := bytes.Index(rest[i:], []byte(" OUT=")); out > 0 && bytes.Index(rest[i+out:], []byte(" SRC=")) > 0 {
			return kernel, rest[i:]
		}
	}
	return other, nil
}

// Decode implements lines.Decoder.
func (d *decoder) Decode(line []byte, r *flow.Record) error {
	s, rest, ok := d.clock.read(line)
	d.stamp, d.message = s, 0
	var body []byte
	if d.kind, body = classify(rest); d.kind == other {
		d.seen.other.Add(1)
		return lines.ErrSkip
	}
	*r = flow.Record{Proto: flow.ProtoUnknown}
	var err error
	switch d.kind {
	case filterlog:
		err = d.filterlog(body, r)
	case kernel:
		err = d.kernel(rest[:len(rest)-len(body)], body, r)
	case cisco:
		err = d.cisco(rest[:len(rest)-len(body)], body, r)
	}
	switch {
	case err != nil:
		return err
	case !ok:
		return errNoTime
	case s.yearless && !d.year:
		return errNoYear
	case s.yearless:
		r.SrcHost |= markYearless
	}
	if s.naive {
		d.seen.naive.Store(true)
	}
	r.Start = s.at
	r.Has |= flow.HasStart
	return nil
}

// ends reads both addresses.
func ends(r *flow.Record, src, dst []byte) (err error) {
	if r.Src, err = parse.Addr(src); err != nil {
		return fail("source", src, err)
	}
	if r.Dst, err = parse.Addr(dst); err != nil {
		return fail("destination", dst, err)
	}
	r.Has |= flow.HasAddrs
	return nil
}

// ports reads both ports.
func ports(r *flow.Record, src, dst []byte) error {
	s, err := parse.Uint(src)
	if err != nil || s > 65535 {
		return fail("source port", src, parse.ErrPort)
	}
	t, err := parse.Uint(dst)
	if err != nil || t > 65535 {
		return fail("destination port", dst, parse.ErrPort)
	}
	r.SrcPort, r.DstPort = uint16(s), uint16(t)
	r.Has |= flow.HasSrcPort | flow.HasDstPort
	return nil
}

// icmp reads type and code; what is no number is left out.
func icmp(r *flow.Record, kind, code []byte) {
	t, err1 := parse.Uint(kind)
	c, err2 := parse.Uint(code)
	if err1 == nil && err2 == nil && t < 256 && c < 256 {
		r.ICMPType, r.ICMPCode = uint8(t), uint8(c)
		r.Has |= flow.HasICMP
	}
}

func hasPorts(p flow.Proto) bool {
	return p == flow.TCP || p == flow.UDP || p == flow.SCTP || p == 136 || p == 33
}

// allowed is the state of a packet that was let through: what came of it is
// not known, and a packet without SYN belongs to a connection seen from its
// middle.
func allowed(r *flow.Record) flow.State {
	if r.Has&flow.HasFlags != 0 && r.SrcFlags&flow.SYN == 0 && r.SrcFlags != 0 {
		return flow.StatePartial
	}
	return flow.StateUnknown
}

func fail(what string, value []byte, err error) error {
	return fmt.Errorf("%s %q: %w", what, value[:min(len(value), 60)], err)
}
