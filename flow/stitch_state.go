package flow

import "math/bits"

// complete makes record r of what the flow f has gathered by addresses.
func (s *Stitcher) complete(f *openFlow, r *Record) {
	seen := bits.OnesCount8(f.seen)
	if s.how.Copies {
		s.total(f, r)
	} else if f.records > uint32(seen) {
		s.counts.Merged += uint64(f.records) - uint64(seen)
	}
	r.Start = f.start
	if d := max(0, minus(f.end, f.start)); d > 0 {
		r.Duration = d
		r.Has |= HasDuration
	}
	r.SrcFlags, r.DstFlags = f.flags[0], f.flags[1]
	r.State, r.RawState = f.state, f.raw
	if !s.how.Halves {
		// Records of single packets do not tell what became of the
		// connection; the flags of both sides together do.
		if r.Proto == TCP && f.known && r.SrcFlags != 0 && r.DstFlags != 0 && weight[r.State] < weight[StateEstablished] {
			r.State = tcpState(r, true, true, s.how.Silence)
			r.Has |= HasState
		}
		return
	}
	if seen == 2 && f.records > 1 {
		s.counts.Paired++
	}
	if seen == 1 && s.how.Silence {
		r.Has |= mirrored(r.Has) & (HasBytes | HasPkts)
	}
	rule, turn := s.orient(f, r)
	r.Orient = rule
	src, dst := f.seen&1 != 0, f.seen&2 != 0
	if turn {
		turnRound(r)
		src, dst = dst, src
		s.counts.Turned++
	}
	if r.State = pairState(r, src, dst, s.how.Silence); r.State != StateUnknown {
		r.Has |= HasState
	}
}

// pairState is the state of a flow of halves: r has the originator as Src, src
// and dst tell which directions there are records of.
func pairState(r *Record, src, dst, silence bool) State {
	if r.State == StateDenied {
		return StateDenied
	}
	state := StateUnknown
	switch {
	case r.Proto == TCP && r.Has&HasFlags != 0:
		state = tcpState(r, src, dst, silence)
	case r.Proto == TCP:
		if src && dst && data(r.SrcBytes, r.SrcPkts) && data(r.DstBytes, r.DstPkts) {
			state = StateEstablished
		}
	case src && dst:
		state = StateEstablished
	case r.Proto == UDP && !src:
		state = StatePartial
	case !silence || toMany(&r.Dst):
	case r.Proto == UDP || r.Has&HasICMP != 0 && asks(r):
		state = StateAttempt
	}
	if state == StateUnknown && !r.State.Failed() {
		state = r.State // what the record itself said
	}
	return state
}

// data reports whether packets are larger on average than those that open and
// close connections.
func data(octets, pkts uint64) bool { return pkts > 0 && octets/pkts > 80 }

func tcpState(r *Record, src, dst, silence bool) State {
	s, d := r.SrcFlags, r.DstFlags
	switch {
	case src && !dst && s&(SYN|ACK|FIN|PSH) == SYN:
		if silence {
			return StateAttempt
		}
		return StateUnknown
	case !src || !dst:
		return StatePartial
	case d&(SYN|RST) == RST && s&(SYN|ACK|FIN|PSH) == SYN && !data(r.DstBytes, r.DstPkts):
		return StateRejected
	case s&d&FIN != 0:
		return StateClosed
	case s&RST != 0:
		return StateResetOrig
	case d&RST != 0:
		return StateResetResp
	case (s|d)&FIN != 0:
		return StateClosed
	case (s|d)&SYN == 0 || s&d&SYN != 0 && (s|d)&ACK == 0:
		return StatePartial
	}
	return StateEstablished
}
