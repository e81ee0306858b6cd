package flow

// orient tells by which rule, and whether the destination of r is the
// originator.
func (s *Stitcher) orient(f *openFlow, r *Record) (rule Orient, turn bool) {
	switch {
	case toMany(&r.Dst): // nobody sends from a group
		return OrientSource, false
	case toMany(&r.Src):
		return OrientSource, true
	case r.Proto != TCP && (f.asked == 1 || f.asked == 2):
		return OrientSource, f.asked == 2
	case r.Proto != TCP && r.Has&HasICMP != 0 && f.seen != 3:
		return OrientSource, false
	case f.asked == 1 || f.asked == 2:
		return OrientSYN, f.asked == 2
	}
	// The answer to a SYN that is not in the input. Windows with SYN and ACK
	// are answers, too, where the ACKs of other packets are not logged.
	reply := f.reply
	if s.how.Pieces && s.how.Copies && f.tcp && f.known && reply == 0 {
		for d := range 2 {
			if f.flags[d] == SYN|ACK && f.flags[1-d]&(SYN|ACK) == 0 {
				reply |= 1 << d
			}
		}
	}
	if f.asked == 0 && (reply == 1 || reply == 2) {
		return OrientSYN, reply == 1
	}
	lead := minus(f.by[0].start, f.by[1].start)
	timely := f.seen == 3 && max(lead, -lead) > s.clock.step()
	begun := !s.how.Pieces || s.mark.ok && f.start > s.began.Add(s.gap)
	if f.tcp && f.known {
		begun = (f.flags[0]|f.flags[1])&SYN != 0
	}
	begun = begun && s.how.Silence // of a sample the first packets are rarely part
	if timely && begun {
		return OrientEarlier, lead > 0
	}
	ports := r.SrcPort != r.DstPort
	if ports {
		if a, b := serviceRank(r.Proto, r.SrcPort), serviceRank(r.Proto, r.DstPort); a != b {
			return OrientService, a > b
		}
	}
	if r.SrcPort|r.DstPort != 0 {
		a, b := s.peers.count(&r.Src, r.SrcPort, r.Proto), s.peers.count(&r.Dst, r.DstPort, r.Proto)
		if max(a, b) >= popular && max(a, b) > 2*min(a, b) {
			return OrientPopularity, a > b
		}
	}
	switch {
	case timely: // perhaps under way before the input began: better than nothing
		return OrientEarlier, lead > 0
	case ports:
		return OrientPort, r.SrcPort < r.DstPort
	}
	return OrientGuess, false
}

// toMany reports whether a is a multicast address or the limited broadcast.
func toMany(a *Addr) bool {
	if a.Is4() {
		v := a.Uint32()
		return v>>28 == 0xe || v == 0xffffffff
	}
	return a[0] == 0xff && !a.Is4In6()
}
