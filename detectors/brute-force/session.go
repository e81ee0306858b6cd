package bruteforce

import (
	"math"

	"seine/flow"
)

// A session is what matters of a flow that may have been an attempt to log in.
type session struct {
	src, dst uint32 // bytes as logged
	pkts     uint32 // both ways, 0 where not known
	payload  uint64 // both ways, estimated
	seconds  float32
	timed    bool // seconds is known
	sized    bool // bytes or packets are known
	large    bool // too large for a failed login
}

// header is what IPv4 and TCP headers take of a packet at least.
const header = 40

// headless reports whether the bytes of r, and so those of the input, are of
// payload alone, as Zeek counts: fewer than headers take betrays it.
func headless(r *flow.Record) bool {
	const sized = flow.HasSrcBytes | flow.HasSrcPkts
	return r.Proto == flow.TCP && r.Has&sized == sized && r.SrcBytes < header*min(r.SrcPkts, 1<<32)
}

// content estimates the payload of one direction.
func (w *watcher) content(bytes, pkts uint64) uint64 {
	if w.bare {
		return bytes
	}
	return bytes - min(bytes, header*min(pkts, 1<<32))
}

// tried reports whether a flow may have come to a password, as far as its
// outcome and packets tell: it is no failure and no mere handshake.
func tried(r *flow.Record) bool {
	switch r.Outcome {
	case flow.Answered:
	case flow.OutcomeUnknown:
		if r.State != flow.StateUnknown || r.Has&flow.HasBytes != flow.HasBytes {
			return false
		}
	default:
		return false
	}
	return !(r.Has&flow.HasSrcPkts != 0 && r.SrcPkts < 4 || r.Has&flow.HasDstPkts != 0 && r.DstPkts < 3)
}

// measure takes the measure of a flow to service v that may have come to a
// password. ok is false where it did not: banners fetched.
func (w *watcher) measure(r *flow.Record, v service) (s session, ok bool) {
	least, most := uint64(services[v].least), uint64(services[v].most)
	if r.Has&flow.HasPkts == flow.HasPkts {
		s.pkts = uint32(min(r.SrcPkts, math.MaxInt32)) + uint32(min(r.DstPkts, math.MaxInt32))
		s.sized = true
	}
	if r.Has&flow.HasDuration != 0 {
		s.seconds, s.timed = float32(float64(r.Duration)/1e9), true
	}
	switch {
	case r.Has&flow.HasBytes != 0:
		up, down := w.content(r.SrcBytes, r.SrcPkts), w.content(r.DstBytes, r.DstPkts)
		if r.Has&flow.HasSrcBytes != 0 && up < least || r.Has&flow.HasDstBytes != 0 && down < 4 {
			return s, false
		}
		s.src, s.dst = uint32(min(r.SrcBytes, math.MaxUint32)), uint32(min(r.DstBytes, math.MaxUint32))
		s.payload = up + min(down, math.MaxUint64-up)
		s.sized = true
		s.large = s.payload > most+w.slack(v, &s)
	case s.pkts != 0:
		s.large = s.pkts > 120
	default:
		s.large = s.timed && s.seconds > 150 // beyond the time that servers leave for a login
	}
	return s, true
}

// slack is what headers may add to the payload where it is not known whether
// they are counted, and how many there were.
func (w *watcher) slack(v service, s *session) uint64 {
	if s.pkts == 0 && !w.bare {
		return header * uint64(min(36, 10+services[v].typic/200))
	}
	return 0
}

// tight reports whether a payload is that of a failed login with common
// software. s tells what is known of it.
func (w *watcher) tight(v service, s *session, payload uint64) bool {
	switch {
	case payload > 0:
		return payload <= uint64(services[v].typic)+w.slack(v, s)
	case s.pkts > 0:
		return s.pkts <= 80
	}
	return !s.large
}

// A size is the size of a cluster of sessions that are nearly the same.
type size struct{ src, dst, pkts, n uint32 }

// holds reports whether s belongs to the cluster: bytes within a sixteenth or
// what a password of another length makes, packets within a quarter or what a
// lost one makes.
func (c *size) holds(s *session, bare bool) bool {
	slack := uint32(120) // two or three packets more or less
	if bare || s.pkts == 0 {
		slack = 24
	}
	return near(c.src, s.src, max(slack, c.src/16)) && near(c.dst, s.dst, max(slack, c.dst/16)) &&
		near(c.pkts, s.pkts, max(4, c.pkts/4))
}

func near(a, b, most uint32) bool {
	if a > b {
		a, b = b, a
	}
	return b-a <= most
}

// join counts s among sizes, the most frequent first, and reports whether it
// belongs to one of the first of them. A stranger takes the place of a size
// that its like have worn down (Misra and Gries, 1982).
func join(sizes []size, first int, s *session, bare bool) bool {
	for i := range sizes {
		c := &sizes[i]
		if c.n == 0 || !c.holds(s, bare) {
			continue
		}
		c.n++
		for ; i > 0 && sizes[i].n > sizes[i-1].n; i-- {
			sizes[i], sizes[i-1] = sizes[i-1], sizes[i]
		}
		return i < first
	}
	i := len(sizes) - 1
	if sizes[i].n > 1 {
		sizes[i].n--
		return false
	}
	sizes[i] = size{s.src, s.dst, s.pkts, 1}
	for ; i > 0 && sizes[i-1].n == 0; i-- {
		sizes[i], sizes[i-1] = sizes[i-1], sizes[i]
	}
	return i == 0
}
