package detectors

import "seine/flow"

// Accused is the host that an alert says is up to something: the source of a
// pair, or the one address it is about, unless that is the victim.
func (a *Alert) Accused() (flow.Addr, bool) {
	s := &a.Subject
	switch {
	case s.Has&SubjectIP != 0:
		return s.IP, !a.onVictim()
	case s.Has&SubjectPair != 0:
		return s.Src, true
	}
	return flow.Addr{}, false
}

// Target is the host at the other end of what an alert tells: the destination
// of a pair, or the one address it is about where that is the victim. It need
// not be a victim: who calls home has his home for a target.
func (a *Alert) Target() (flow.Addr, bool) {
	s := &a.Subject
	switch {
	case s.Has&SubjectIP != 0:
		return s.IP, a.onVictim()
	case s.Has&SubjectPair != 0:
		return s.Dst, s.Dst != s.Src
	}
	return flow.Addr{}, false
}

// onVictim reports whether the one address of the subject is the victim.
func (a *Alert) onVictim() bool {
	return a.Subject.Role == RoleDst && (a.Rule == nil || !a.Rule.Accuses)
}
