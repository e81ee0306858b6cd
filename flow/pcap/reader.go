package pcap

import (
	"errors"
	"fmt"
	"io"

	"seine/flow"
	"seine/flow/internal/packet"
	"seine/flow/internal/parse"
)

// A reader hands on the flows of a capture as they end.
type reader struct {
	src     *flow.Source
	packets *packet.Reader
	flows   *table
	clock   clock
	pieces  fragments
	symbols [outcomes]flow.Symbol
	parsed  [outcomes]flow.State

	p       packet.Packet
	key     key // of p
	hash    uint32
	side    uint8 // that sent p
	waiting bool  // p has moved the clock, and is yet to be counted
	err     error // why there are no more packets

	mpls, tunnels, headless, cut, midstream uint64
	told                                    bool
}

// Read implements flow.Reader.
func (r *reader) Read(dst []flow.Record) (n int, err error) {
	for n < len(dst) {
		if f := r.flows.ended(r.clock.now, r.err != nil); f != nil {
			r.record(f, &dst[n])
			r.flows.free(f)
			n++
			continue
		}
		if r.waiting {
			c := r.flows.find(&r.key, r.hash)
			if c == nil && r.flows.full() {
				r.flows.evict()
				continue
			}
			r.count(c)
			r.waiting = false
			continue
		}
		if r.err != nil {
			r.tell()
			if n > 0 {
				return n, nil
			}
			return 0, r.err
		}
		r.next()
	}
	return n, nil
}

// next reads a packet, and moves the clock to it.
func (r *reader) next() {
	switch err := r.packets.Next(&r.p); err := err.(type) {
	case nil:
		r.clock.at(r.p.Time)
		r.identify()
		r.waiting = true
	case packet.Damage:
		r.src.Report(r.p.Number, string(err))
	case *packet.Broken:
		r.src.Report(err.Number, err.Reason)
		r.src.Note(fmt.Sprintf("The capture cannot be read beyond packet %d: %s.", err.Number, err.Reason))
		r.err = io.EOF
	default:
		if errors.Is(err, packet.ErrNotIP) {
			r.src.Skipped++
			if t := r.p.EtherType; t == 0x8847 || t == 0x8848 {
				r.mpls++
			}
			return
		}
		r.err = err
	}
}

// tell notes what the user should know of the whole capture.
func (r *reader) tell() {
	if r.told {
		return
	}
	r.told = true
	note := func(n uint64, format string) {
		if n > 0 {
			r.src.Note(fmt.Sprintf(format, n))
		}
	}
	for _, l := range r.packets.Links() {
		if !l.Known() {
			r.src.Note(fmt.Sprintf("Packets of the link type %v are skipped: it is not read.", l))
		}
	}
	note(r.mpls, "MPLS packets are skipped (%d): what they carry is not read.")
	note(r.tunnels, "Tunnels are flows like others (%d; IP in IP, GRE, VXLAN, Geneve): what they carry is not read.")
	note(r.headless, "Fragments without the first of their datagram (%d) are counted to flows without ports.")
	note(r.cut, "Packets captured without the whole of their ports, flags or type (%d; snap length) "+
		"are counted to flows without ports, or tell no flags.")
	note(r.midstream, "TCP connections that had begun before they were captured (%d): who began them is a guess by the first packet.")
	note(r.clock.restarts, "Packets go back in time for long (%d times; captures that were joined?): timeouts go on from there.")
	note(r.flows.evicted, fmt.Sprintf("More than %d flows were open at a time: the longest idle were ended early (%%d).", r.flows.limit))
}

// record makes a record of a flow that has ended.
func (r *reader) record(f *connection, rec *flow.Record) {
	*rec = flow.Record{Start: f.first, Row: f.row, File: r.src.File, Orient: f.orient, Proto: f.key.proto}
	if rec.Duration = f.last - f.first; rec.Duration < 0 {
		rec.Duration = flow.MaxTime
	}
	orig, resp := &f.sides[f.orig], &f.sides[1-f.orig]
	rec.Src, rec.Dst = f.key.addrs[f.orig], f.key.addrs[1-f.orig]
	rec.SrcBytes, rec.DstBytes = orig.bytes, resp.bytes
	rec.SrcPkts, rec.DstPkts = orig.pkts, resp.pkts
	rec.Has = flow.HasStart | flow.HasAddrs | flow.HasProto | flow.HasDuration | flow.HasBytes | flow.HasPkts | flow.HasState
	switch f.key.kind {
	case withPorts:
		rec.SrcPort, rec.DstPort = f.key.ports[f.orig], f.key.ports[1-f.orig]
		rec.Has |= flow.HasSrcPort | flow.HasDstPort
	case message, question:
		rec.ICMPType, rec.ICMPCode = f.icmpType, f.icmpCode
		rec.Has |= flow.HasICMP
	}
	if f.hasFlags {
		rec.SrcFlags, rec.DstFlags = orig.flags, resp.flags
		rec.Has |= flow.HasFlags
	}
	raw := f.outcome()
	if r.symbols[raw] == 0 {
		text := []byte(raw.String())
		r.symbols[raw], r.parsed[raw] = r.src.Options.Symbols.Add(text), parse.State(text)
	}
	rec.RawState, rec.State = r.symbols[raw], r.parsed[raw]
	if f.midstream() {
		if f.hasFlags {
			r.midstream++
		}
		if rec.State.Failed() {
			rec.State = flow.StatePartial // an end without a beginning is no attempt
		}
	}
	if f.key.kind == question && f.asked {
		if rec.State = flow.StateAttempt; resp.pkts > 0 {
			rec.State = flow.StateEstablished
		}
	}
	if p := rec.Proto; p == 4 || p == 41 || p == 47 || p == flow.UDP && f.key.kind == withPorts && (rec.DstPort == 4789 || rec.DstPort == 6081) {
		r.tunnels++
	}
	r.src.Rows++
}

// A clock runs on packet time, and only forward: what comes late is taken to
// come now. If packets keep coming from long ago, it was not they who were
// wrong, and time goes on from there.
type clock struct {
	now      flow.Time
	shift    flow.Time // from packet time to now
	started  bool
	behind   int // packets in a row from long ago
	restarts uint64
}

// When time has begun anew.
const (
	longAgo      = 300 * flow.Second
	manyLongAgo  = 1000
	firstOfClock = 0
)

func (c *clock) at(t flow.Time) {
	if !c.started {
		c.started, c.now, c.shift = true, firstOfClock, sub(firstOfClock, t)
		return
	}
	at := t.Add(c.shift)
	switch {
	case at >= c.now:
		c.now, c.behind = at, 0
	case sub(c.now, at) <= longAgo:
		c.behind = 0
	default:
		if c.behind++; c.behind >= manyLongAgo {
			c.shift, c.behind = sub(c.now, t), 0
			c.restarts++
		}
	}
}

// sub is a-b, held at the ends of time.
func sub(a, b flow.Time) flow.Time {
	if b == flow.MinTime {
		return flow.MaxTime
	}
	return a.Add(-b)
}
